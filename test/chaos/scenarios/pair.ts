/** Two central sidecars before one upstream. */
import { setTimeout as sleep } from 'node:timers/promises';
import { write } from '../../support/api.ts';
import { eventually, type Sidecar } from '../../support/fleet.ts';
import { grant } from '../company.ts';
import type { Scenario, Stage } from '../scenario.ts';

const FOUGHT_OVER = 5;
const FIGHTERS_EACH = 2;

/** Few keys, many hands: forwards of one key overlap all the time, through both. */
const fight: Scenario = {
  name: 'two centrals write and delete the same tuples',
  transactions: 'batches',
  async play(stage) {
    const { world, rounds } = stage;
    const stop = new AbortController();
    const fighters = world.centrals.flatMap((central) =>
      Array.from({ length: FIGHTERS_EACH }, () => fightThrough(stage, central, stop.signal)),
    );
    await sleep(1_500 * rounds);
    stop.abort();
    const blows = await Promise.all(fighters);
    return blows.reduce((sum, one) => sum + one, 0);
  },
};

/** Returns how many of its Writes were committed. */
async function fightThrough(
  { storeId, chance }: Stage,
  central: Sidecar,
  signal: AbortSignal,
): Promise<number> {
  let committed = 0;
  while (!signal.aborted) {
    const key = grant(6, chance.below(FOUGHT_OVER));
    const delta = chance.below(2) === 0 ? { writes: [key] } : { deletes: [key] };
    const reply = await write(central.http, storeId, delta).catch(() => undefined);
    if (reply?.status === 200) committed += 1;
  }
  return committed;
}

/** The one that publishes is killed, or cut off from NATS, while Writes come through both: the other takes over. */
const successor: Scenario = {
  name: 'the publishing central is lost and the other takes over',
  transactions: 'batches',
  writers: 5,
  pauseMs: 2,
  async play({ world, chance, rounds }) {
    for (let round = 0; round < rounds; round += 1) {
      const holder = await publishing(world.centrals);
      const others = world.centrals.filter((central) => central !== holder);
      const killed = chance.below(2) === 0;
      if (killed) await holder.kill();
      else world.line(holder).cut(chance.pick(['silent', 'closed'] as const));
      await publishing(others);
      if (killed) await holder.restart();
      else world.line(holder).heal();
      await sleep(BACK_MS);
    }
    return rounds;
  },
};

const BACK_MS = 1_000;
/** The lease runs out some seconds after its holder was lost. */
const TAKEN_OVER_WITHIN_MS = 60_000;

/** The one of these that publishes, as soon as one does. */
async function publishing(centrals: readonly Sidecar[]): Promise<Sidecar> {
  const holds = async (central: Sidecar) => (await central.status()).capture?.sequencer === true;
  const look = async () => {
    const answers = await Promise.all(centrals.map((central) => holds(central).catch(() => false)));
    return centrals.find((_, n) => answers[n]);
  };
  const found = await eventually(look, (central) => central !== undefined, TAKEN_OVER_WITHIN_MS);
  return found ?? raise();
}

function raise(): never {
  throw new Error('no central publishes');
}

export const PAIR: readonly Scenario[] = [fight, successor];
