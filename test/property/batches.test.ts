/** Items of a batch share what was solved for others: none may be answered otherwise than alone. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/evaluate.ts';
import type { BatchCheckQuery } from '../../src/fga/query.ts';
import { MemoryReader } from '../support/memory-reader.ts';
import { modelsIn, randomWorld, tuplesIn } from './world.ts';

const SEEDS = 100;
const MIX = { batches: 6, checks: 0, listObjects: 0, streams: 0, listUsers: 0, expands: 0 };
const engine = createEngine({ budget: { millis: 60_000 } });

/** By correlation id: allowed or not, the code of an error, or why it was left to the upstream. */
function answers(query: BatchCheckQuery, reader: MemoryReader): Map<string, unknown> {
  const outcome = engine.answer(query, reader);
  if (!('answer' in outcome) || outcome.answer.method !== 'BatchCheck') {
    const word = 'declined' in outcome ? outcome.declined : 'error';
    return new Map(query.checks.map(({ correlationId }) => [correlationId, word]));
  }
  const items = [...outcome.answer.result];
  return new Map(items.map(([id, item]) => [id, 'error' in item ? item.error.code : item.allowed]));
}

/** A batch is declined as a whole when one item is, so that only items that are answered alone are put together. */
function differing(query: BatchCheckQuery, reader: MemoryReader): object[] {
  const alone = new Map(query.checks.flatMap((check) => [...answers({ ...query, checks: [check] }, reader)]));
  const checks = query.checks.filter(({ correlationId: id }) => {
    const said = alone.get(id);
    // codes of errors are of several words, reasons of a decline of one
    return typeof said === 'boolean' || `${said}`.includes('_');
  });
  const together = answers({ ...query, checks }, reader);
  return checks
    .filter(({ correlationId: id }) => together.get(id) !== alone.get(id))
    .map((check) => ({
      check,
      alone: alone.get(check.correlationId),
      together: together.get(check.correlationId),
    }));
}

test(`in ${SEEDS} random worlds a batch is answered as each of its checks alone`, () => {
  let compared = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { recipe, queries } = randomWorld(seed, { ...MIX, wide: seed % 3 === 0 });
    const reader = new MemoryReader(modelsIn(recipe), tuplesIn(recipe));
    for (const query of queries) {
      if (query.method !== 'BatchCheck') continue;
      compared += query.checks.length;
      expect(differing(query, reader), `seed ${seed}`).toEqual([]);
    }
  }
  expect(compared).toBeGreaterThan(SEEDS * 200);
}, 300_000);
