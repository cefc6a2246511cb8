/** Faults of the central sidecars and of the upstream behind them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpFault } from '../../support/faulty-http.ts';
import { eventually } from '../../support/fleet.ts';
import type { Scenario, Stage } from '../scenario.ts';

const killed: Scenario = {
  name: 'kill -9 of a central under load',
  transactions: 'batches',
  writers: 6,
  pauseMs: 0,
  async play({ world, chance, rounds }) {
    for (let round = 0; round < rounds; round += 1) {
      const central = chance.pick(world.centrals);
      await sleep(50 + chance.below(250));
      await central.kill();
      await central.restart();
    }
    return rounds;
  },
};

const bypassed: Scenario = {
  name: 'one Write in ten goes past the sidecars',
  transactions: 'batches',
  bypass: 0.1,
  async play({ rounds, book }) {
    await sleep(700 * rounds);
    return atLeast(rounds, () => book.writes.bypassed);
  },
};

/** One call in four of those that the clients' Writes and the sidecar's own reads make. */
function upstreamFault(name: string, fault: (stage: Stage) => HttpFault): Scenario {
  return {
    name,
    transactions: 'batches',
    // What only a slow walk can find shows whether an edge knows how old it is.
    bypass: 0.3,
    async play(stage) {
      const { world, rounds, chance } = stage;
      const before = world.upstream.faults();
      world.upstream.plan(({ path }) => {
        const concerned = path.includes(stage.storeId) && chance.below(4) === 0;
        return concerned ? fault(stage) : undefined;
      });
      await sleep(900 * rounds);
      const faults = await atLeast(rounds, () => world.upstream.faults() - before);
      world.upstream.plan(undefined);
      return faults;
    },
  };
}

/** After the upstream has committed: the answer to a Write is lost. */
const lostAnswers: Scenario = {
  name: 'upstream cut after the commit, before the answer',
  transactions: 'batches',
  async play({ world, rounds, chance, storeId }) {
    const before = world.upstream.faults();
    world.upstream.plan(({ path }) =>
      path === `/stores/${storeId}/write` && chance.below(3) === 0
        ? chance.pick<HttpFault>(['cut after', { statusAfter: 500 }, { statusAfter: 409 }])
        : undefined,
    );
    await sleep(900 * rounds);
    const faults = await atLeast(rounds, () => world.upstream.faults() - before);
    world.upstream.plan(undefined);
    return faults;
  },
};

/** A slow machine gets as far, only later. */
function atLeast(wanted: number, count: () => number): Promise<number> {
  return eventually(
    async () => count(),
    (seen) => seen >= wanted,
    60_000,
  );
}

export const CENTRAL: readonly Scenario[] = [
  killed,
  bypassed,
  lostAnswers,
  upstreamFault('upstream answers 500 and 503', ({ chance }) => ({ status: chance.pick([500, 503]) })),
  upstreamFault('upstream slow, up to 700 ms a call', ({ chance }) => ({ delayMs: 50 + chance.below(650) })),
];
