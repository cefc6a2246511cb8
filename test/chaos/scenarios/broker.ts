/** Faults of NATS: the server, the stream in it, and what travels on its subject. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from '../../support/fleet.ts';
import type { Scenario, Stage } from '../scenario.ts';
import { STREAM } from '../world.ts';

/** How long the server stays away: shorter than the bound, so that some answers stay local. */
const AWAY_MS = 1_200;

function restarted(data: 'kept' | 'lost'): Scenario {
  return {
    name: `NATS stopped during Writes, restarted ${data === 'kept' ? 'with its data' : 'empty'}`,
    transactions: 'batches',
    async play({ world, rounds }) {
      for (let round = 0; round < rounds; round += 1) {
        await world.stopNats();
        await sleep(AWAY_MS);
        await world.startNats(data);
        await sleep(AWAY_MS);
      }
      return rounds;
    },
  };
}

/** Something is done to the stream while everybody uses it. */
function stream(name: string, harm: (jsm: JetStreamManager) => Promise<unknown>): Scenario {
  return {
    name: `stream ${name} under running edges`,
    transactions: 'batches',
    async play({ world, rounds }) {
      for (let round = 0; round < rounds; round += 1) {
        await withNats(world.nats().url, async (nc) => harm(await jetstreamManager(nc)));
        await sleep(AWAY_MS);
      }
      return rounds;
    },
  };
}

const purged = stream('purged', (jsm) => jsm.streams.purge(STREAM));
/** What nobody has made again since the last time cannot be deleted again: waits for it. */
const deleted = stream('deleted', (jsm) =>
  eventually(
    () => jsm.streams.delete(STREAM).catch(() => false),
    (isDeleted) => isDeleted,
    REMADE_WITHIN_MS,
  ),
);
const REMADE_WITHIN_MS = 30_000;
const recreated = stream('recreated', async (jsm) => {
  const { config } = await jsm.streams.info(STREAM);
  await jsm.streams.delete(STREAM);
  await jsm.streams.add(config);
});

/** An edge stays away while the stream forgets everything that it has not read. */
const pastRetention: Scenario = {
  name: "an edge offline past the stream's retention",
  // A store is copied meanwhile: docs/guarantees.md, just after a copy.
  transactions: 'batches',
  async play(stage) {
    const edge = stage.chance.pick(stage.world.edges);
    for (let round = 0; round < stage.rounds; round += 1) {
      await edge.kill();
      await sleep(500);
      await withNats(stage.world.nats().url, async (nc) => {
        const jsm = await jetstreamManager(nc);
        const { state } = await jsm.streams.info(STREAM);
        await jsm.streams.purge(STREAM, { seq: state.last_seq });
      });
      await edge.restart();
      await sleep(300);
    }
    return stage.rounds;
  },
};

/** What was published is published again, in another order; between it, bytes that mean nothing. */
const noise: Scenario = {
  name: 'duplicates, reordering and garbage on the subject',
  transactions: 'batches',
  play: ({ world, storeId, chance, rounds }) =>
    withNats(world.nats().url, async (nc) => {
      const heard: { readonly subject: string; readonly data: Uint8Array }[] = [];
      nc.subscribe(`rsfga.changes.${storeId}.>`, {
        callback: (error, { subject, data }) => {
          if (!error && heard.length < HEARD) heard.push({ subject, data });
        },
      });
      await eventually(
        async () => heard.length,
        (count) => count >= HEARD,
        30_000,
      );
      let faults = 0;
      for (let n = 0; n < rounds * NOISES; n += 1, faults += 1) {
        const old = chance.pick(heard);
        const cut = old.data.subarray(0, chance.below(old.data.length));
        const rubbish = Buffer.from(Array.from({ length: chance.below(200) }, () => chance.below(256)));
        nc.publish(old.subject, chance.pick([old.data, old.data, cut, rubbish]), { headers: headers() });
        await sleep(NOISE_PAUSE_MS);
      }
      await nc.flush();
      return faults;
    }),
};

const HEARD = 60;
const NOISES = 40;
const NOISE_PAUSE_MS = 15;

/** The lines of both edges go silent: no message, no heartbeat, no reset. */
function partitioned(how: 'silent' | 'closed'): Scenario {
  return {
    name: `edges cut off from NATS, the line ${how}`,
    transactions: 'whole',
    async play(stage) {
      const { world } = stage;
      for (const edge of world.edges) world.line(edge).cut(how);
      await Promise.all(stage.watchers.map((watcher) => untilStaleActs(watcher)));
      for (const edge of world.edges) world.line(edge).heal();
      return world.edges.length;
    },
  };
}

/** Writes go on while no central can publish. */
const mute: Scenario = {
  name: 'centrals cut off from NATS during Writes',
  transactions: 'batches',
  async play({ world, chance, rounds }) {
    for (let round = 0; round < rounds; round += 1) {
      const how = chance.pick(['silent', 'closed'] as const);
      for (const central of world.centrals) world.line(central).cut(how);
      await sleep(AWAY_MS);
      for (const central of world.centrals) world.line(central).heal();
      await sleep(AWAY_MS);
    }
    return rounds;
  },
};

/** The messages of one transaction arrive one after the other, with time to act on each. */
const crumbling: Scenario = {
  name: 'messages arrive at the edges in pieces',
  transactions: 'whole',
  async play({ world, rounds }) {
    for (const edge of world.edges) world.line(edge).crumble(CRUMB_BYTES);
    await sleep(1_000 * rounds);
    for (const edge of world.edges) world.line(edge).crumble(0);
    return world.edges.length;
  },
};

const CRUMB_BYTES = 300;

/**
 * Past the bound edge-1 forwards and edge-2 answers 503. That neither answered from older data before is the watchers' to
 * say; here the action has to come, and to be the only thing that comes.
 */
async function untilStaleActs({ edge, seen }: Stage['watchers'][number]): Promise<void> {
  const acted = async () => (edge.name === 'edge-1' ? seen.forwarded : seen.denied);
  const before = await acted();
  await eventually(acted, (count) => count > before + 20, 30_000);
  const local = seen.local;
  await sleep(500);
  if (seen.local > local) seen.violations.push(`${edge.name} went on answering from data past the bound`);
}

async function withNats<T>(url: string, use: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const nc = await connect({ servers: url });
  try {
    return await use(nc);
  } finally {
    await nc.close();
  }
}

export const SERVER: readonly Scenario[] = [restarted('kept'), restarted('lost'), mute];
export const STREAMS: readonly Scenario[] = [purged, deleted, recreated, pastRetention];
export const LINES: readonly Scenario[] = [noise, crumbling, partitioned('silent'), partitioned('closed')];
