/** Where a configuration names certificate files, and whether they are sound. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { ConfigError, type Problem } from '../config/problems.ts';
import type { ListenerTls } from '../config/tls-config.ts';
import { isCredentials, nkeySeedIn } from '../plugin/nats-secrets.ts';
import { arePems, checkPems, type PemName, type Pems, type PemTexts } from '../tls/pems.ts';

/** Files that are read and used together. */
export interface TlsPlace {
  /** Path in the YAML: `tls.http`. */
  readonly place: string;
  /** Absolute paths. */
  readonly files: readonly TlsFile[];
}

export interface TlsFile {
  readonly name: PemName;
  /** Path in the YAML: `tls.http.client_ca`. */
  readonly field: string;
  readonly path: string;
}

export const LISTENERS = ['http', 'grpc', 'admin'] as const;
export type ListenerName = (typeof LISTENERS)[number];

export function tlsPlaces({ tls, upstream, changelog, auth }: Config): readonly TlsPlace[] {
  const server = upstream === 'embedded' ? undefined : upstream;
  const primary = server?.primary;
  const nats = changelog.kind === 'nats' ? changelog.tls : undefined;
  return [
    ...LISTENERS.flatMap((name) => listenerPlace(`tls.${name}`, tls[name])),
    ...placeOf('upstream.tls', server?.tls),
    ...placeOf('upstream.primary.tls', primary?.tls),
    ...placeOf('changelog.nats.tls', nats),
    ...(auth.method === 'oidc' && auth.issuerCa !== undefined
      ? [{ place: ISSUER, files: [{ name: 'ca', field: ISSUER, path: auth.issuerCa } as const] }]
      : []),
  ];
}

export const ISSUER = 'auth.issuer_ca';

function listenerPlace(place: string, files: ListenerTls | undefined): TlsPlace[] {
  if (files === undefined) return [];
  const { cert, key, clientCa } = files;
  return placeOf(place, { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) }, 'client_ca');
}

function placeOf(place: string, files: PemTexts | undefined, ca = 'ca'): TlsPlace[] {
  const named = (['cert', 'key', 'ca'] as const).flatMap((name) => {
    const path = files?.[name];
    return path === undefined ? [] : [{ name, field: `${place}.${name === 'ca' ? ca : name}`, path }];
  });
  return named.length === 0 ? [] : [{ place, files: named }];
}

/** Of one file. Its path is for the operator at the terminal and for the log. */
export interface FileProblem extends Problem {
  readonly file: string;
}

/** The texts and what they hold, or what is wrong with each file. */
export type ReadPlace = { readonly texts: readonly string[]; readonly pems: Pems } | readonly FileProblem[];

export function readPlace(place: TlsPlace): ReadPlace {
  const texts: string[] = [];
  const missing = place.files.flatMap(({ field, path }) => {
    try {
      texts.push(readFileSync(path, 'utf8'));
      return [];
    } catch (error) {
      return [unreadable(field, path, error)];
    }
  });
  if (missing.length > 0) return missing;
  const checked = checkPlace(place, texts);
  return 'problems' in checked ? checked.problems : { texts, pems: checked.pems };
}

/** `texts` in the order of the place's files. */
export function checkPlace(
  { files }: TlsPlace,
  texts: readonly string[],
): { readonly pems: Pems } | { readonly problems: readonly FileProblem[] } {
  const checked = checkPems(Object.fromEntries(files.map(({ name }, i) => [name, texts[i] ?? ''])));
  if (arePems(checked)) return { pems: checked };
  const problems = checked.map(({ file, message, allowed }) => {
    const at = files.find(({ name }) => name === file);
    return { path: at?.field ?? '', message, allowed, file: at?.path ?? '' };
  });
  return { problems };
}

/** Throws ConfigError with every mistake in every file that the configuration names for TLS and logins. */
export function checkCertificates(config: Config): void {
  const places = tlsPlaces(config).flatMap((place) => {
    const read = readPlace(place);
    return 'pems' in read ? [] : read;
  });
  const problems = [...places, ...loginProblems(config)];
  if (problems.length > 0) throw certificateError(config, problems);
}

export function certificateError(config: Config, problems: readonly FileProblem[]): ConfigError {
  const named = problems.map(({ file, message, ...rest }) => ({ ...rest, message: `${message}: ${file}` }));
  return new ConfigError(config.file ?? 'config', named);
}

/** A login that can never work is a mistake in the configuration, not an outage. */
export function loginProblems({ changelog }: Config): readonly FileProblem[] {
  if (changelog.kind !== 'nats') return [];
  const { credentials, nkey } = changelog;
  return [
    ...loginProblem('changelog.nats.credentials', credentials, isCredentials, 'a .creds file of a NATS user'),
    ...loginProblem('changelog.nats.nkey', nkey, hasSeed, 'a file with the seed of a NATS user: SU…'),
  ];
}

const hasSeed = (text: string) => nkeySeedIn(text)?.startsWith('SU') === true;

function loginProblem(
  field: string,
  file: string | undefined,
  isSound: (text: string) => boolean,
  allowed: string,
): FileProblem[] {
  if (file === undefined) return [];
  try {
    if (isSound(readFileSync(file, 'utf8'))) return [];
    return [{ path: field, message: 'the file holds something else', allowed, file }];
  } catch (error) {
    return [unreadable(field, file, error)];
  }
}

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: [
    'there is no such file',
    'a file that is there; a relative path counts from the folder of the YAML',
  ],
  EACCES: ['this user may not read the file', 'a file that the user of the sidecar may read'],
  EISDIR: ['that is a folder', 'a file in PEM'],
};

export function unreadable(field: string, file: string, error: unknown): FileProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const [message, allowed] = REASONS[code] ?? [`the file cannot be read (${code})`, 'a file in PEM'];
  return { path: field, message, allowed, file };
}
