/** The sequencer of one store over a log and an upstream in this process. */
import { createKeyLocks } from '../../src/capture/key-locks.ts';
import { createStoreSequencer } from '../../src/capture/store-sequencer.ts';
import type { ChangeMessage } from '../../src/fga/change.ts';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { type Clock, systemClock } from '../../src/plugin/clock.ts';
import { endlessTerm } from '../../src/plugin/lease.ts';
import type { Upstream } from '../../src/plugin/upstream.ts';
import type { OrderedUpstream } from '../support/ordered-upstream.ts';

export const STORE = '01J0000000000000000000000A';
export const anne: Tuple = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
export const bob: Tuple = { ...anne, user: 'user:bob' };
export const carol: Tuple = { ...anne, user: 'user:carol' };

export function sequencer(
  upstream: Upstream,
  log: ChangeLog,
  over: { readonly overlapMs?: number; readonly clock?: Clock } = {},
) {
  const found: number[] = [];
  if (!log.writer) throw new Error('the memory log has a writer');
  const one = createStoreSequencer({
    storeId: STORE,
    term: endlessTerm(),
    acknowledged: new Map(),
    log,
    writer: log.writer,
    upstream,
    locks: createKeyLocks(systemClock),
    clock: over.clock ?? systemClock,
    nodeId: 'test',
    overlapMs: over.overlapMs ?? 30_000,
    events: { published() {}, found: (keys) => void found.push(keys) },
  });
  return { ...one, found };
}

/** A Write that passed through the sidecar: committed at the upstream, then handed over. */
export function captured(upstream: OrderedUpstream, delta: { writes?: Tuple[]; deletes?: Tuple[] }) {
  const forwardBeganMs = systemClock.monoMs();
  upstream.commit(delta);
  return {
    delta: { writes: delta.writes ?? [], deletes: delta.deletes ?? [] },
    forwardBeganMs,
    exclusive: true,
    mayBeIgnored: false,
  };
}

export async function everything(log: ChangeLog): Promise<ChangeMessage[]> {
  const stop = new AbortController();
  const messages: ChangeMessage[] = [];
  const { last } = await log.reader.state();
  for await (const batch of log.reader.read({
    after: '',
    filters: [{ storeId: STORE }],
    signal: stop.signal,
  })) {
    messages.push(...batch.map((one) => one.message));
    if (batch.at(-1)?.position === last) break;
  }
  stop.abort();
  return messages;
}

/** What a follower that reads the whole log ends up with. */
export async function folded(log: ChangeLog): Promise<string[]> {
  const held = new Set<string>();
  for (const message of await everything(log)) {
    if (message.kind !== 'part') continue;
    for (const tuple of message.tuples)
      if (message.operation === 'write') held.add(keyText(tuple));
      else held.delete(keyText(tuple));
  }
  return [...held].sort();
}

export async function commits(log: ChangeLog) {
  return (await everything(log)).filter((message) => message.kind === 'commit');
}
