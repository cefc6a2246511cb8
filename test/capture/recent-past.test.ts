/** Entries that the upstream shows late, and an upstream whose clock was set back. */
import { describe, expect, test } from 'vitest';
import { createMemoryChangeLog } from '../../plugins/changelog/memory.ts';
import { keyText } from '../../src/fga/tuple.ts';
import { createFakeUpstream } from '../plugins/changelog/upstream-fake.ts';
import { handClock } from '../support/hand-clock.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';
import { anne, bob, captured, carol, folded, STORE, sequencer } from './one-store.ts';

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

test('who takes up a log publishes what comes after the checkpoint once, and what lies before it once more', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryChangeLog();
  const before = sequencer(upstream, log);
  await before.barrier();
  upstream.commit({ writes: [anne] });
  await before.barrier('its checkpoint is in the log');
  upstream.commit({ writes: [bob] });
  upstream.commit({ writes: [carol] });
  const after = sequencer(upstream, log);
  await after.barrier();
  expect(after.found).toEqual([1, 2]);
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
