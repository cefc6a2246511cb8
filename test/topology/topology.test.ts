import { expect, test } from 'vitest';
import { TOPOLOGY_EXAMPLE } from '../../scripts/gen-topology.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { variableOf } from '../../src/topology/login.ts';
import { exceeds, grantsOf, isUnlimited, parseTopology, refusal } from '../../src/topology/topology.ts';

const A = '01J0000000000000000000000A';
const B = '01J0000000000000000000000B';

function problemsOf(yaml: string): string[] {
  try {
    parseTopology(yaml);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const HUB = 'hub: { servers: [ { name: one, leafnodes: 0.0.0.0:7422 } ] }';

test('every mistake of a topology is listed at once, with its place', () => {
  const problems = problemsOf(`
hub: { servers: [ { name: one, client: nowhere } ], cluter: x }
edges: [ { id: tokyo.1, products: [] } ]
leaves: [ { name: site, nkey: secret } ]
`);
  expect(problems).toEqual([
    expect.stringMatching(/^hub\.servers\[0\]\.client: /),
    expect.stringMatching(/^hub\.cluter: /),
    expect.stringMatching(/^edges\[0\]\.id: /),
    expect.stringMatching(/^edges\[0\]\.products: /),
    expect.stringMatching(/^leaves\[0\]\.nkey: /),
  ]);
});

test.each([
  [
    'two logins of one name',
    `${HUB}\ncentrals: [ { user: x } ]\nreaders: [ { user: x } ]`,
    /readers\[0\]\.user: .*already a login/,
  ],
  [
    'two logins of one environment variable',
    `${HUB}\ncentrals: [ { user: a-b } ]\nreaders: [ { user: a_b } ]`,
    /readers\[0\]\.user: .*already/,
  ],
  [
    'a login like that of a leaf node',
    `${HUB}\nleaves: [ { name: x } ]\nreaders: [ { user: leaf-x } ]`,
    /leaves\[0\]\.name: .*already a login/,
  ],
  [
    'an edge at the hub whose account would be that of a leaf node',
    `${HUB}\nproducts: [ { id: p, stores: [ ${A} ] } ]\nedges: [ { id: x, products: [ p ] } ]\nleaves: [ { name: x } ]`,
    /leaves\[0\]\.name: .*already an account/,
  ],
  [
    'the account of nats-server for its sidecars',
    `account: SYS\n${HUB}\ncentrals: [ { user: x } ]`,
    /account: .*already an account.*SYS/,
  ],
  [
    'a hub whose JetStream would answer what edges ask of the main account',
    'hub: { domain: rsfga, servers: [ { name: one } ] }',
    /hub\.domain: .*rsfga/,
  ],
  [
    'a leaf node whose JetStream would answer what edges ask of the main account',
    `${HUB}\nleaves: [ { name: rsfga, jetstream: {} } ]`,
    /leaves\[0\]\.name: .*rsfga/,
  ],
  ['a stream that would be a bucket, with the rights of its writers', `stream: OBJ_X\n${HUB}`, /stream: /],
  [
    'the lease of the centrals for its products',
    `products_bucket: RSFGA_CHANGES_LEASE\n${HUB}`,
    /products_bucket: .*lease/,
  ],
  [
    'a path that would not end where it ends',
    'hub: { store_dir: "/data\\\\", servers: [ { name: one } ] }',
    /hub\.store_dir: /,
  ],
  [
    'two servers of one name',
    'hub: { servers: [ { name: x, cluster: 0.0.0.0:1 }, { name: x, cluster: 0.0.0.0:2 } ] }',
    /hub\.servers\[1\]\.name: .*already a server/,
  ],
  [
    'several servers that cannot find each other',
    'hub: { servers: [ { name: x }, { name: y, cluster: 0.0.0.0:2 } ] }',
    /hub\.servers\[0\]: cluster is missing/,
  ],
  [
    'leaf nodes that nobody listens for',
    'hub: { servers: [ { name: x } ] }\nleaves: [ { name: y } ]',
    /hub\.servers\[0\]: leafnodes is missing/,
  ],
  [
    'a leaf node that cannot check the hub',
    'hub: { tls: { cert: c, key: k }, servers: [ { name: x, leafnodes: 0.0.0.0:1 } ] }\nleaves: [ { name: y } ]',
    /leaves\[0\]: hub_ca is missing/,
  ],
  [
    'an unknown product',
    `${HUB}\nedges: [ { id: e, products: [ p ] } ]`,
    /edges\[0\]\.products\[0\]: there is no product "p"/,
  ],
  [
    'an unknown leaf node',
    `${HUB}\nproducts: [ { id: p, stores: [ ${A} ] } ]\nedges: [ { id: e, products: [ p ], at: away } ]`,
    /edges\[0\]\.at: there is no leaf node "away"/,
  ],
  [
    'a store twice',
    `${HUB}\nproducts: [ { id: p, stores: [ ${A} ] }, { id: q, stores: [ "*" ] } ]\nedges: [ { id: e, products: [ p, q ] } ]`,
    /edges\[0\]\.products: a store stands in two/,
  ],
  [
    'a star beside stores',
    `${HUB}\nproducts: [ { id: p, stores: [ "*", ${A} ] } ]`,
    /products\[0\]\.stores: "\*" stands beside/,
  ],
  [
    'a bucket that tells an edge of stores that are not for it',
    `${HUB}\nproducts: [ { id: p, stores: [ ${A} ] }, { id: q, stores: [ ${A} ], object_types: [ document ] } ]\nedges: [ { id: e, products: [ p ], snapshots: { write: yes } }, { id: f, products: [ q ], snapshots: {} } ]`,
    /edges\[1\]\.snapshots: it would read what e writes/,
  ],
])('a topology with %s is refused', (_what, yaml, message) => {
  expect(problemsOf(yaml)).toEqual([expect.stringMatching(message)]);
});

test("a key is one login's", () => {
  const nkey = `U${'A'.repeat(55)}`;
  const yaml = `${HUB}\ncentrals: [ { user: x, nkey: ${nkey} } ]\nleaves: [ { name: y, nkey: ${nkey} } ]`;
  expect(problemsOf(yaml)).toEqual([
    expect.stringMatching(/leaves\[0\]\.nkey: .*already a login with this nkey/),
  ]);
});

test('an edge may share a bucket of snapshots with those who write no more than it may follow', () => {
  const products = `products: [ { id: p, stores: [ ${A}, ${B} ] }, { id: q, stores: [ ${A} ], object_types: [ document ] } ]`;
  expect(
    problemsOf(
      `${HUB}\n${products}\nedges: [ { id: e, products: [ p ], snapshots: {} }, { id: f, products: [ q ], snapshots: { write: yes } } ]`,
    ),
  ).toEqual([]);
});

test('the example of the reference is a sound topology', () => {
  expect(problemsOf(TOPOLOGY_EXAMPLE)).toEqual([]);
});

test('a password is never read from the file: its variable is made from the login', () => {
  expect(['central', 'tokyo-1', '9-lives'].map(variableOf)).toEqual([
    'CENTRAL_NATS_PASSWORD',
    'TOKYO_1_NATS_PASSWORD',
    'USER_9_LIVES_NATS_PASSWORD',
  ]);
});

test('what an edge may follow is what its products say, and a refusal names what is beyond', () => {
  const topology = parseTopology(`
${HUB}
products: [ { id: p, stores: [ ${A} ] }, { id: q, stores: [ ${B} ], object_types: [ document, folder ] }, { id: all, stores: [ "*" ] } ]
edges: [ { id: both, products: [ p, q ] }, { id: any, products: [ all ] } ]`);
  const both = grantsOf(topology, 'both');
  expect(refusal(both, [{ storeId: A }, { storeId: B, objectTypes: ['folder'] }])).toBeUndefined();
  const byHand = { storeId: B, objectTypes: ['folder'], subjects: [`rsfga.changes.${B}.>`] };
  expect(refusal(both, [byHand])).toMatch(/no nats_subjects/);
  expect(refusal(both, [{ ...byHand, storeId: A, subjects: [`rsfga.changes.${A}.>`] }])).toBeUndefined();
  expect(refusal(both, [{ storeId: B }])).toMatch(/all object types of the store .*B, only document, folder/);
  expect(refusal(both, [{ storeId: B, objectTypes: ['folder', 'salary'] }])).toMatch(
    /the object types salary/,
  );
  expect(refusal(both, [{ storeId: A }, { storeId: '01J0000000000000000000000C' }])).toMatch(
    /does not give it the store .*C/,
  );
  expect(refusal(grantsOf(topology, 'stranger'), [{ storeId: A }])).toMatch(/does not give it the store/);
  expect(refusal(grantsOf(topology, 'any'), [{ storeId: B }])).toBeUndefined();
  expect([both, grantsOf(topology, 'any')].map(isUnlimited)).toEqual([false, true]);
});

test('a consumer is within what its edge may follow only with every one of its filters', () => {
  const topology = parseTopology(`
${HUB}
products: [ { id: p, stores: [ ${A} ] }, { id: q, stores: [ ${B} ], object_types: [ document ] }, { id: any, stores: [ "*" ], object_types: [ document ] }, { id: all, stores: [ "*" ] } ]
edges: [ { id: both, products: [ p, q ] }, { id: any, products: [ any ] }, { id: all, products: [ all ] } ]`);
  const within = (edge: string, ...tails: string[]) =>
    !exceeds(
      grantsOf(topology, edge),
      tails.map((tail) => `rsfga.changes.${tail}`),
    );
  expect(within('both', `${A}.>`, `${B}.write.document`, `${B}.tx.>`, `${B}.model.updated`)).toBe(true);
  expect(within('both', `${A}.*.document`)).toBe(true);
  for (const beyond of ['>', `${B}.>`, `${B}.*.document`, `${B}.write.*`, `${B}.delete.salary`, '*.tx.>'])
    expect([beyond, within('both', `${A}.>`, beyond)]).toEqual([beyond, false]);
  expect(within('any', `${A}.write.document`, `${B}.tx.>`)).toBe(true);
  expect(within('any', `${A}.>`)).toBe(false);
  expect(within('all', '>')).toBe(true);
  expect(within('stranger', `${A}.>`)).toBe(false);
});
