/** The YAML of certificates and of the login to NATS: what it comes to, and which mistakes are named. */
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';

const EDGE = 'role: edge\n';
const PLAIN = `${EDGE}upstream: { http: http://127.0.0.1:18080 }\n`;
const parse = (text: string) => parseConfig(text, { file: '/etc/rsfga/edge.yaml' });

function complaint(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => `${p.path}: ${p.message}`).join('; ');
    throw error;
  }
  return 'none';
}

test('paths count from the folder of the YAML', () => {
  const { tls } = parse(
    `${PLAIN}tls: { http: { cert: ./edge.crt, key: keys/edge.key, client_ca: /ca.crt } }`,
  );
  const http = { cert: '/etc/rsfga/edge.crt', key: '/etc/rsfga/keys/edge.key', clientCa: '/ca.crt' };
  expect(tls).toEqual({ http });
  expect(parse(PLAIN).tls).toEqual({});
});

test('a primary has the certificates of the upstream unless it has its own, never its name', () => {
  const upstream = (primary: string) =>
    parse(
      `${EDGE}upstream: { http: https://a, tls: { ca: ca, server_name: replica }, primary: { ${primary} } }`,
    ).upstream;
  const own = { serverName: 'main' };
  expect(upstream('http: https://b')).toMatchObject({
    tls: { ca: '/etc/rsfga/ca', serverName: 'replica' },
    primary: { tls: { ca: '/etc/rsfga/ca' } },
  });
  expect(JSON.stringify(upstream('http: https://b')).match(/replica/g)).toHaveLength(1);
  expect(upstream('http: https://b, tls: { server_name: main }')).toMatchObject({ primary: { tls: own } });
  expect(upstream('http: http://b')).toEqual(expect.objectContaining({ primary: { http: 'http://b' } }));
});

test('tls:// asks for TLS, and so does a tls section', () => {
  const nats = (text: string) => parse(`${PLAIN}changelog: { nats: { ${text} } }`).changelog;
  expect(nats('servers: [ tls://h:1 ]')).toMatchObject({ tls: {} });
  expect(nats('servers: [ nats://h:1 ], tls: { ca: ca }')).toMatchObject({ tls: { ca: '/etc/rsfga/ca' } });
  expect(nats('servers: [ nats://h:1 ]')).not.toHaveProperty('tls');
});

test.each([
  ['nkey: user.nk', { nkey: '/etc/rsfga/user.nk' }],
  ['token: t0ken', { token: 't0ken' }],
  ['credentials: edge.creds', { credentials: '/etc/rsfga/edge.creds' }],
  ['user: u, password: p', { user: 'u', password: 'p' }],
])('NATS is logged in to with %s', (login, comesTo) => {
  const { changelog } = parse(`${PLAIN}changelog: { nats: { servers: [ nats://h:1 ], ${login} } }`);
  const { kind, servers, stream, replicas, ...rest } = changelog as unknown as Record<string, unknown>;
  expect([kind, servers, stream, replicas]).toEqual(['nats', ['nats://h:1'], 'RSFGA_CHANGES', 1]);
  expect(rest).toEqual(comesTo);
});

test.each([
  [
    'changelog: { nats: { servers: [ nats://h:1 ], nkey: a, token: b } }',
    'changelog.nats: there are 2 ways to log in: nkey, token',
  ],
  [
    'changelog: { nats: { servers: [ nats://h:1 ], credentials: a, user: u, password: p } }',
    'changelog.nats: there are 2 ways to log in: credentials, user',
  ],
  [
    'changelog: { nats: { servers: [ nats://h:1 ], user: u } }',
    'changelog.nats: user and password go together',
  ],
  ['changelog: { nats: { servers: [ nats://h:1 ], tls: { cert: a } } }', 'changelog.nats.tls: has no key'],
  [
    'changelog: { nats: { servers: [ "tls://u:p@h:1" ] } }',
    'changelog.nats.servers[0]: "tls://***@h:1" is not allowed',
  ],
  ['tls: { http: { cert: a } }', 'tls.http.key: is missing'],
  ['tls: { htpt: {} }', 'tls.htpt: unknown key "htpt"'],
  ['tls: { grpc: { cert: a, key: b } }', 'tls.grpc: does nothing: there is no gRPC listener'],
  [
    'auth: { method: preshared, keys: [ k ], issuer_ca: ca }',
    'auth.issuer_ca: does nothing with method preshared',
  ],
])('%s is a mistake', (line, said) => {
  expect(complaint(PLAIN + line)).toBe(said);
});

test.each([
  ['{ http: http://h:1, tls: {} }', 'upstream.tls: does nothing: http://h:1 is clear text'],
  ['{ http: https://h:1, tls: { key: k } }', 'upstream.tls: has no cert'],
  [
    '{ http: https://h:1, tls: { server_name: 127.0.0.1 } }',
    'upstream.tls.server_name: "127.0.0.1" is not allowed',
  ],
  [
    '{ http: https://h:1, primary: { http: http://h:2, tls: {} } }',
    'upstream.primary.tls: does nothing: http://h:2 is clear text',
  ],
  ['{ http: http://h:1, grpc: "h:2", tls: {} }', 'none'],
])('upstream: %s', (upstream, said) => {
  expect(complaint(`${EDGE}upstream: ${upstream}`)).toBe(said);
});
