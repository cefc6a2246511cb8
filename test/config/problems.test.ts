/** Every mistake at once, each with its place, the value, what is allowed and what was probably meant. */
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError, type Problem } from '../../src/config/problems.ts';

const EDGE = 'role: edge\nupstream: { http: http://127.0.0.1:18080 }\n';

function problems(text: string, env: Record<string, string> = {}): readonly Problem[] {
  try {
    parseConfig(text, { env });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function only(text: string, env: Record<string, string> = {}): Problem {
  const [first, ...more] = problems(text, env);
  expect(more).toEqual([]);
  if (first === undefined) throw new Error('no problem was found');
  return first;
}

test('mistakes of every kind are listed together, in reading order', () => {
  const text = `role: edgy
lisen: {}
listen: { admin: 0.0.0.0:8090 }
upstream: { http: http://127.0.0.1:18080/api, api_token: \${NOT_SET} }
products:
  - id: a
    stores: [ 01J0000000000000000000000A ]
    tier: lukewarm
  - id: b
    stores: [ 01J0000000000000000000000A ]
    tier: critical
    max_staleness: 10 seconds
`;
  expect(problems(text).map((p) => [p.path, p.line, p.column])).toEqual([
    ['role', 1, 7],
    ['lisen', 2, 1],
    ['listen.admin', 3, 18],
    ['upstream.http', 4, 19],
    ['upstream.api_token', 4, 58],
    ['products[0].tier', 8, 11],
    ['products[1].stores[0]', 10, 15],
    ['products[1].max_staleness', 12, 20],
  ]);
});

test.each([
  ['edge-id: x', 'edge_id'],
  ['edgeId: x', 'edge_id'],
  ['prodcuts: []', 'products'],
  ['consistancy: {}', 'consistency'],
])('%s is unknown, and the nearest key is named', (line, meant) => {
  expect(only(EDGE + line)).toMatchObject({ line: 3, column: 1, nearest: meant });
});

test('the nearest name is given at every depth, for words as well as for keys', () => {
  expect(only(`${EDGE}reconcile: { intervall: 1s }`)).toMatchObject({
    path: 'reconcile.intervall',
    nearest: 'interval',
  });
  expect(only(`${EDGE}default_tier: critcal`)).toMatchObject({ path: 'default_tier', nearest: 'critical' });
  expect(only(`${EDGE}store: { lmbd: {} }`)).toMatchObject({ path: 'store', nearest: 'lmdb' });
  expect(only(`${EDGE}store: { lmdb: { paht: x } }`)).toMatchObject({
    path: 'store.lmdb.paht',
    nearest: 'path',
  });
  expect(only('role: edge\nupstream: embeded')).toMatchObject({ path: 'upstream', nearest: 'embedded' });
});

test.each([
  'migration: {}',
  'kafka: {}',
  'dual: {}',
  'changelog: kafka',
  'changelog: { dual: {} }',
  'workers: 2',
])('%s is refused as not built yet', (line) => {
  const found = only(EDGE + line);
  expect(`${found.message} ${found.allowed ?? ''}`).toContain('not built yet in this version');
});

test('what is missing is named with its path and the place of its mapping', () => {
  expect(problems('role: edge\n')).toEqual([
    expect.objectContaining({ path: 'upstream', message: 'is missing' }),
  ]);
  expect(only(`${EDGE}changelog: { nats: {} }`)).toMatchObject({
    path: 'changelog.nats.servers',
    line: 3,
    message: 'is missing',
  });
  expect(only(`${EDGE}edge_id:`)).toMatchObject({ path: 'edge_id', line: 3, message: 'has no value' });
});

test.each([
  ['listen: { http: 8080 }', 'host:port'],
  ['listen: { http: "127.0.0.1:99999" }', 'host:port'],
  ['reconcile: { interval: 10 }', 'a number and a unit'],
  ['reconcile: { interval: 1ms }', 'from 50ms to 1h'],
  ['reconcile: { max_rps: 1.5 }', 'a whole number'],
  ['products: [ { id: a, stores: [], tier: cold } ]', 'at least one'],
  ['products: [ { id: a, stores: [ nope ], tier: cold } ]', 'a store id'],
  ['products: { id: a }', 'a list of products'],
  ['capture: yes please', 'a mapping with the keys'],
  ['changelog: memory\ncapture: { wait: for it }', 'one of published, none'],
  ['changelog: { nats: { servers: [ "nats://user:pass@h:1" ] } }', 'without a login'],
])('%s: what is allowed is said', (line, allowed) => {
  const found = problems(EDGE + line)[0];
  expect(found?.allowed).toContain(allowed);
});

test('an environment variable that is not set is named, and its field is not blamed twice', () => {
  expect(only(`${EDGE}workers: \${WORKERS}`)).toMatchObject({
    path: 'workers',
    message: 'the environment variable WORKERS is not set',
  });
  expect(only(`${EDGE}region: "\${A:-b}"`).message).toContain('is not understood');
});

test('no secret is ever shown, wherever it was put by mistake', () => {
  const said = [
    problems(`${EDGE}admin: hunter2-hunter2`),
    problems(`${EDGE}admin: { token: [ hunter2-hunter2 ] }`),
    problems(`${EDGE}admin: { tokn: hunter2-hunter2 }`),
    problems('role: edge\nupstream: { http: "http://user:hunter2-hunter2@h:1" }'),
    problems(`${EDGE}listen: { http: "\${SECRET}" }`, { SECRET: 'hunter2-hunter2' }),
    problems(`${EDGE}admin: { token: hunter2-hunter2 } hunter2-hunter2`),
    problems(`${EDGE}changelog: { nats: { servers: [ "nats://u:hunter2-hunter2@h:1" ] } }`),
  ];
  expect(said.every((list) => list.length > 0)).toBe(true);
  expect(JSON.stringify(said)).not.toContain('hunter2');
});

test('broken YAML is one mistake with its place, a key written twice does not hide the others', () => {
  expect(only('role: edge\nupstream: { http: x\nstore: }')).toMatchObject({
    message: expect.stringContaining('not YAML'),
  });
  expect(problems(`${EDGE}role: regional\nworkers: x`).map((p) => p.message)).toEqual([
    'the same key stands twice in this mapping',
    '"x" is not allowed',
  ]);
  expect(only(`${EDGE}---\nrole: edge`).message).toContain('only one YAML document');
});

test('hostile YAML is a mistake, not a crash', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}]`),
  ].join('\n');
  expect(problems(bomb).length).toBeGreaterThan(0);
  expect(problems('__proto__: { polluted: true }\nconstructor: 1\n').length).toBeGreaterThan(0);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  expect(problems('? [a, b]\n: c\nrole: edge').length).toBeGreaterThan(0);
  expect(problems('role: !!js/function x').length).toBeGreaterThan(0);
});

test('the text of the error is what an operator reads', () => {
  try {
    parseConfig(`${EDGE}reconcile: { intervall: 1s }\nworkers: 9`, { file: 'edge.yaml' });
    expect.unreachable();
  } catch (error) {
    expect(String(error)).toBe(`ConfigError: edge.yaml: 2 mistakes

  edge.yaml:3:14  reconcile.intervall
    unknown key "intervall"
    did you mean: interval

  edge.yaml:4:10  workers
    9 is not allowed
    allowed: 1 (more serving processes are not built yet in this version)`);
  }
});

test('a list without anything in it is called empty', () => {
  const text = `${EDGE}products: [ { id: a, stores: [ ], tier: critical } ]\n`;
  expect(only(text)).toMatchObject({
    path: 'products[0].stores',
    message: 'an empty list is not allowed',
    allowed: 'a list of store ids, at least one',
  });
});
