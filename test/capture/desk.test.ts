import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { createDesk } from '../../src/capture/desk.ts';
import { createKeyLocks } from '../../src/capture/key-locks.ts';
import { createSequencer } from '../../src/capture/sequencer.ts';
import type { TupleDelta } from '../../src/fga/change.ts';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { type Lease, NotHolderError, type Term } from '../../src/plugin/lease.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { Relay, RelayMessage, RelayReply } from '../../src/plugin/relay.ts';
import { chance } from '../support/chance.ts';
import { keys, until } from '../support/change-street.ts';
import { createOrderedUpstream, type OrderedUpstream } from '../support/ordered-upstream.ts';

const STORE = '01J0000000000000000000000A';
const anne: Tuple = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Two central sidecars of one process: a hand moves the lease, a Map stands for the subject of hand-overs. */
function twoCentrals(upstream: OrderedUpstream) {
  const hub = createMemoryHub();
  const serving = new Set<(message: RelayMessage) => Promise<RelayReply>>();
  const relay: Relay = {
    async send(message) {
      const [receive] = serving;
      if (!receive) throw new NotHolderError('nobody');
      await systemClock.sleep(1);
      return receive(message);
    },
    serve(receive) {
      serving.add(receive);
      return () => void serving.delete(receive);
    },
  };
  const [a, b] = [central('a'), central('b')];
  return { hub, a, b };

  function central(nodeId: string) {
    const { lease, give, take } = handLease(nodeId);
    const log = { ...hub.open(), sharing: { lease, relay } };
    const sequencer = createSequencer({
      log,
      writer: log.writer,
      upstream,
      locks: createKeyLocks(systemClock),
      clock: systemClock,
      nodeId,
      intervalMs: 50,
      overlapMs: 30_000,
      maxRps: 1_000,
      events: { published() {}, found() {}, trouble() {} },
      logger: silentLog,
    });
    const events = { heard() {}, handedOver() {} };
    const desk = createDesk({ sequencer, relay, logReachable: () => true, clock: systemClock, events });
    const stop = new AbortController();
    const done = Promise.all([sequencer.run(stop.signal), desk.run(stop.signal)]);
    ends.push(async () => {
      stop.abort();
      take();
      await done;
    });
    return { sequencer, desk, give, take };
  }
}

/** `give`: the lease is this one's from now on; `take`: no longer. */
function handLease(nodeId: string) {
  let given = () => {};
  let over = new AbortController();
  let next = new Promise<void>((resolve) => {
    given = resolve;
  });
  const lease: Lease = {
    state: () => ({ lease: over.signal.aborted ? 'elsewhere' : 'held', holder: nodeId, sinceMs: 0 }),
    async run(signal, work) {
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      while (!signal.aborted) {
        await Promise.race([next, stopped]);
        if (signal.aborted) return;
        await work(termOf(nodeId, over));
      }
    },
  };
  return {
    lease,
    give: () => given(),
    take() {
      over.abort();
      over = new AbortController();
      next = new Promise((resolve) => {
        given = resolve;
      });
    },
  };
}

function termOf(nodeId: string, over: AbortController): Term {
  const holds = () => !over.signal.aborted;
  const sinceMs = systemClock.monoMs();
  return { id: `${nodeId}@${sinceMs}`, sinceMs, over: over.signal, holds, confirm: async () => holds() };
}

/** A Write that passes through a sidecar: committed now, handed over by the returned function. */
function forwarded(upstream: OrderedUpstream, change: Partial<TupleDelta>) {
  const forwardBeganMs = systemClock.monoMs();
  const delta = { writes: change.writes ?? [], deletes: change.deletes ?? [] };
  upstream.commit(delta);
  return { delta, forwardBeganMs, exclusive: true, mayBeIgnored: false };
}

/** What a follower that reads the whole log ends up with. */
async function folded(log: ChangeLog): Promise<string[]> {
  const held = new Set<string>();
  const stop = new AbortController();
  const { last } = await log.reader.state();
  const request = { after: '', filters: [{ storeId: STORE }], signal: stop.signal };
  for await (const batch of log.reader.read(request)) {
    for (const { message } of batch) {
      if (message.kind !== 'part') continue;
      for (const tuple of message.tuples)
        if (message.operation === 'write') held.add(keyText(tuple));
        else held.delete(keyText(tuple));
    }
    if (batch.at(-1)?.position === last) break;
  }
  stop.abort();
  return [...held].sort();
}

describe('a Write that passes through a sidecar without the lease', () => {
  test('is published by the one that has it, and gets its revision', async () => {
    const upstream = createOrderedUpstream();
    const { hub, a, b } = twoCentrals(upstream);
    a.give();
    await until(() => a.sequencer.holds(), 'a holds');
    const first = await a.desk.handOver(STORE, forwarded(upstream, { writes: [anne] }));
    const second = await b.desk.handOver(STORE, forwarded(upstream, { deletes: [anne] }));
    // A walk may have come by the first entry in between, and said its state again.
    expect(second.revision).toBeGreaterThan(first.revision);
    expect(b.sequencer.holds()).toBe(false);
    expect(await folded(hub.open())).toEqual([]);
  });

  test('waits for the next holder', async () => {
    const upstream = createOrderedUpstream();
    const { hub, a, b } = twoCentrals(upstream);
    a.give();
    await until(() => a.sequencer.holds(), 'a holds');
    await a.desk.handOver(STORE, forwarded(upstream, {}));
    a.take();
    const waiting = b.desk.handOver(STORE, forwarded(upstream, { writes: [anne] }));
    await systemClock.sleep(150);
    expect(b.desk.waiting()).toBe(1);
    b.give();
    await waiting;
    expect(await folded(hub.open())).toEqual([keyText(anne)]);
  });

  test('that overlaps with one through the holder is read again: the older does not undo the newer', async () => {
    const upstream = createOrderedUpstream();
    const { hub, a, b } = twoCentrals(upstream);
    a.give();
    await until(() => a.sequencer.holds(), 'a holds');
    await b.desk.handOver(STORE, forwarded(upstream, {}));
    const grant = forwarded(upstream, { writes: [anne] });
    const revoke = forwarded(upstream, { deletes: [anne] });
    await a.desk.handOver(STORE, revoke);
    await b.desk.handOver(STORE, grant);
    expect(await folded(hub.open())).toEqual([]);
  });

  test('that began under an earlier holder is read again', async () => {
    const upstream = createOrderedUpstream();
    const { hub, a, b } = twoCentrals(upstream);
    a.give();
    await until(() => a.sequencer.holds(), 'a holds');
    await a.desk.handOver(STORE, forwarded(upstream, {}));
    const grant = forwarded(upstream, { writes: [anne] });
    await a.desk.handOver(STORE, forwarded(upstream, { deletes: [anne] }));
    a.take();
    b.give();
    await until(() => b.sequencer.holds(), 'b holds');
    await b.desk.handOver(STORE, grant);
    expect(await folded(hub.open())).toEqual([]);
  });
});

test.each([1, 2, 3])(
  'whatever order two sidecars hand over in, the log ends where the upstream does (seed %d)',
  async (seed) => {
    const random = chance(seed);
    const upstream = createOrderedUpstream();
    const { hub, a, b } = twoCentrals(upstream);
    a.give();
    await until(() => a.sequencer.holds(), 'a holds');
    const tuples = [1, 2, 3].map((n) => ({ ...anne, object: `document:${n}` }));
    const busy = new Map<string, number>();
    const handOvers: Promise<unknown>[] = [];
    for (let n = 0; n < 150; n++) {
      const tuple = tuples[random.below(tuples.length)] ?? anne;
      const at = random.below(2);
      const name = `${at} ${keyText(tuple)}`;
      // Through one sidecar the Writes on one tuple come one after the other.
      if (busy.has(name)) continue;
      busy.set(name, n);
      const holdsNow = upstream.tuples().some((one) => keyText(one) === keyText(tuple));
      const captured = forwarded(upstream, holdsNow ? { deletes: [tuple] } : { writes: [tuple] });
      const desk = at === 0 ? a.desk : b.desk;
      const late = systemClock.sleep(random.below(6)).then(() => {
        const published = desk.handOver(STORE, captured);
        busy.delete(name);
        return published;
      });
      handOvers.push(late);
      if (n === 75) {
        a.take();
        b.give();
      }
      if (random.below(3) === 0) await systemClock.sleep(random.below(4));
    }
    await Promise.all(handOvers);
    expect(await folded(hub.open())).toEqual(keys(upstream.tuples()));
  },
);

test('a Write past every sidecar, in a store that nobody asks about, is published', async () => {
  const upstream = createOrderedUpstream();
  upstream.listStores = async () => [STORE];
  const { hub, a } = twoCentrals(upstream);
  a.give();
  await until(() => a.sequencer.followed() === 1, 'the store is followed');
  const log = hub.open();
  await until(() => log.figures().streamMessages > 0, 'the store has its epoch');
  upstream.commit({ writes: [anne] });
  await until(() => log.figures().streamMessages > 1, 'the Write is in the log');
  expect(await folded(log)).toEqual([keyText(anne)]);
});
