/** An edge that keeps its share never answers anything but what one with all tuples answers. */
import { isDeepStrictEqual } from 'node:util';
import { createHotTier } from '../../plugins/tier/hot.ts';
import { createEngine, type Engine } from '../../src/engine/evaluate.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Tier, TierOutcome } from '../../src/plugin/tier.ts';
import { type Mismatch, smaller } from '../conformance/fuzz/smaller.ts';
import { saidOfOutcome } from '../conformance/said.ts';
import { viewOf } from '../support/share.ts';
import { modelId, modelsIn, type PropertyMix, type RandomWorld, randomWorld, tuplesIn } from './world.ts';

/** About 25 questions of each world, batches of 50 among them. */
const MIX: PropertyMix = {
  ...{ batches: 1, checks: 10, listObjects: 3, streams: 1, listUsers: 3, expands: 2 },
  bridges: 3,
};
const SHRINKS = 2_000;
/** A loaded machine must not turn answers into declines. */
const PATIENT = { budget: { millis: 60_000 } };

export interface Counts {
  local: number;
  declined: number;
}

export interface Counterexample {
  readonly seed: number;
  readonly objectTypes: readonly string[];
  readonly mismatch: Mismatch;
  readonly answered: TierOutcome;
  readonly expected: unknown;
}

export interface HotOptions {
  /** Another tier than the real one. */
  readonly make?: (objectTypes: readonly string[]) => Tier;
  readonly shrink?: boolean;
  /** See `PropertyMix`. */
  readonly wide?: boolean;
}

/** The smallest question found that the tier answers otherwise than it should, or undefined. */
export function tryHot(
  seed: number,
  counts: Counts,
  { make = (objectTypes) => createHotTier({ objectTypes }), shrink = true, wide = false }: HotOptions = {},
): Counterexample | undefined {
  const { recipe, objectTypes, queries } = randomWorld(seed, { ...MIX, wide });
  const sides = { tier: make(objectTypes), reference: createEngine(PATIENT) };
  for (const query of queries) {
    const mismatch = { recipe, query, modelIndex: indexOf(recipe, query) };
    const outcome = differs(sides, objectTypes, mismatch, counts);
    if (!outcome) continue;
    const found = { seed, objectTypes, mismatch, ...outcome };
    return shrink ? shrunk(found, make) : found;
  }
  return undefined;
}

type Difference = Pick<Counterexample, 'answered' | 'expected'>;

/** What is asked, and what is believed. */
interface Sides {
  readonly tier: Tier;
  readonly reference: Engine;
}

function differs(
  { tier, reference }: Sides,
  objectTypes: readonly string[],
  { recipe, query, modelIndex }: Mismatch,
  counts?: Counts,
): Difference | undefined {
  const all = { models: modelsIn(recipe), tuples: tuplesIn(recipe) };
  const { modelId: _, ...unnamed } = query;
  const asked = (modelIndex === undefined ? unnamed : { ...query, modelId: modelId(modelIndex) }) as Query;
  const answered = tier.answer(asked, { view: viewOf({ ...all, objectTypes }) }) as TierOutcome;
  if (counts) counts['declined' in answered ? 'declined' : 'local'] += 1;
  if ('declined' in answered) return undefined;
  const expected = reference.answer(asked, viewOf(all));
  if ('declined' in expected && expected.declined === 'budget') return undefined;
  const said = saidOfOutcome(asked.method, answered);
  return isDeepStrictEqual(said, saidOfOutcome(asked.method, expected)) ? undefined : { answered, expected };
}

function shrunk(found: Counterexample, make: (objectTypes: readonly string[]) => Tier): Counterexample {
  let best = found;
  let tries = 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const mismatch of smaller(best.mismatch)) {
      if (tries++ > SHRINKS) return best;
      const sides = { tier: make(best.objectTypes), reference: createEngine(PATIENT) };
      const difference = differs(sides, best.objectTypes, mismatch);
      if (!difference) continue;
      best = { ...best, mismatch, ...difference };
      progress = true;
      break;
    }
  }
  return best;
}

function indexOf(recipe: RandomWorld['recipe'], query: Query): number | undefined {
  const index = recipe.findIndex((_, number) => modelId(number) === query.modelId);
  return index < 0 ? undefined : index;
}
