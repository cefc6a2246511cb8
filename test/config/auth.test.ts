import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';

const EDGE = 'role: edge\nupstream: { http: "http://h:1" }\n';

function auth(yaml: string) {
  return parseConfig(`${EDGE}auth: ${yaml}\n`).auth;
}

function paths(yaml: string): string[] {
  try {
    auth(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

test('without a word about it, everybody may ask as far as the upstream lets them', () => {
  expect(parseConfig(EDGE).auth).toEqual({ method: 'none', allowUnauthenticated: false });
  expect(auth('none')).toEqual({ method: 'none', allowUnauthenticated: false });
  expect(auth('{ allow_unauthenticated: true }')).toEqual({ method: 'none', allowUnauthenticated: true });
});

test('a key that is limited is not unlimited for standing in both lists', () => {
  const both = '{ method: preshared, keys: [ a, b ], limited: [ { key: b, products: [ p ] } ] }';
  expect(auth(both)).toEqual({
    method: 'preshared',
    keys: [{ secret: 'a' }, { secret: 'b', products: ['p'] }],
  });
});

test('an issuer is kept as it is spelled, since tokens are compared with it', () => {
  expect(auth('{ method: oidc, issuer: "https://ID.example.com/a/", audience: me }')).toMatchObject({
    issuer: 'https://ID.example.com/a/',
    audience: 'me',
    clientIdClaims: ['azp', 'client_id'],
  });
});

test.each([
  ['preshared', 'auth'],
  ['{ method: basic }', 'auth.method'],
  ['{ method: preshared }', 'auth.keys'],
  ['{ keys: [ a ] }', 'auth.keys'],
  ['{ method: preshared, keys: [ "" ] }', 'auth.keys[0]'],
  ['{ method: oidc, issuer: "https://i" }', 'auth.audience'],
  ['{ method: oidc, audience: a }', 'auth.issuer'],
  ['{ method: oidc, audience: a, issuer: id.example.com }', 'auth.issuer'],
  ['{ method: preshared, keys: [ a ], audience: b }', 'auth.audience'],
  ['{ limited: [ { key: a, products: [ p ] } ] }', 'auth.limited'],
  ['{ method: preshared, limited: [ { client: a, products: [ p ] } ] }', 'auth.limited[0]'],
  ['{ method: preshared, limited: [ { key: a } ] }', 'auth.limited[0].products'],
])('%s is refused at %s', (yaml, path) => {
  expect(paths(yaml)).toContain(path);
});

test('a key is never shown in an error', () => {
  try {
    auth('{ method: basic, keys: [ the-secret-key ], limited: the-other-key }');
    expect.unreachable();
  } catch (error) {
    expect(String(error)).not.toContain('the-secret-key');
    expect(JSON.stringify((error as ConfigError).problems)).not.toContain('the-secret-key');
  }
});
