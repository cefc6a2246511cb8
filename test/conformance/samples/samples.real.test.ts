/** The shapes of well-known applications, thousands of tuples each: the engine agrees with the server on all endpoints. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/evaluate.ts';
import { keyText } from '../../../src/fga/tuple.ts';
import { chance } from '../../support/chance.ts';
import { modelFrom } from '../../support/datasets.ts';
import { type OpenFga, PATIENT, serversAvailable, startOpenFga } from '../../support/servers.ts';
import { compare, verdictOf } from '../fuzz/compare.ts';
import { openWorld } from '../fuzz/world.ts';
import { SAMPLES } from './all.ts';
import { questions } from './questions.ts';

describe.skipIf(!serversAvailable())('a sample store', () => {
  // The time that a query may take is a bound on the machine, not part of the answer.
  const engine = createEngine({ budget: { millis: 10_000 } });
  let server: OpenFga;
  beforeAll(async () => {
    server = await startOpenFga({ args: PATIENT });
  });
  afterAll(() => server.stop());

  it.each(SAMPLES)('$name is answered as by the server', async (sample) => {
    const dice = chance(1);
    const model = modelFrom(sample.model);
    const tuples = [...new Map(sample.tuples(dice).map((tuple) => [keyText(tuple), tuple])).values()];
    const world = await openWorld(server.http, [{ model, tuples }]);
    if (world === undefined) throw new Error('the server refuses the model');
    expect(world.recipe[0]?.tuples.length).toBe(tuples.length);

    const scope = { storeId: world.storeId, consistency: 'unspecified' } as const;
    const counts = { agrees: 0, declined: 0 };
    for (const query of questions({ sample, model, tuples, scope }, 40, dice)) {
      for (const comparison of await compare(server.http, engine, world, query)) {
        const verdict = verdictOf(comparison);
        if (verdict !== 'agrees' && verdict !== 'declined')
          expect(comparison.engine).toEqual(comparison.server);
        else counts[verdict]++;
      }
    }
    expect(counts.agrees).toBeGreaterThan(500);
    expect(counts.declined).toBe(0);
  });
});
