/** Tier `critical`: every tuple and model of the store is here; what the engine does not decline is answered here. */
import { createEngine } from '../../src/engine/evaluate.ts';
import type { Tier } from '../../src/plugin/tier.ts';

export function createCriticalTier(): Tier {
  const engine = createEngine();
  return {
    name: 'critical',
    keeps: 'everything',
    answer(query, { view }) {
      // A copy of some object types, from when the product was `hot` or `warm`, is not enough.
      const whole = view && view.state.objectTypes === undefined;
      return whole ? engine.answer(query, view) : { declined: 'syncing' };
    },
  };
}
