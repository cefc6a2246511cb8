import { expect, test } from 'vitest';
import { parseProducts } from '../../src/config/load.ts';
import type { Tier } from '../../src/plugin/tier.ts';
import { openProductBook } from '../../src/sidecar/products.ts';

const A = '01J0000000000000000000000A';
const B = '01J0000000000000000000000B';
const OTHER = '01J0000000000000000000000Z';

function products(...lines: string[]) {
  return parseProducts(`products:\n${lines.map((line) => `  - { ${line} }\n`).join('')}`, { name: 'p' });
}

async function book(region?: string) {
  const opened: string[] = [];
  const closed: string[] = [];
  const settled = Promise.withResolvers<void>();
  const made = await openProductBook({
    region,
    defaultTier: { kind: 'cold' },
    async openTier(config): Promise<Tier> {
      if (config.kind === 'hot') throw new Error('no such tier');
      opened.push(config.kind);
      const keeps = config.kind === 'cold' ? 'nothing' : 'everything';
      return {
        name: config.kind,
        keeps,
        answer: () => ({ declined: 'method' }),
        close: async () => void closed.push(config.kind),
      };
    },
    settled: () => settled.promise,
    failed: (error) => {
      throw error;
    },
  });
  return { book: made, opened, closed, settle: () => settled.resolve() };
}

test('before there are products, nothing is kept', async () => {
  const one = await book();
  expect(one.book.known()).toBe(false);
  expect(one.book.current().of(A).tier.keeps).toBe('nothing');
});

test('a store has the tier of the product that names it, or of the one with *, or the default', async () => {
  const { book: one } = await book();
  await one.replace(products(`id: a, stores: [ ${A} ], tier: critical`));
  expect([A, OTHER].map((id) => one.current().of(id).id)).toEqual(['a', 'default_tier']);
  await one.replace(
    products(`id: a, stores: [ ${A} ], tier: cold`, 'id: all, stores: [ "*" ], tier: critical'),
  );
  expect([A, OTHER].map((id) => one.current().of(id).tier.name)).toEqual(['cold', 'critical']);
  expect(one.current().named).toEqual([A]);
});

test('whoever holds a set sees it unchanged; those who listen are told in the turn of the switch', async () => {
  const { book: one } = await book();
  await one.replace(products(`id: a, stores: [ ${A} ], tier: critical`));
  const before = one.current();
  const seen: string[] = [];
  one.onChange(() => seen.push(one.current().of(A).tier.name));
  await one.replace(products(`id: a, stores: [ ${A} ], tier: cold`));
  expect(seen).toEqual(['cold']);
  expect(before.of(A).tier.name).toBe('critical');
});

test('a tier goes on across sets that name it alike, and hears of changes until its last requests have ended', async () => {
  const one = await book();
  const a = `id: a, stores: [ ${A} ], tier: critical`;
  await one.book.replace(products(a));
  const tier = one.book.current().of(A).tier;
  await one.book.replace(products(a, `id: b, stores: [ ${B} ], tier: critical`));
  expect(one.book.current().of(A).tier).toBe(tier);
  await one.book.replace(products(`id: b, stores: [ ${B} ], tier: critical`));
  expect(one.closed).toEqual([]);
  expect(one.book.tiers()).toContain(tier);
  one.settle();
  await expect.poll(() => one.closed).toEqual(['critical']);
  expect(one.book.tiers()).not.toContain(tier);
});

test('a set with a tier that cannot be opened is refused whole; what was opened for it is closed', async () => {
  const one = await book();
  await one.book.replace(products(`id: a, stores: [ ${A} ], tier: critical`));
  const bad = products(
    `id: a, stores: [ ${A} ], tier: cold`,
    `id: b, stores: [ ${B} ], tier: { hot: { object_types: [ x ] } }`,
  );
  await expect(one.book.replace(bad)).rejects.toThrow('no such tier');
  expect(one.book.current().of(A).tier.name).toBe('critical');
  expect(one.closed).toEqual(['cold']);
});

test('a product of other regions is forwarded here, and says so', async () => {
  const here = (await book('eu')).book;
  const set = products(
    `id: a, stores: [ ${A} ], tier: critical, regions: [ us ]`,
    `id: b, stores: [ ${B} ], tier: critical, regions: [ us, eu ]`,
  );
  await here.replace(set);
  expect(here.current().products.map(({ elsewhere, tier }) => [elsewhere, tier.keeps])).toEqual([
    [true, 'nothing'],
    [false, 'everything'],
  ]);
  const nowhere = (await book()).book;
  await nowhere.replace(set);
  expect(nowhere.current().of(B).elsewhere).toBe(true);
});
