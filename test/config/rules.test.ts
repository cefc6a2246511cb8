/** Mistakes between fields. Each line is a file that is sound field by field. */
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { RULES } from '../../src/config/rules.ts';

const A = '01J0000000000000000000000A';
const UP = 'upstream: { http: http://10.0.0.1:8080, grpc: 10.0.0.1:8081 }';

const NATS = 'changelog: { nats: { servers: [ nats://10.0.0.1:4222 ] } }';
const HOT = '{ hot: { object_types: [ document ] } }';

/** An edge with one product whose subjects are made by hand. */
function byHand(subjects: string, tier = HOT, log = NATS): string {
  const product = `{ id: a, stores: [ ${A} ], tier: ${tier}, nats_subjects: [ ${subjects} ] }`;
  return `role: edge\n${UP}\n${log}\nproducts: [ ${product} ]`;
}

const BROKEN: readonly [string, string][] = [
  ['products[0].nats_subjects', byHand('"rsfga.changes.>"', HOT, '')],
  ['products[0].nats_subjects', byHand('"rsfga.changes.>"', 'warm')],
  ['products[0].nats_subjects', byHand('"rsfga.changes.>"', 'cold')],
  ['products[0].nats_subjects', byHand(`rsfga.changes.${A}.*.folder`)],
  ['products[0].nats_subjects', byHand(`rsfga.changes.${A}.*.document`, 'critical')],
  ['products[0].nats_subjects[1]', byHand(`rsfga.changes.${A}.*.document, "rsfga.changes.${A}.{a,b}.*"`)],
  ['products[0].nats_subjects', byHand('')],
  [
    'products[1].stores[0]',
    `role: edge\n${UP}\nproducts: [ { id: a, stores: [ ${A} ], tier: cold }, { id: b, stores: [ ${A} ], tier: cold } ]`,
  ],
  ['products[0].stores[1]', `role: edge\n${UP}\nproducts: [ { id: a, stores: [ ${A}, ${A} ], tier: cold } ]`],
  [
    'products[1].stores[0]',
    `role: edge\n${UP}\nproducts: [ { id: a, stores: [ "*" ], tier: cold }, { id: b, stores: [ "*" ], tier: cold } ]`,
  ],
  ['products[0].stores[1]', `role: edge\n${UP}\nproducts: [ { id: a, stores: [ ${A}, "*" ], tier: cold } ]`],
  [
    'products[1].id',
    `role: edge\n${UP}\nproducts: [ { id: a, stores: [ ${A} ], tier: cold }, { id: a, stores: [ "*" ], tier: cold } ]`,
  ],
  [
    'products[0].max_offline',
    `role: edge\n${UP}\nproducts: [ { id: a, stores: [ "*" ], tier: cold, max_staleness: 2h } ]`,
  ],
  ['listen.admin', `role: edge\n${UP}\nlisten: { http: "127.0.0.1:8090" }`],
  ['listen.grpc', `role: edge\nupstream: { http: http://10.0.0.1:8080 }\nlisten: { grpc: "127.0.0.1:8081" }`],
  ['listen.grpc', `role: edge\nupstream: embedded\nlisten: { grpc: "127.0.0.1:8081" }`],
  [
    'listen.grpc',
    'role: edge\nupstream: { http: "http://10.0.0.1:1", grpc: "10.0.0.1:2", primary: { http: "http://10.0.0.2:1" } }\nlisten: { grpc: "127.0.0.1:8081" }',
  ],
  ['upstream.http', 'role: edge\nupstream: { http: "http://localhost:8080" }'],
  [
    'upstream.http',
    'role: edge\nupstream: { http: "http://127.0.0.1:8080" }\nlisten: { http: "0.0.0.0:8080" }',
  ],
  [
    'upstream.primary.http',
    'role: edge\nupstream: { http: "http://10.0.0.1:1", primary: { http: "http://127.0.0.1:8080" } }',
  ],
  ['listen.admin', `role: edge\n${UP}\nlisten: { admin: "0.0.0.0:8090" }`],
  ['listen.admin', `role: edge\n${UP}\nlisten: { admin: "[::]:8090" }`],
  ['changelog', `role: central\n${UP}`],
  ['changelog', `role: central\n${UP}\nchangelog: upstream`],
  ['changelog', `role: edge\n${UP}\nchangelog: upstream\ncapture: {}`],
  ['changelog.nats', `role: edge\n${UP}\nchangelog: { nats: { servers: [ nats://h:1 ], user: u } }`],
  [
    'changelog.nats',
    `role: edge\n${UP}\nchangelog: { nats: { servers: [ nats://h:1 ], user: u, password: p, credentials: c } }`,
  ],
  ['capture', `role: edge\n${UP}\ncapture: {}`],
];

test.each(BROKEN)('%s is blamed in %j', (path, text) => {
  try {
    parseConfig(text);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems.map((problem) => problem.path)).toEqual([path]);
    expect(error.problems[0]?.line).toBeGreaterThan(0);
  }
});

test('what the rules allow is accepted', () => {
  const sound = [
    `role: edge\n${UP}\nlisten: { http: "127.0.0.1:0", grpc: "127.0.0.1:0", admin: "127.0.0.1:0" }`,
    `role: edge\n${UP}\nlisten: { admin: "0.0.0.0:8090" }\nadmin: { token: a-token }`,
    `role: edge\n${UP}\nlisten: { admin: "localhost:8090" }`,
    `role: edge\n${UP}\nproducts: [ { id: a, stores: [ "*" ], tier: cold, max_staleness: 2h, on_stale: deny } ]`,
    'role: central\nupstream: embedded\nchangelog: memory',
    'role: edge\nupstream: { http: "http://10.0.0.9:8080" }',
  ];
  for (const text of sound) expect(() => parseConfig(text)).not.toThrow();
});

test('the rules are told on the reference page', () => {
  expect(RULES.length).toBeGreaterThan(5);
});
