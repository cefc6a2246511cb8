/**
 * Tier `hot`: the tuples of the listed object types are here. A query is answered here if every type whose tuples it may
 * read, by the model that decides it, is among those that the copy really holds. No part of a graph is ever searched.
 */
import { createEngine } from '../../src/engine/evaluate.ts';
import { createReachBook, missingTypes } from '../../src/engine/reach.ts';
import type { Tier } from '../../src/plugin/tier.ts';

export interface HotOptions {
  readonly objectTypes: readonly string[];
}

export function createHotTier({ objectTypes }: HotOptions): Tier {
  const engine = createEngine();
  const reaches = createReachBook();
  const listed = new Set(objectTypes);
  return {
    name: 'hot',
    keeps: { objectTypes },
    answer(query, { view }) {
      if (!view) return { declined: 'syncing' };
      const reach = reaches.of(query, view);
      if (!reach) return { declined: 'model' };
      // What is on disk decides, not what was asked for: a type that is listed may not be copied yet, or not delivered.
      const { objectTypes: held } = view.state;
      const missing = missingTypes(reach, (type) => listed.has(type) && (held?.includes(type) ?? true));
      if (missing.length === 0) return engine.answer(query, view);
      return { declined: 'reach', detail: `may read ${missing.join(', ')}, which is not kept here` };
    },
  };
}
