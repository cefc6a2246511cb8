/** How a sidecar logs in to NATS: one way, or none. */
import { resolve } from 'node:path';
import type { Broken } from './broken.ts';
import type { Fields } from './fields.ts';
import type { NatsChangelogConfig } from './nats-config.ts';
import type { SoundFields } from './sound-fields.ts';
import { clientTlsOf } from './tls-fields.ts';

type NatsFields = Extract<NonNullable<Fields['changelog']>, { kind: 'nats' }>;
type Place = Pick<NatsChangelogConfig, 'inboxPrefix' | 'domain' | 'edgesFile'>;
type Login = Pick<NatsChangelogConfig, 'credentials' | 'nkey' | 'token' | 'user' | 'password'>;

export function loginOf(fields: NatsFields, folder: string): Login {
  const { credentials, nkey, token, user, password } = fields;
  if (credentials !== undefined) return { credentials: resolve(folder, credentials) };
  if (nkey !== undefined) return { nkey: resolve(folder, nkey) };
  if (token !== undefined) return { token };
  return user === undefined || password === undefined ? {} : { user, password };
}

/** `tls://` alone asks for TLS, by the authorities that Node brings. */
export function natsTlsOf({ servers, tls }: NatsFields, folder: string): Pick<NatsChangelogConfig, 'tls'> {
  if (tls !== undefined) return { tls: clientTlsOf(tls, folder) };
  return servers.some((server) => server.startsWith('tls:')) ? { tls: {} } : {};
}

/** Where in NATS it asks and is answered, and what it lets edges follow. */
export function natsPlaceOf({ inbox_prefix: inboxPrefix, domain, edges }: NatsFields, folder: string): Place {
  return {
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(domain === undefined ? {} : { domain }),
    ...(edges === undefined ? {} : { edgesFile: resolve(folder, edges) }),
  };
}

export const NATS_LOGIN_RULE =
  'NATS is logged in to in one way: with `credentials`, with `nkey`, with `token`, or with `user` and `password`.';

export function brokenLogin({ changelog }: SoundFields): Broken[] {
  if (changelog?.kind !== 'nats') return [];
  const { credentials, nkey, token, user, password } = changelog;
  const ways = Object.entries({ credentials, nkey, token, user: user ?? password }).flatMap(
    ([name, value]) => (value === undefined ? [] : [name]),
  );
  const path = ['changelog', 'nats'];
  const allowed = 'one of credentials, nkey, token, or user and password; or none';
  if (ways.length > 1)
    return [{ path, message: `there are ${ways.length} ways to log in: ${ways.join(', ')}`, allowed }];
  return (user === undefined) === (password === undefined)
    ? []
    : [{ path, message: 'user and password go together', allowed }];
}
