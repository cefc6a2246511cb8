/** A world with the scenarios of one group played on it, each once and small, then the edges' stores read from disk. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serversAvailable } from '../support/servers.ts';
import { play, type Scenario } from './scenario.ts';
import { sameOnDisk } from './suite-end.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

const SEED = 4_711;
const ROUNDS = 2;

export function chaosSuite(group: string, scenarios: readonly Scenario[], options: WorldOptions): void {
  const title = `${group} (OpenFGA on ${options.datastore}, seed ${SEED})`;
  describe.skipIf(!serversAvailable())(title, () => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld(options);
    });
    afterAll(() => world?.stop());

    test.each(scenarios)('$name', async (scenario) => {
      const outcome = await play(world, scenario, { seed: SEED, rounds: ROUNDS });
      expect(outcome.faults).toBeGreaterThan(0);
      expect(outcome.writes.committed).toBeGreaterThan(0);
    });

    test('at the end both edges hold the tuples of every store as OpenFGA does', () => sameOnDisk(world));
  });
}
