import { describe, expect, test } from 'vitest';
import { createMemoryChangeLog } from '../../plugins/changelog/memory.ts';
import { createKeyLocks } from '../../src/capture/key-locks.ts';
import { createStoreSequencer } from '../../src/capture/store-sequencer.ts';
import type { ChangeMessage } from '../../src/fga/change.ts';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { type Clock, systemClock } from '../../src/plugin/clock.ts';
import { endlessTerm } from '../../src/plugin/lease.ts';
import type { Upstream } from '../../src/plugin/upstream.ts';
import { createFakeUpstream } from '../plugins/changelog/upstream-fake.ts';
import { handClock } from '../support/hand-clock.ts';
import { createOrderedUpstream, type OrderedUpstream } from '../support/ordered-upstream.ts';

const STORE = '01J0000000000000000000000A';
const anne: Tuple = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const bob: Tuple = { ...anne, user: 'user:bob' };
const carol: Tuple = { ...anne, user: 'user:carol' };

function sequencer(
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
function captured(upstream: OrderedUpstream, delta: { writes?: Tuple[]; deletes?: Tuple[] }) {
  const forwardBeganMs = systemClock.monoMs();
  upstream.commit(delta);
  return {
    delta: { writes: delta.writes ?? [], deletes: delta.deletes ?? [] },
    forwardBeganMs,
    exclusive: true,
    mayBeIgnored: false,
  };
}

async function everything(log: ChangeLog): Promise<ChangeMessage[]> {
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
async function folded(log: ChangeLog): Promise<string[]> {
  const held = new Set<string>();
  for (const message of await everything(log)) {
    if (message.kind !== 'part') continue;
    for (const tuple of message.tuples)
      if (message.operation === 'write') held.add(keyText(tuple));
      else held.delete(keyText(tuple));
  }
  return [...held].sort();
}

async function commits(log: ChangeLog) {
  return (await everything(log)).filter((message) => message.kind === 'commit');
}

describe('captured Writes', () => {
  test('take contiguous revisions, each naming the commit before it', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    const first = await one.handOver(captured(upstream, { writes: [anne] }));
    const second = await one.handOver(captured(upstream, { writes: [bob], deletes: [anne] }));
    expect([first.revision, second.revision]).toEqual([1, 2]);
    const [a, b] = await commits(log);
    expect(b?.previousCommitId).toBe(a?.commitId);
    expect(b?.parts).toEqual([
      { operation: 'delete', objectType: 'document', count: 1 },
      { operation: 'write', objectType: 'document', count: 1 },
    ]);
    expect(b?.touched).toEqual([{ type: 'document', relation: 'viewer' }]);
    expect(await folded(log)).toEqual([keyText(bob)]);
  });

  test('are not published again by the walk behind them', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.handOver(captured(upstream, { writes: [anne] }));
    await one.handOver(captured(upstream, { deletes: [anne] }));
    await one.barrier();
    expect(one.found).toEqual([]);
    expect((await commits(log)).map((commit) => commit.origin)).toEqual(['capture', 'capture']);
  });
});

describe('what nobody handed over', () => {
  test('a Write that bypassed the sidecar is found by the next walk', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    upstream.commit({ writes: [anne, bob] });
    const head = await one.barrier('marker-1');
    expect(head.revision).toBe(1);
    expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
    expect((await everything(log)).at(-1)).toMatchObject({
      kind: 'marker',
      markerId: 'marker-1',
      revision: 1,
    });
  });

  test('is published as the present state: a right that was revoked meanwhile does not flicker back', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    upstream.commit({ writes: [anne] });
    upstream.commit({ deletes: [anne] });
    await one.barrier();
    const parts = (await everything(log)).filter((message) => message.kind === 'part');
    expect(parts.map((part) => part.operation)).toEqual(['delete']);
  });

  test('a crash between commit and publish: the next sequencer goes on at the checkpoint and finds it', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const before = sequencer(upstream, log);
    await before.handOver(captured(upstream, { writes: [anne] }));
    await before.barrier();
    upstream.commit({ writes: [bob] }); // committed, and the process dies here
    const after = sequencer(upstream, log);
    await after.barrier();
    expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
    const epochs = new Set((await everything(log)).map((message) => message.epoch));
    expect(epochs.size).toBe(1);
  });

  test('an entry that becomes visible after later ones is found by the overlap', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    const show = upstream.commitLate({ writes: [anne] });
    upstream.commit({ writes: [bob] });
    await one.barrier();
    show();
    await one.barrier();
    expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
  });
});

test('a late entry whose re-read fails is late again at the next walk', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryChangeLog();
  const one = sequencer(upstream, log);
  await one.barrier();
  const show = upstream.commitLate({ writes: [anne] });
  upstream.commit({ writes: [bob] });
  await one.barrier();
  show();
  upstream.beforeReadTuple = async () => {
    throw new Error('the primary hiccups');
  };
  await expect(one.barrier()).rejects.toThrow('hiccups');
  upstream.beforeReadTuple = undefined;
  await one.barrier();
  expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
});

test('a late entry that the predecessor passed over is found although the first reading of the recent past fails', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryChangeLog();
  const before = sequencer(upstream, log);
  await before.barrier();
  const show = upstream.commitLate({ writes: [anne] });
  upstream.commit({ writes: [bob] });
  await before.barrier('its checkpoint is in the log');
  show(); // and the process dies here; the next begins after an outage
  upstream.nowMs += 600_000;
  upstream.commit({ writes: [carol] });
  const after = sequencer(upstream, log);
  const { readChanges } = upstream;
  upstream.readChanges = async (...args) => {
    if (args[2] !== undefined) throw new Error('the primary hiccups');
    return readChanges(...args);
  };
  await expect(after.barrier()).rejects.toThrow('hiccups');
  upstream.readChanges = readChanges;
  await after.barrier();
  expect(await folded(log)).toEqual([anne, bob, carol].map(keyText));
});

test('an entry at the edge of the recent past is not found again and again', async () => {
  const upstream = createOrderedUpstream();
  const { readChanges } = upstream;
  // The upstream finds a moment by ids that one clock minted, and shows the times of another, which is behind.
  upstream.readChanges = (storeId, token, startMs) =>
    readChanges(storeId, token, startMs === undefined ? undefined : startMs - 100);
  const log = createMemoryChangeLog();
  const one = sequencer(upstream, log);
  await one.barrier();
  upstream.commit({ writes: [anne] });
  await one.barrier();
  upstream.nowMs += 30_050;
  upstream.commit({ writes: [bob] });
  for (let n = 0; n < 5; n += 1) await one.barrier();
  expect(one.found).toEqual([1, 1]);
});

describe('an upstream whose clock was set back', () => {
  /** Its ids follow its clock: what is committed afterwards lies behind the last entry, and its future it refuses. */
  function setBack() {
    let aheadMs = 3_600_000;
    const upstream = createFakeUpstream(() => Date.now() + aheadMs);
    const setRight = () => {
      aheadMs = 0;
    };
    return { upstream, setRight };
  }

  test('is walked on: what is written past the sidecars from then on is found', async () => {
    const { upstream, setRight } = setBack();
    const log = createMemoryChangeLog();
    const clock = handClock(Date.now());
    const one = sequencer(upstream, log, { clock });
    await one.barrier();
    upstream.write(STORE, { writes: [anne] });
    await one.barrier();
    setRight();
    upstream.write(STORE, { writes: [bob] });
    await one.barrier();
    expect(await folded(log)).toEqual([anne, bob].map(keyText));
    await clock.pass(60_000);
    upstream.write(STORE, { deletes: [bob] });
    await one.barrier();
    expect(await folded(log)).toEqual([keyText(anne)]);
    const found = one.found.length;
    for (let n = 0; n < 3; n += 1) await one.barrier();
    expect(one.found).toHaveLength(found);
  });

  test('has a history that can be begun, and taken up', async () => {
    const { upstream, setRight } = setBack();
    const log = createMemoryChangeLog();
    upstream.write(STORE, { writes: [anne] });
    setRight();
    await sequencer(upstream, log).barrier();
    upstream.write(STORE, { writes: [bob] });
    await sequencer(upstream, log).barrier();
    expect(await folded(log)).toContain(keyText(bob));
  });
});

test('what is written while the recent past is read again is not taken for late', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryChangeLog();
  const one = sequencer(upstream, log);
  await one.handOver(captured(upstream, { writes: [anne] }));
  await one.barrier();
  const read = upstream.readChanges;
  let during: Promise<unknown> | undefined;
  upstream.readChanges = async (...args) => {
    // The overlap is the reading with a start time; a Write passes through the sidecar just before it.
    if (args[2] !== undefined && !during) during = one.handOver(captured(upstream, { writes: [bob] }));
    return read(...args);
  };
  await one.barrier();
  await during;
  await one.barrier();
  expect(one.found).toEqual([]);
});

describe('doubtful keys', () => {
  test('a hand-over older than a re-read of its key does not overwrite what was read', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    const slow = captured(upstream, { writes: [anne] }); // its hand-over is late
    upstream.commit({ deletes: [anne] }); // a Write past the sidecar revokes it
    await one.barrier(); // the walk publishes the state: gone
    await one.handOver(slow);
    expect(await folded(log)).toEqual([]);
  });

  test('keys that were not held alone are re-read', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    const write = captured(upstream, { writes: [anne] });
    upstream.commit({ deletes: [anne] });
    await one.handOver({ ...write, exclusive: false });
    expect(await folded(log)).toEqual([]);
  });
});

test('a model written at the upstream itself is published once', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryChangeLog();
  const one = sequencer(upstream, log);
  const ids = ['01J00000000000000000000001', '01J00000000000000000000002'];
  for (const id of ids) {
    upstream.addModel({ id, schema_version: '1.1', type_definitions: [] });
    await one.barrier();
  }
  await one.barrier();
  const models = (await everything(log)).filter((message) => message.kind === 'model');
  expect(models.map((model) => model.modelId)).toEqual(ids);
});
