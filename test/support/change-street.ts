/** A centre and edges over one change log and one ordered upstream, all in this process. */
import { openMemoryStore } from '../../plugins/store/memory.ts';
import { createKeyLocks } from '../../src/capture/key-locks.ts';
import { createSequencer, type Sequencer } from '../../src/capture/sequencer.ts';
import type { TupleDelta } from '../../src/fga/change.ts';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import type { ChangeFilter, ChangeLog } from '../../src/plugin/changelog.ts';
import { type Clock, systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import { createReplica, type Replica } from '../../src/replica/replica.ts';
import type { OrderedUpstream } from './ordered-upstream.ts';

export const STORE = '01J0000000000000000000000A';

const stops: AbortController[] = [];
const ended: Promise<void>[] = [];

/** For `afterEach`: stops every loop that a test has started. */
export async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0)) stop.abort();
  await Promise.all(ended.splice(0));
}

export function tuple(n: number, over: Partial<Tuple> = {}): Tuple {
  return { user: `user:u${n}`, relation: 'viewer', object: `document:d${n % 7}`, ...over };
}

export function centre(upstream: OrderedUpstream, log: ChangeLog, clock: Clock = systemClock): Sequencer {
  if (!log.writer) throw new Error('a centre needs a log with a writer');
  const sequencer = createSequencer({
    log,
    writer: log.writer,
    upstream,
    locks: createKeyLocks(clock),
    clock,
    nodeId: 'centre',
    intervalMs: 20,
    overlapMs: 30_000,
    maxRps: 1_000,
    listEveryMs: 50,
    events: { published() {}, found() {}, trouble() {} },
    logger: silentLog,
  });
  start((signal) => sequencer.run(signal));
  return sequencer;
}

/** A Write that passes through the centre: committed at the upstream, then handed over. */
export async function writeThrough(
  sequencer: Sequencer,
  upstream: OrderedUpstream,
  change: Partial<TupleDelta>,
) {
  const delta = { writes: change.writes ?? [], deletes: change.deletes ?? [] };
  await until(() => sequencer.holds(), 'the centre publishes', 20_000);
  const forwardBeganMs = systemClock.monoMs();
  upstream.commit(delta);
  return sequencer.store(STORE).handOver({ delta, forwardBeganMs, exclusive: true, mayBeIgnored: false });
}

export interface Edge {
  readonly replica: Replica;
  readonly store: TupleStore;
  readonly resyncs: string[];
  /** What is in trouble now, with the last error. */
  readonly troubles: ReadonlyMap<string, unknown>;
  stop(): Promise<void>;
}

export interface EdgeOptions extends Omit<ChangeFilter, 'storeId'> {
  readonly clock?: Clock;
}

export async function edge(
  upstream: OrderedUpstream,
  log: ChangeLog,
  store?: TupleStore,
  { clock = systemClock, ...filter }: EdgeOptions = {},
): Promise<Edge> {
  const resyncs: string[] = [];
  const troubles = new Map<string, unknown>();
  const held = store ?? (await openMemoryStore());
  const replica = createReplica({
    log,
    store: held,
    upstream,
    clock,
    logger: silentLog,
    events: {
      applied() {},
      resync: (_storeId, reason) => void resyncs.push(reason),
      snapshot() {},
      trouble(what, error) {
        if (error === undefined) troubles.delete(what);
        else troubles.set(what, error);
      },
    },
  });
  replica.want([{ storeId: STORE, ...filter }]);
  const stop = start((signal) => replica.run(signal));
  return { replica, store: held, resyncs, troubles, stop };
}

function start(run: (signal: AbortSignal) => Promise<void>): () => Promise<void> {
  const stop = new AbortController();
  stops.push(stop);
  const done = run(stop.signal);
  ended.push(done);
  return async () => {
    stop.abort();
    await done;
  };
}

export async function until(test: () => boolean, what: string, withinMs = 5_000): Promise<void> {
  for (let n = 0; n < withinMs / 10; n += 1) {
    if (test()) return;
    await systemClock.sleep(10);
  }
  throw new Error(`did not happen within ${withinMs} ms: ${what}`);
}

export function keys(tuples: Iterable<Tuple>): string[] {
  return [...tuples].map(keyText).sort();
}

export const complete = ({ replica }: Edge) => replica.track(STORE)?.phase === 'complete';

export const same = ({ store }: Edge, upstream: OrderedUpstream) =>
  keys(store.all(STORE)).join() === keys(upstream.tuples()).join();
