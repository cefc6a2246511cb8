/** PEM texts, checked before anything relies on them: what is wrong is said of one file, with what to do about it. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

export type PemName = 'cert' | 'key' | 'ca';

/** Sound and fitting together. */
export interface Pems {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** Wall clock, ms: of `cert`. */
  readonly validFromMs?: number;
  readonly expiresAtMs?: number;
}

export interface PemMistake {
  readonly file: PemName;
  /** One sentence without a full stop. Never holds a part of a key. */
  readonly message: string;
  readonly allowed: string;
}

export type PemTexts = Readonly<Partial<Record<PemName, string>>>;

/** The pems, or every mistake in them. */
export function checkPems(texts: PemTexts): Pems | readonly PemMistake[] {
  const certs = texts.cert === undefined ? [] : certificatesIn('cert', texts.cert);
  const cas = texts.ca === undefined ? [] : certificatesIn('ca', texts.ca);
  const key = texts.key === undefined ? undefined : keyIn(texts.key);
  const found = [certs, cas, key].flatMap((one) => (isMistake(one) ? [one] : []));
  if (found.length > 0 || isMistake(certs)) return found;
  const [leaf] = certs;
  const apart = leaf && key && !isMistake(key) ? mismatch(leaf, key) : undefined;
  const mistake = apart ?? refusedByTls(texts);
  if (mistake !== undefined) return [mistake];
  return { ...texts, ...(leaf === undefined ? {} : validity(leaf)) };
}

export function arePems(checked: Pems | readonly PemMistake[]): checked is Pems {
  return !Array.isArray(checked);
}

/** Why a sound certificate does not serve today; undefined when it does. */
export function untimely({ validFromMs, expiresAtMs }: Pems, nowMs: number): string | undefined {
  const day = (ms: number) => new Date(ms).toISOString();
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return `it expired at ${day(expiresAtMs)}`;
  if (validFromMs !== undefined && validFromMs > nowMs) return `it is valid only from ${day(validFromMs)}`;
  return undefined;
}

/** Those that stand in the text, the leaf first. */
export function certificatesIn(file: PemName, text: string): readonly X509Certificate[] | PemMistake {
  const blocks = text.match(/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [^-]+-----/g) ?? [];
  const allowed = 'certificates in PEM: -----BEGIN CERTIFICATE-----';
  if (blocks.length === 0) return { file, message: `the file holds ${whatElse(text)}`, allowed };
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return { file, message: 'the file holds a certificate that cannot be read', allowed };
  }
}

function whatElse(text: string): string {
  if (text.trim() === '') return 'nothing';
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return 'a private key and no certificate';
  return 'no certificate in PEM';
}

const PLAIN_KEY = 'a private key in PEM without a passphrase';

function keyIn(text: string): KeyObject | PemMistake {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m.test(text)) {
    const allowed = `${PLAIN_KEY}: openssl pkey -in the-key -out plain.key, readable by this user alone`;
    return { file: 'key', message: 'the key is encrypted', allowed };
  }
  try {
    return createPrivateKey(text);
  } catch {
    const what = /-----BEGIN CERTIFICATE-----/.test(text) ? 'a certificate and no key' : 'no key in PEM';
    return { file: 'key', message: `the file holds ${what} that can be read`, allowed: PLAIN_KEY };
  }
}

function mismatch(leaf: X509Certificate, key: KeyObject): PemMistake | undefined {
  if (leaf.checkPrivateKey(key)) return undefined;
  const allowed = 'the key of the first certificate in cert';
  return { file: 'key', message: 'the key does not belong to the certificate', allowed };
}

/** A key that is too short, a signature that is too weak. */
function refusedByTls({ cert, key, ca }: PemTexts): PemMistake | undefined {
  try {
    createSecureContext({ ...(cert && { cert }), ...(key && { key }), ...(ca && { ca }) });
    return undefined;
  } catch (error) {
    const code = error instanceof Error ? error.message.replace(/^error:[0-9A-F]+:/, '') : String(error);
    return { file: cert === undefined ? 'ca' : 'cert', message: `TLS refuses it: ${code}`, allowed: STRONG };
  }
}

const STRONG = 'a certificate with a key of 2048 bits (RSA) or 256 bits (EC) or more, signed with SHA-256';

function validity(leaf: X509Certificate): Pick<Pems, 'validFromMs' | 'expiresAtMs'> {
  return { validFromMs: Date.parse(leaf.validFrom), expiresAtMs: Date.parse(leaf.validTo) };
}

function isMistake(one: object | undefined): one is PemMistake {
  return one !== undefined && 'message' in one;
}
