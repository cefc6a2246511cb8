/** Certificate authorities of a test, fresh each time: what is stored would expire. Nothing here outlives the test process. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './children.ts';
import { bits, boolean, implicit, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.ts';

export interface Pair {
  /** Paths. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Path of its certificate. */
  readonly ca: string;
  /** One more pair, for this machine (`localhost`, 127.0.0.1). Its key: P-256, unless another pair of keys is given. */
  issue(name: string, keys?: Keys): Pair;
}

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const DAY_MS = 86_400_000;
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const HERE = sequence(implicit(2, Buffer.from('localhost')), implicit(7, Buffer.from([127, 0, 0, 1])));

export function certificateAuthority(name: string): Authority {
  const folder = temporaryFolder(`ca-${name}`);
  const own = newKeys();
  let serial = 1;
  const certificate = (subject: string, publicKey: KeyObject, extension: Buffer) =>
    signed({ issuer: name, subject, publicKey, serial: serial++, extension }, own.privateKey);
  const isAuthority = extensionOf('2.5.29.19', sequence(boolean(true)), true);
  const ca = join(folder, 'ca.crt');
  writeFileSync(ca, certificate(name, own.publicKey, isAuthority));
  return {
    ca,
    issue(subject, { publicKey, privateKey } = newKeys()) {
      const base = join(folder, `${serial}-${subject}`);
      const [cert, key] = [`${base}.crt`, `${base}.key`];
      writeFileSync(cert, certificate(subject, publicKey, extensionOf('2.5.29.17', HERE, false)));
      writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
      return { cert, key };
    },
  };
}

function newKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface Naming {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly serial: number;
  readonly extension: Buffer;
}

/** RFC 5280, version 3, in PEM; valid from yesterday for three days. */
function signed({ issuer, subject, publicKey, serial, extension }: Naming, by: KeyObject): string {
  const now = Date.now();
  const body = sequence(
    tagged(0, integer(2)),
    integer(serial),
    ECDSA_SHA256,
    nameOf(issuer),
    sequence(time(now - DAY_MS), time(now + 2 * DAY_MS)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(extension)),
  );
  const der = sequence(body, ECDSA_SHA256, bits(sign('sha256', body, by)));
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function nameOf(common: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(common))));
}

function extensionOf(id: string, value: Buffer, critical: boolean): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

/** A file put in the place of another at once, as those who renew certificates do it. */
export function replaceFile(path: string, by: string): void {
  copyFileSync(by, `${path}.new`);
  renameSync(`${path}.new`, path);
}

/** A copy of its own of a pair, to be renewed. */
export function copyOf({ cert, key }: Pair): Pair {
  const folder = temporaryFolder('pair');
  const copy = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  copyFileSync(cert, copy.cert);
  copyFileSync(key, copy.key);
  return copy;
}

export function pem(path: string): string {
  return readFileSync(path, 'utf8');
}
