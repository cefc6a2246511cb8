/** The YAML of `tls` and `upstream.tls`: which PEM files stand for what, and the rules between them. */
import { resolve } from 'node:path';
import type * as z from 'zod';
import { group, path, text } from '../plugin/schema.ts';
import { CLIENT_TLS } from '../plugin/tls-files.ts';
import type { Broken, SoundFields } from './rules.ts';
import type { ClientTlsConfig, ListenersTls, ListenerTls, ServerTlsConfig } from './tls-config.ts';

function listener(name: string) {
  return group(`TLS on \`listen.${name}\`. Without it: clear text.`, {
    cert: path('The certificate, PEM; those between it and its CA follow it in the same file.'),
    key: path('Its private key, without a passphrase.'),
    client_ca: path(
      'Mutual TLS: only clients with a certificate of these authorities get in. Default: clients need none.',
    ).optional(),
  }).optional();
}

export const tlsField = group(
  'TLS on the listeners. The files are read again when they change, and on SIGHUP.',
  {
    http: listener('http'),
    grpc: listener('grpc'),
    admin: listener('admin'),
  },
).prefault({});

export function upstreamTls(more = '') {
  const says =
    'Certificates for the connections to it. They are always verified; where this stands, gRPC is TLS too.';
  return group(`${says}${more}`, {
    ...CLIENT_TLS,
    server_name: text(
      'The name that its certificate must bear, where that is not the host of the address.',
      'a DNS name',
      /^(?=.*[A-Za-z])[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/,
    ).optional(),
  }).optional();
}

type ListenersFields = z.output<typeof tlsField>;
type ClientFields = { readonly [Name in keyof typeof CLIENT_TLS]?: string | undefined };
type ServerFields = NonNullable<z.output<ReturnType<typeof upstreamTls>>>;

export function listenersTlsOf(fields: ListenersFields, folder: string): ListenersTls {
  const entries = Object.entries(fields).flatMap(([name, files]) =>
    files === undefined ? [] : [[name, listenerOf(files, folder)] as const],
  );
  return Object.fromEntries(entries);
}

function listenerOf(files: NonNullable<ListenersFields['http']>, folder: string): ListenerTls {
  return {
    cert: resolve(folder, files.cert),
    key: resolve(folder, files.key),
    ...(files.client_ca === undefined ? {} : { clientCa: resolve(folder, files.client_ca) }),
  };
}

export function clientTlsOf({ ca, cert, key }: ClientFields, folder: string): ClientTlsConfig {
  const files = Object.entries({ ca, cert, key });
  return Object.fromEntries(
    files.flatMap(([name, file]) => (file === undefined ? [] : [[name, resolve(folder, file)]])),
  );
}

export function serverTlsOf(fields: ServerFields, folder: string): ServerTlsConfig {
  const { server_name: serverName } = fields;
  return { ...clientTlsOf(fields, folder), ...(serverName === undefined ? {} : { serverName }) };
}

export const TLS_RULES = [
  'A `cert` and its `key` stand together, in `upstream.tls`, `upstream.primary.tls` and `changelog.nats.tls`.',
  '`tls.grpc` needs `listen.grpc`. `upstream.tls` needs an `https://` in `upstream.http`, or `upstream.grpc`; the same for `upstream.primary`.',
] as const;

export function brokenTls(fields: SoundFields): Broken[] {
  return [...pairs(fields), ...idleListener(fields), ...idleClients(fields)];
}

interface Placed {
  readonly path: readonly string[];
  readonly tls: ClientFields | undefined;
}

function clients({ upstream, changelog }: SoundFields): Placed[] {
  const server = typeof upstream === 'object' ? upstream : undefined;
  return [
    { path: ['upstream', 'tls'], tls: server?.tls },
    { path: ['upstream', 'primary', 'tls'], tls: server?.primary?.tls },
    { path: ['changelog', 'nats', 'tls'], tls: changelog?.kind === 'nats' ? changelog.tls : undefined },
  ];
}

function pairs(fields: SoundFields): Broken[] {
  return clients(fields).flatMap(({ path, tls }) => {
    if (tls === undefined || (tls.cert === undefined) === (tls.key === undefined)) return [];
    const missing = tls.cert === undefined ? 'cert' : 'key';
    return [{ path, message: `has no ${missing}`, allowed: 'cert and key together, or neither' }];
  });
}

function idleListener({ tls, listen }: SoundFields): Broken[] {
  if (tls?.grpc === undefined || listen === undefined || listen.grpc !== undefined) return [];
  const message = 'does nothing: there is no gRPC listener';
  return [{ path: ['tls', 'grpc'], message, allowed: 'tls.grpc together with listen.grpc' }];
}

/** Certificates for a connection in clear text are a mistake that would stay unseen. */
function idleClients({ upstream }: SoundFields): Broken[] {
  if (upstream === undefined || upstream === 'embedded') return [];
  const servers = [
    { path: ['upstream', 'tls'], server: upstream },
    { path: ['upstream', 'primary', 'tls'], server: upstream.primary },
  ];
  return servers.flatMap(({ path, server }) => {
    if (server?.tls === undefined || server.grpc !== undefined || server.http.startsWith('https:')) return [];
    const message = `does nothing: ${server.http} is clear text`;
    return [{ path, message, allowed: `https:// in ${path.slice(0, -1).join('.')}.http` }];
  });
}
