/** The YAML of `auth`: how callers prove who they are, by the same rules as the upstream's own. */
import { resolve } from 'node:path';
import type * as z from 'zod';
import { group, list, oneOf, path, secret, text, wordOr, yesNo } from '../plugin/schema.ts';
import type { Broken } from './broken.ts';
import type { AuthConfig } from './config.ts';

const nonEmpty = (says: string, expected: string) => text(says, expected, /^.{1,2048}$/s);
const PRODUCT_ID = /^[A-Za-z0-9._-]{1,64}$/;

const limited = group('A key or a client that may ask about some products only.', {
  key: secret('A preshared key (method `preshared`).').optional(),
  client: nonEmpty('A client id, as the token names it (method `oidc`).', 'a client id').optional(),
  products: list(
    'Ids of the products that it may ask about.',
    text('A product id.', 'the id of a product', PRODUCT_ID),
    'a list of product ids',
  ),
});

const auth = group('How callers prove who they are.', {
  method: oneOf(
    "`none`: everybody who reaches the port may ask, as long as the upstream says so too; `preshared`: by a key; `oidc`: by an issuer's token.",
    ['none', 'preshared', 'oidc'],
  ).prefault('none'),
  keys: list(
    'Preshared keys: those of the upstream.',
    secret('One key.'),
    'a list of keys, best taken from the environment',
  ).prefault([]),
  issuer: text(
    "The issuer's URL, as its tokens spell it; its keys are found from it, as the upstream finds them.",
    'a URL such as https://id.example.com/',
    /^https?:\/\/\S{1,2048}$/,
  ).optional(),
  issuer_ca: path(
    'Certificates that an https issuer may be vouched for by. Default: those that Node brings.',
  ).optional(),
  issuer_aliases: list(
    'Further names that the issuer uses in its tokens.',
    nonEmpty('One name.', 'an issuer as tokens name it'),
  ).prefault([]),
  audience: nonEmpty('What tokens must be made out for.', 'an audience').optional(),
  subjects: list('Subjects that may ask. Empty: all.', nonEmpty('One subject.', 'a subject')).prefault([]),
  client_id_claims: list(
    'Claims that may name the client; the first one that a token has counts.',
    nonEmpty('One claim.', 'the name of a claim'),
  ).prefault(['azp', 'client_id']),
  limited: list(
    'Keys or clients that may ask about some products only; a key here need not stand in `keys`.',
    limited,
  ).prefault([]),
  allow_unauthenticated: yesNo(
    'With `none`: answer here although the upstream asks for credentials. Whoever reaches the port may then read everything.',
  ).prefault(false),
});

/** The bare word `none`, or the mapping. */
export const authField = wordOr('Who may ask.', 'none', auth).prefault('none');

type AuthFields = z.output<typeof authField>;

/** Relative paths count from `folder`. */
export function authOf(fields: AuthFields, folder: string): AuthConfig {
  if (fields === 'none') return { method: 'none', allowUnauthenticated: false };
  switch (fields.method) {
    case 'none':
      return { method: 'none', allowUnauthenticated: fields.allow_unauthenticated };
    case 'preshared':
      return { method: 'preshared', keys: keysOf(fields) };
    case 'oidc':
      return {
        method: 'oidc',
        issuer: fields.issuer ?? '',
        ...(fields.issuer_ca === undefined ? {} : { issuerCa: resolve(folder, fields.issuer_ca) }),
        issuerAliases: fields.issuer_aliases,
        audience: fields.audience ?? '',
        subjects: fields.subjects,
        clientIdClaims: fields.client_id_claims,
        clients: fields.limited.map(({ client = '', products }) => ({ client, products })),
      };
  }
}

type Mapping = Exclude<AuthFields, 'none'>;

function keysOf({ keys, limited: some }: Mapping) {
  const bounded = new Set(some.map(({ key }) => key));
  return [
    ...keys.filter((key) => !bounded.has(key)).map((secret) => ({ secret })),
    ...some.map(({ key: secret = '', products }) => ({ secret, products })),
  ];
}

export const AUTH_RULES = [
  '`auth.method: preshared` needs a key; `auth.method: oidc` needs `issuer` and `audience`; keys go with `preshared`, issuers with `oidc`.',
  'Each of `auth.limited` has a `key` with `preshared`, a `client` with `oidc`.',
] as const;

export function brokenAuth(fields: AuthFields | undefined): Broken[] {
  if (fields === undefined || fields === 'none') return [];
  return [...missing(fields), ...foreign(fields), ...wrongLimits(fields)];
}

function missing({ method, keys, limited: some, issuer, audience }: Mapping): Broken[] {
  if (method === 'preshared' && keys.length + some.length === 0) {
    return [{ path: ['auth', 'keys'], message: 'method preshared has no keys', allowed: 'at least one key' }];
  }
  if (method !== 'oidc') return [];
  const wanted = { issuer, audience };
  return Object.entries(wanted).flatMap(([name, value]) =>
    value === undefined
      ? [{ path: ['auth', name], message: `method oidc has no ${name}`, allowed: `auth.${name}` }]
      : [],
  );
}

/** A key beside `method: none` is a lock that nobody turned. */
function foreign({ method, keys, issuer, issuer_ca, audience }: Mapping): Broken[] {
  const set = {
    keys: keys.length > 0,
    issuer: issuer !== undefined,
    issuer_ca: issuer_ca !== undefined,
    audience: audience !== undefined,
  };
  const owner = { keys: 'preshared', issuer: 'oidc', issuer_ca: 'oidc', audience: 'oidc' } as const;
  return (Object.keys(set) as (keyof typeof set)[])
    .filter((name) => set[name] && owner[name] !== method)
    .map((name) => ({
      path: ['auth', name],
      message: `does nothing with method ${method}`,
      allowed: `method: ${owner[name]}, or no ${name}`,
    }));
}

function wrongLimits({ method, limited: some }: Mapping): Broken[] {
  const wanted = method === 'preshared' ? 'key' : 'client';
  if (method === 'none' && some.length > 0)
    return [{ path: ['auth', 'limited'], message: 'does nothing with method none' }];
  return some.flatMap((one, i) => {
    const other = wanted === 'key' ? one.client : one.key;
    if (one[wanted] !== undefined && other === undefined) return [];
    const message = `with method ${method} this names callers by ${wanted}`;
    return [{ path: ['auth', 'limited', i], message, allowed: `${wanted} and products` }];
  });
}
