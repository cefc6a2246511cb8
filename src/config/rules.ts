/**
 * What no single field can see: rules between fields. They look at whatever fields are sound by themselves, so that
 * these mistakes are listed together with the others.
 */

import { AUTH_RULES, brokenAuth } from './auth-fields.ts';
import type { Broken } from './broken.ts';
import { valueAt } from './explain.ts';
import { brokenLogin, NATS_LOGIN_RULE } from './nats-login.ts';
import { brokenSubjects, SUBJECT_RULES } from './nats-subjects.ts';
import { PLUGIN_RULES } from './plugin-fields.ts';
import { brokenProducts } from './product-rules.ts';
import type { SoundFields } from './sound-fields.ts';
import { brokenTls, TLS_RULES } from './tls-rules.ts';

/** The same rules in words, for docs/reference/config.md. */
export const RULES = [
  'A store stands in one product, once; product ids differ. `"*"` stands alone in its product, and once.',
  'Products stand in `products` or in a `registry`, not in both. `registry: nats-kv` needs `changelog: nats`. A product with `regions` needs a `region`.',
  '`limits.request_timeout` is at least `limits.header_timeout`.',
  'With `on_stale: forward`, `max_offline` is at least `max_staleness`.',
  'The listeners have different addresses.',
  '`listen.grpc` needs `upstream.grpc`, and `upstream.primary.grpc` where `upstream.primary` is set. The embedded upstream has no gRPC.',
  '`upstream.http` is not the address that the sidecar itself listens on.',
  'An admin listener off loopback needs `admin.token`.',
  NATS_LOGIN_RULE,
  'A central sidecar names its change log, and whoever captures Writes has one that can be published to: not `upstream`.',
  ...SUBJECT_RULES,
  ...TLS_RULES,
  ...AUTH_RULES,
  ...PLUGIN_RULES,
] as const;

export function brokenRules(fields: SoundFields, raw: Readonly<Record<string, unknown>>): readonly Broken[] {
  return [
    ...brokenProducts(fields, raw),
    ...brokenSubjects(fields, logKind(fields, raw)),
    ...registry(fields, raw),
    ...regions(fields),
    ...timeouts(fields),
    ...listeners(fields),
    ...grpc(fields),
    ...ownUpstream(fields),
    ...adminToken(fields, raw),
    ...publishing(fields, raw),
    ...brokenLogin(fields),
    ...brokenTls(fields),
    ...brokenAuth(fields.auth),
  ];
}

function registry(fields: SoundFields, raw: Readonly<Record<string, unknown>>): Broken[] {
  if (fields.registry === undefined) return [];
  const twice = 'products' in raw;
  const message = 'products stand here and in the registry';
  const both = [{ path: ['products'], message, allowed: 'products or registry, not both' }];
  const log = logKind(fields, raw);
  const unheard = fields.registry.kind === 'nats-kv' && log !== undefined && log !== 'nats';
  const why = `the registry is in NATS, and the change log "${log}" is not`;
  const apart = [{ path: ['registry'], message: why, allowed: 'nats-kv together with changelog: nats' }];
  return [...(twice ? both : []), ...(unheard ? apart : [])];
}

/** Undefined: what stands there is wrong in itself. */
function logKind({ changelog }: SoundFields, raw: Readonly<Record<string, unknown>>) {
  return changelog?.kind ?? (raw.changelog === undefined ? 'upstream' : undefined);
}

function timeouts({ limits }: SoundFields): Broken[] {
  if (limits === undefined || limits.request_timeout >= limits.header_timeout) return [];
  const message = 'the whole request has less time than its headers';
  return [{ path: ['limits', 'request_timeout'], message, allowed: 'at least header_timeout' }];
}

/** Without a region the sidecar could not tell whether such a product is meant for it. */
function regions({ products = [], region, role }: SoundFields): Broken[] {
  if (region !== undefined || role === undefined || role === 'central') return [];
  return products.flatMap((product, i) => {
    if (product.regions === undefined) return [];
    const message = 'the product is for some regions, and this sidecar names none';
    return [{ path: ['products', i, 'regions'], message, allowed: 'regions together with the key region' }];
  });
}

function listeners({ listen }: SoundFields): Broken[] {
  const names = ['http', 'grpc', 'admin'] as const;
  const seen = new Map<string, string>();
  return names.flatMap((name) => {
    const at = listen?.[name];
    if (at === undefined || at.port === 0) return [];
    const other = seen.get(`${at.host}:${at.port}`);
    if (other === undefined) seen.set(`${at.host}:${at.port}`, name);
    return other === undefined
      ? []
      : [{ path: ['listen', name], message: `is the same address as listen.${other}` }];
  });
}

function grpc({ listen, upstream }: SoundFields): Broken[] {
  if (listen?.grpc === undefined || upstream === undefined) return [];
  const why = missingGrpc(upstream);
  if (why === undefined) return [];
  return [
    {
      path: ['listen', 'grpc'],
      message: `a gRPC port needs a server behind it, and ${why.text}`,
      allowed: why.allowed,
    },
  ];
}

function missingGrpc(
  upstream: NonNullable<SoundFields['upstream']>,
): { readonly text: string; readonly allowed: string } | undefined {
  const allowed = 'listen.grpc together with upstream.grpc, or neither';
  if (upstream === 'embedded') return { text: 'the embedded upstream has no gRPC', allowed };
  if (upstream.grpc === undefined) return { text: 'upstream.grpc is not set', allowed };
  if (upstream.primary === undefined || upstream.primary.grpc !== undefined) return undefined;
  return {
    text: 'upstream.primary.grpc is not set: Writes would have nowhere to go',
    allowed: 'listen.grpc together with upstream.grpc and upstream.primary.grpc',
  };
}

/** A sidecar that forwards to itself would turn one request into endless ones. */
function ownUpstream({ listen, upstream }: SoundFields): Broken[] {
  if (listen === undefined || upstream === undefined || upstream === 'embedded' || listen.http.port === 0)
    return [];
  const servers = [
    { path: ['upstream', 'http'], http: upstream.http },
    ...(upstream.primary ? [{ path: ['upstream', 'primary', 'http'], http: upstream.primary.http }] : []),
  ];
  return servers.flatMap(({ path, http }) => {
    const url = new URL(http);
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    const here = url.hostname === listen.http.host || (isLoopback(url.hostname) && isHere(listen.http.host));
    if (!here || port !== listen.http.port) return [];
    return [{ path, message: 'is the address that this sidecar listens on (listen.http)' }];
  });
}

function adminToken({ listen, admin }: SoundFields, raw: Readonly<Record<string, unknown>>): Broken[] {
  if (listen === undefined || admin === undefined || admin.token !== undefined) return [];
  if (isLoopback(listen.admin.host)) return [];
  const path = valueAt(raw, ['listen', 'admin']) === undefined ? ['listen'] : ['listen', 'admin'];
  const message = 'the admin listener can be reached from other machines, and admin.token is not set';
  return [
    { path, message, allowed: 'a loopback address such as 127.0.0.1:8090, or any address with admin.token' },
  ];
}

function publishing({ role, changelog }: SoundFields, raw: Readonly<Record<string, unknown>>): Broken[] {
  if (role === undefined) return [];
  const wanted = role === 'central' || 'capture' in raw;
  if (changelog === undefined && role === 'central' && raw.changelog === undefined) {
    return [
      { path: ['changelog'], message: 'is missing: a central sidecar publishes', allowed: 'nats or memory' },
    ];
  }
  const readOnly = changelog?.kind === 'upstream' || raw.changelog === undefined;
  if (!wanted || !readOnly) return [];
  const path = raw.changelog === undefined ? ['capture'] : ['changelog'];
  const message = 'capture publishes changes, and the change log "upstream" can only be followed';
  return [{ path, message, allowed: 'nats or memory, or no capture' }];
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isHere(host: string): boolean {
  return isLoopback(host) || host === '0.0.0.0' || host === '::';
}
