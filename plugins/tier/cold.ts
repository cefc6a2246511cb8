/** Tier `cold`: nothing is kept, everything is forwarded. */
import type { Tier } from '../../src/plugin/tier.ts';

export function createColdTier(): Tier {
  return { name: 'cold', keeps: 'nothing', answer: () => ({ declined: 'method' }) };
}
