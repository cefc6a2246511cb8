/** Rules between the fields of TLS. */
import type { Broken } from './broken.ts';
import type { SoundFields } from './sound-fields.ts';
import type { ClientFields } from './tls-fields.ts';

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
