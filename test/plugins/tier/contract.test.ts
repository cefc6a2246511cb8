/** The built-in tiers keep what is asked of those from outside. */
import { describe, test } from 'vitest';
import { createColdTier } from '../../../plugins/tier/cold.ts';
import { createCriticalTier } from '../../../plugins/tier/critical.ts';
import { createHotTier } from '../../../plugins/tier/hot.ts';
import { openWarmTier } from '../../../plugins/tier/warm.ts';
import { defineTier } from '../../../src/plugin/tier-plugin.ts';
import { tierContract } from '../../contract/tier.ts';

/** `test/property` tries 500 of hot and warm. */
const seeds = 8;

const critical = defineTier({ open: createCriticalTier });
const cold = defineTier({ open: createColdTier });
const hot = defineTier({
  options: { object_types: (value) => value as readonly string[] },
  open: ({ object_types: objectTypes }) => createHotTier({ objectTypes }),
});
const warm = defineTier({
  open: (_, { clock, events }) =>
    openWarmTier({ ttlMs: 60_000, maxEntries: 20, lagMs: 0 }, { clock, events, chance: () => 0.5 }),
});

describe('critical', () => {
  for (const { name, run } of tierContract(critical, { seeds })) test(name, run);
});

describe('hot', () => {
  const options = (objectTypes: readonly string[]) => ({ object_types: objectTypes });
  for (const { name, run } of tierContract(hot, { seeds, options })) test(name, run);
});

describe('warm', () => {
  for (const { name, run } of tierContract(warm, { seeds })) test(name, run);
});

describe('cold', () => {
  for (const { name, run } of tierContract(cold, { seeds })) test(name, run);
});
