import { describe, expect, test } from 'vitest';
import { parseConfig, parseProducts } from '../../src/config/load.ts';
import { subjectNotes } from '../../src/config/nats-subjects.ts';
import { ConfigError } from '../../src/config/problems.ts';

const A = '01J0000000000000000000000A';
const EDGE = 'role: edge\nupstream: { http: http://127.0.0.1:18080 }\n';
const NATS = 'changelog: { nats: { servers: [ nats://127.0.0.1:4222 ] } }\n';

function problemsOf(act: () => unknown): readonly { path: string; message: string; allowed?: string }[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a file of products', () => {
  test('gives the products that the same lines would give in the configuration', () => {
    const lines = `products:\n  - { id: a, stores: [ ${A} ], tier: critical, max_staleness: 5s }\n`;
    expect(parseProducts(lines, { name: 'p' }).products).toEqual(parseConfig(EDGE + lines).products);
    expect(parseProducts(`${lines}default_tier: critical\n`, { name: 'p' }).defaultTier).toEqual({
      kind: 'critical',
    });
  });

  test('says every mistake with its place, the rules between products included', () => {
    const text = `products:
  - { id: a, stores: [ ${A} ], tier: critcal }
  - { id: a, stores: [ ${A} ], tier: cold, on_stale: forward, max_offline: 1s }
prodcuts: []
`;
    expect(problemsOf(() => parseProducts(text, { name: 'p' })).map(({ path }) => path)).toEqual([
      'products[0].tier',
      'products[1].id',
      'products[1].stores[0]',
      'prodcuts',
    ]);
  });

  test('without the key products is refused: nothing is erased by an empty file', () => {
    expect(problemsOf(() => parseProducts('default_tier: cold\n', { name: 'p' }))).toMatchObject([
      { path: 'products', message: 'is missing' },
    ]);
    expect(problemsOf(() => parseProducts('', { name: 'p' }))).toMatchObject([
      { message: 'the file is empty' },
    ]);
    expect(parseProducts('products: []\n', { name: 'p' }).products).toEqual([]);
  });
});

describe('subjects made by hand', () => {
  const lines = `products:
  - { id: a, stores: [ ${A} ], tier: { hot: { object_types: [ document, folder ] } }, nats_subjects: [ "rsfga.changes.*.*.document" ] }
`;

  test('stand in products as written', () => {
    const subjects = ['rsfga.changes.*.*.document'];
    expect(parseConfig(EDGE + NATS + lines).products).toMatchObject([{ natsSubjects: subjects }]);
    expect(parseProducts(lines, { name: 'p', changelog: 'nats' }).products).toMatchObject([
      { natsSubjects: subjects },
    ]);
  });

  test('are refused where the change log is not NATS, in a file of products as well', () => {
    const refused = [
      { path: 'products[0].nats_subjects', message: expect.stringContaining('the change log is "upstream"') },
    ];
    expect(problemsOf(() => parseConfig(EDGE + lines))).toMatchObject(refused);
    expect(problemsOf(() => parseProducts(lines, { name: 'p', changelog: 'upstream' }))).toMatchObject(
      refused,
    );
  });

  test('are told with what they deliver, what they do not, and what is added', () => {
    const { products } = parseProducts(lines, { name: 'p' });
    expect(subjectNotes(products)).toEqual([
      `a: nats_subjects of ${A} deliver document; not folder: what may read them is forwarded; added: tx.committed, tx.anchor, tx.marker, model.updated`,
    ]);
  });
});

describe('a module for the answers of the warm tier', () => {
  const product = (store: string) =>
    `products: [ { id: w, stores: [ "*" ], tier: { warm: { store: ${store} } } } ]\n`;
  const tier = (store: string) =>
    parseConfig(EDGE + product(store), { file: '/etc/rsfga/edge.yaml' }).products[0]?.tier;

  test('is a path that counts from the file, or a package by its name', () => {
    expect(tier('{ module: ./cache.js }')).toMatchObject({
      storeModule: { module: '/etc/rsfga/cache.js', folder: '/etc/rsfga' },
    });
    expect(tier('{ module: "@keyv/postgres", uri: "postgres://h/db" }')).toMatchObject({
      storeModule: { module: '@keyv/postgres', folder: '/etc/rsfga' },
      storeUrl: 'postgres://h/db',
    });
  });

  test('may not be named where products lie apart: whoever writes there would run code here', () => {
    const file = `${product('{ module: ./cache.js }')}default_tier: { warm: { store: { module: x } } }\n`;
    expect(problemsOf(() => parseProducts(file, { name: 'p' }))).toMatchObject([
      { path: 'products[0].tier.warm.store.module' },
      { path: 'default_tier.warm.store.module' },
    ]);
    expect(parseProducts(product('redis://h'), { name: 'p' }).products).toHaveLength(1);
  });

  test.each(['redis:/:a-password@h', '{ uri: a-password }', '[ a-password ]'])(
    'what is neither that nor a Redis is refused without being shown: %s',
    (store) => {
      const problems = problemsOf(() => parseConfig(EDGE + product(store)));
      expect(problems).toHaveLength(1);
      expect(JSON.stringify(problems)).toContain('module');
      expect(JSON.stringify(problems)).not.toContain('a-password');
    },
  );
});

describe('a registry', () => {
  test('is a file by its path alone, or a bucket with defaults', () => {
    const folder = '/etc/rsfga/edge.yaml';
    const file = parseConfig(`${EDGE}registry: { file: ./products.yaml }\n`, { file: folder });
    expect(file.registry).toEqual({ kind: 'file', path: '/etc/rsfga/products.yaml' });
    expect(parseConfig(`${EDGE}${NATS}registry: nats-kv\n`).registry).toEqual({
      kind: 'nats-kv',
      bucket: 'rsfga_products',
      key: 'products',
    });
    expect(parseConfig(EDGE).registry).toEqual({ kind: 'config' });
  });

  test('stands in the place of products, and where the broker is', () => {
    expect(problemsOf(() => parseConfig(`${EDGE}registry: { file: p }\nproducts: []\n`))).toMatchObject([
      { path: 'products', allowed: 'products or registry, not both' },
    ]);
    expect(problemsOf(() => parseConfig(`${EDGE}registry: nats-kv\n`))).toMatchObject([{ path: 'registry' }]);
  });
});

test('regions need a region, or nobody could say whether the product is meant for here', () => {
  const lines = `products: [ { id: a, stores: [ ${A} ], tier: critical, regions: [ eu ] } ]\n`;
  expect(problemsOf(() => parseConfig(EDGE + lines))).toMatchObject([{ path: 'products[0].regions' }]);
  expect(parseConfig(`${EDGE}region: us\n${lines}`).products[0]?.regions).toEqual(['eu']);
});
