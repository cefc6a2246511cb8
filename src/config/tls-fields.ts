/** The YAML of `tls` and `upstream.tls`: which PEM files stand for what, and the rules between them. */

import { resolve } from 'node:path';
import type * as z from 'zod';
import { group, path, text } from '../plugin/schema.ts';
import { CLIENT_TLS } from '../plugin/tls-files.ts';
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
export type ClientFields = { readonly [Name in keyof typeof CLIENT_TLS]?: string | undefined };
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
