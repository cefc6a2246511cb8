import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import { UnreadableHeadError } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import {
  centre,
  complete,
  edge,
  STORE,
  same,
  stopAll,
  tuple,
  until,
  writeThrough,
} from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const OTHER = '01J0000000000000000000000B';

afterEach(stopAll);

describe('a new edge', () => {
  test('copies the store, follows, and then holds exactly what the upstream holds', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    upstream.commit({ writes: Array.from({ length: 250 }, (_, n) => tuple(n)) });
    centre(upstream, hub.open());
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    expect(one.store.count(STORE)).toBe(250);
    upstream.commit({ deletes: [tuple(3)], writes: [tuple(1000)] });
    await until(() => same(one, upstream), 'the change arrived');
    expect(one.resyncs).toEqual(['new']);
  });

  test('misses nothing that is written while it copies', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    upstream.commit({ writes: Array.from({ length: 1_000 }, (_, n) => tuple(n)) });
    const sequencer = centre(upstream, hub.open());
    const slowRead = upstream.readTuples;
    upstream.readTuples = async (...args) => {
      await systemClock.sleep(5);
      return slowRead(...args);
    };
    const one = await edge(upstream, hub.open());
    for (let n = 0; n < 60; n += 1) {
      await writeThrough(sequencer, upstream, { writes: [tuple(2_000 + n)], deletes: [tuple(n * 3)] });
      await systemClock.sleep(2);
    }
    await until(() => complete(one) && same(one, upstream), 'equal');
    expect(one.resyncs).toEqual(['new']);
  });

  test('copies a store again whose newest word cannot be read; the others go on', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    upstream.commit({ writes: [tuple(1)] });
    centre(upstream, hub.open());
    const log = hub.open();
    let spoilt = false;
    const head = (storeId: string) =>
      spoilt && storeId === STORE
        ? Promise.reject(new UnreadableHeadError(storeId))
        : log.reader.head(storeId);
    const one = await edge(upstream, { ...log, reader: { ...log.reader, head } });
    await until(() => complete(one), 'complete');
    spoilt = true;
    one.replica.want([{ storeId: STORE }, { storeId: OTHER }]);
    await until(() => one.replica.track(OTHER)?.phase === 'complete', 'the other one is complete');
    await until(() => one.resyncs.includes('no-anchor'), 'the spoilt one is copied');
    spoilt = false;
    await until(() => complete(one), 'complete again', 10_000);
    upstream.commit({ writes: [tuple(2)] });
    await until(() => same(one, upstream), 'the change arrived');
  });

  test('answers nothing before its marker: without a sequencer it never becomes complete', async () => {
    const upstream = createOrderedUpstream();
    const one = await edge(upstream, createMemoryHub().open());
    await systemClock.sleep(100);
    expect(complete(one)).toBe(false);
    expect(one.replica.ageMs(STORE)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a restart', () => {
  test('goes on where it stood, without copying again', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    centre(upstream, hub.open());
    const before = await edge(upstream, hub.open());
    await until(() => complete(before), 'complete');
    await before.stop();
    upstream.commit({ writes: [tuple(1), tuple(2)] });
    const after = await edge(upstream, hub.open(), before.store);
    await until(() => same(after, upstream), 'equal');
    expect(after.resyncs).toEqual([]);
  });
});

test('a change that was not stored is not passed over by a restart before the copy', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  const sequencer = centre(upstream, hub.open());
  const held = await openMemoryStore();
  let full = false;
  const commit: typeof held.commit = async (edits, log) => {
    if (full && edits.some(({ deletes = [] }) => deletes.length > 0)) throw new Error('no space left');
    return held.commit(edits, log);
  };
  const log = hub.open();
  const ask: typeof log.control.ask = (question, timeoutMs) =>
    full ? Promise.reject(new Error('no sequencer')) : log.control.ask(question, timeoutMs);
  upstream.commit({ writes: [tuple(1), tuple(2)] });
  const before = await edge(upstream, { ...log, control: { ...log.control, ask } }, { ...held, commit });
  await until(() => complete(before), 'complete');
  // The store refuses the change, and no copy can begin. The log is read on, then the process ends.
  full = true;
  await writeThrough(sequencer, upstream, { deletes: [tuple(1)] });
  await until(() => before.resyncs.includes('refused'), 'refused');
  await sequencer.store(STORE).restate();
  const { last } = await log.reader.state();
  await until(() => held.logPosition()?.position === last, 'read on');
  await before.stop();
  const after = await edge(upstream, log, held);
  await until(() => complete(after) && same(after, upstream), 'the revoked right is gone');
  expect(after.resyncs).toEqual(['hole']);
});

describe('a log that does not fit', () => {
  test('a replaced log is noticed and the store copied again', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    centre(upstream, hub.open());
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    hub.replace();
    upstream.commit({ writes: [tuple(1)] });
    await until(() => one.resyncs.length > 1 && complete(one) && same(one, upstream), 'equal again');
    expect(
      one.resyncs.slice(1).every((reason) => ['log-replaced', 'no-anchor', 'epoch'].includes(reason)),
    ).toBe(true);
  });

  test('so is one that nobody writes to: the sequencer is made to speak up in the new log', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    upstream.commit({ writes: [tuple(1)] });
    centre(upstream, hub.open());
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    hub.replace();
    await until(() => one.resyncs.length > 1 && complete(one), 'complete again without a Write');
    expect(same(one, upstream)).toBe(true);
  });

  test('an edge that was away longer than the log reaches back copies again', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub({ retention: 20 });
    const sequencer = centre(upstream, hub.open());
    const before = await edge(upstream, hub.open());
    await until(() => complete(before), 'complete');
    await before.stop();
    for (let n = 0; n < 40; n += 1) {
      await writeThrough(sequencer, upstream, { writes: [tuple(n)], deletes: [] });
    }
    const after = await edge(upstream, hub.open(), before.store);
    await until(() => complete(after) && same(after, upstream), 'equal');
    expect(after.resyncs[0]).toMatch(/hole|forked/);
  });
});

describe('freshness', () => {
  test('the age stays young on a silent store and grows when the sequencer is cut off', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    centre(upstream, hub.open());
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    await systemClock.sleep(1_500);
    expect(one.replica.ageMs(STORE)).toBeLessThan(1_500);
    upstream.failing = true;
    await systemClock.sleep(2_500);
    expect(one.replica.ageMs(STORE)).toBeGreaterThan(2_000);
    upstream.failing = false;
    expect(await one.replica.barrier(STORE, 3_000)).toBe(true);
  });

  test('reached waits for a revision, and for no other epoch', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    const sequencer = centre(upstream, hub.open());
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    const epoch = one.replica.track(STORE)?.head.epoch ?? '';
    const waiting = one.replica.reached(STORE, { epoch, revision: 1 }, 2_000);
    await writeThrough(sequencer, upstream, { writes: [tuple(1)], deletes: [] });
    expect(await waiting).toBe(true);
    expect(
      await one.replica.reached(STORE, { epoch: '01J00000000000000000000ZZZ', revision: 1 }, 2_000),
    ).toBe(false);
  });
});

test('a store that is no longer wanted is erased', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  const one = await edge(upstream, hub.open());
  await until(() => complete(one), 'complete');
  one.replica.want([{ storeId: OTHER }]);
  await until(() => one.store.state(STORE) === undefined, 'erased');
  expect(one.store.stores()).not.toContain(STORE);
});

test('a barrier that nobody answers takes no longer than its caller waits', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  const log = hub.open();
  let silent = false;
  const ask: typeof log.control.ask = (question, timeoutMs) =>
    silent
      ? systemClock.sleep(timeoutMs).then(() => Promise.reject(new Error('no answer in time')))
      : log.control.ask(question, timeoutMs);
  const one = await edge(upstream, { ...log, control: { ...log.control, ask } });
  await until(() => complete(one), 'complete');
  expect(await one.replica.barrier(STORE, 2_000)).toBe(true);
  silent = true;
  const beganMs = systemClock.monoMs();
  expect(await one.replica.barrier(STORE, 50)).toBe(false);
  expect(systemClock.monoMs() - beganMs).toBeLessThan(2_000);
});
