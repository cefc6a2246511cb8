import { describe, expect, test } from 'vitest';
import { createHotTier } from '../../plugins/tier/hot.ts';
import { createEngine } from '../../src/engine/evaluate.ts';
import { typeOf } from '../../src/fga/tuple.ts';
import type { Tier } from '../../src/plugin/tier.ts';
import { brokenHot, HOT_MISTAKES } from './broken-hot.ts';
import { WARM_MISTAKES } from './broken-warm.ts';
import { tryHot } from './hot.ts';
import { tryWarm } from './warm.ts';

const SEEDS = 500;
const LONG_MS = 300_000;

test(
  `hot: in ${SEEDS} random worlds nothing is answered from a share but what all tuples would answer`,
  () => {
    const counts = { local: 0, declined: 0 };
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(tryHot(seed, counts)).toBeUndefined();
    // Otherwise nothing was tried.
    expect(counts.local).toBeGreaterThan(SEEDS);
    expect(counts.declined).toBeGreaterThan(SEEDS);
  },
  LONG_MS,
);

test(
  'hot: nor where models have the odd shapes',
  () => {
    const counts = { local: 0, declined: 0 };
    for (let seed = 1; seed <= SEEDS / 2; seed += 1)
      expect(tryHot(seed, counts, { wide: true })).toBeUndefined();
    expect(counts.local).toBeGreaterThan(SEEDS / 2);
    expect(counts.declined).toBeGreaterThan(SEEDS / 2);
  },
  LONG_MS,
);

test('hot: nor where types are listed that do not arrive', () => {
  const counts = { local: 0, declined: 0 };
  const listing = (held: readonly string[]) =>
    createHotTier({ objectTypes: [...held, 'group', 'folder', 'document', 'org'] });
  for (let seed = 1; seed <= SEEDS / 5; seed += 1)
    expect(tryHot(seed, counts, { make: listing })).toBeUndefined();
  expect(counts.local).toBeGreaterThan(SEEDS / 5);
  expect(counts.declined).toBeGreaterThan(SEEDS / 5);
});

test('hot: a tier that looks at the asked type alone is found out, with a small example', () => {
  const naive = (objectTypes: readonly string[], engine = createEngine()): Tier => ({
    name: 'naive',
    keeps: { objectTypes },
    answer: (query, { view }) =>
      view && 'tupleKey' in query && objectTypes.includes(typeOf(query.tupleKey.object))
        ? engine.answer(query, view)
        : { declined: 'reach' },
  });
  const counts = { local: 0, declined: 0 };
  for (let seed = 1; seed <= 100; seed += 1) {
    const found = tryHot(seed, counts, { make: naive });
    if (!found) continue;
    const tuples = found.mismatch.recipe.flatMap((step) => step.tuples);
    expect(tuples.length).toBeLessThan(8);
    return;
  }
  expect.unreachable('it was not found out');
});

test(
  `warm: in ${SEEDS} random interleavings no remembered answer is older than a change that could affect it`,
  async () => {
    const counts = { cached: 0, forwarded: 0 };
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await tryWarm(seed, counts)).toBeUndefined();
    expect(counts.cached).toBeGreaterThan(SEEDS);
  },
  LONG_MS,
);

/**
 * Each is found by one of the seeds above; `node test/property/run.ts --mistakes --seeds 500` names them, and others where worlds
 * are made otherwise.
 */
describe('what is tried would find', () => {
  test.each<[keyof typeof HOT_MISTAKES, number]>([
    ['leaves out what is subtracted', 162],
    ['leaves out the further operands of an intersection', 407],
    ['thinks that a wildcard says everything of its relation', 198],
    ['thinks that a subject with a wildcard needs no groups', 234],
    ['follows groups only where the store holds one', 230],
    ['follows groups only where a contextual tuple names none', 198],
    ['knows the first model alone', 237],
    ['knows the latest model alone', 97],
    ['takes ListObjects for a question about its type alone', 39],
    ['takes ListUsers for a question about its type alone', 74],
  ])('a hot tier that %s', (mistake, seed) => {
    const make = brokenHot(HOT_MISTAKES[mistake]);
    expect(tryHot(seed, { local: 0, declined: 0 }, { make, shrink: false })).toMatchObject({ seed });
    expect(seed).toBeLessThanOrEqual(SEEDS);
  });

  test.each<[keyof typeof WARM_MISTAKES, number]>([
    ['does not hear of every change', 32],
    ['hears of a change after it can be seen', 22],
    ['goes on after a gap', 135],
    ['takes an answer for as new as when it came', 5],
    ['does not see that an answer depends on contextual tuples', 120],
    ['does not see that an answer depends on the context', 70],
    ['leaves out what is subtracted', 86],
    ['knows the first model alone', 25],
  ])('a warm tier that %s', async (mistake, seed) => {
    const spoil = WARM_MISTAKES[mistake];
    expect(await tryWarm(seed, { cached: 0, forwarded: 0 }, { spoil })).toMatchObject({ seed });
    expect(seed).toBeLessThanOrEqual(SEEDS);
  });
});
