/** Wall clocks that are moved in mid-run. Their monotonic half goes on, as it does on a real machine. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import { type Clock, systemClock } from '../../src/plugin/clock.ts';
import { ASK_EVERY_MS } from '../../src/replica/freshness.ts';
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

const HOUR_MS = 3_600_000;

afterEach(stopAll);

interface MovedClock extends Clock {
  movedMs: number;
}

function movable(movedMs = 0): MovedClock {
  const clock: MovedClock = { ...systemClock, movedMs, wallMs: () => Date.now() + clock.movedMs };
  return clock;
}

describe.each([
  ['back', -HOUR_MS],
  ['forward', HOUR_MS],
])('the wall clock is moved an hour %s', (_, byMs) => {
  test('at the centre, in mid-run: the history goes on and the edge holds what the upstream holds', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    const clock = movable();
    const sequencer = centre(upstream, hub.open(), clock);
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    const before = await writeThrough(sequencer, upstream, { writes: [tuple(1)] });
    clock.movedMs = byMs;
    const after = await writeThrough(sequencer, upstream, { writes: [tuple(2)], deletes: [tuple(1)] });
    expect(after).toMatchObject({ epoch: before.epoch, revision: before.revision + 1 });
    // One that passes the centre by, so that the walk, which reads by time, has to find it.
    upstream.commit({ writes: [tuple(3)] });
    await until(() => same(one, upstream), 'equal');
    expect(one.resyncs).toEqual(['new']);
  });

  test('at the centre, and the log is lost: another history begins, and the edge holds what the upstream holds', async () => {
    const upstream = createOrderedUpstream();
    const clock = movable();
    const hubs = [createMemoryHub(), createMemoryHub()];
    const first = centre(upstream, hubs[0]?.open() ?? raise(), clock);
    const old = await writeThrough(first, upstream, { writes: [tuple(1)] });
    clock.movedMs = byMs;
    const second = centre(upstream, hubs[1]?.open() ?? raise(), clock);
    const one = await edge(upstream, hubs[1]?.open() ?? raise());
    const young = await writeThrough(second, upstream, { writes: [tuple(2)] });
    await until(() => complete(one) && same(one, upstream), 'equal');
    expect(young.epoch).not.toBe(old.epoch);
  });

  test('at the upstream, in mid-run: what passes the centre by is still found', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    centre(upstream, hub.open());
    const one = await edge(upstream, hub.open());
    await until(() => complete(one), 'complete');
    upstream.commit({ writes: [tuple(1)] });
    await until(() => same(one, upstream), 'before');
    upstream.nowMs += byMs;
    upstream.commit({ writes: [tuple(2)], deletes: [tuple(1)] });
    await until(() => same(one, upstream), 'after');
  });

  test('at the edge, cut off: its data never looks younger than it is', async () => {
    const upstream = createOrderedUpstream();
    const hub = createMemoryHub();
    centre(upstream, hub.open());
    const clock = movable();
    const one = await edge(upstream, hub.open(), undefined, { clock });
    await until(() => complete(one) && one.replica.ageMs(STORE) < ASK_EVERY_MS, 'young');
    upstream.failing = true;
    await systemClock.sleep(50);
    const [ageMs, atMs] = [one.replica.ageMs(STORE), systemClock.monoMs()];
    clock.movedMs = byMs;
    await systemClock.sleep(300);
    const passedMs = systemClock.monoMs() - atMs;
    expect(one.replica.ageMs(STORE)).toBeGreaterThanOrEqual(ageMs + passedMs - 1);
    upstream.failing = false;
    await until(
      () => one.replica.ageMs(STORE) < 2 * ASK_EVERY_MS,
      'a round trip makes it young again',
      15_000,
    );
  });
});

test('an edge that starts while its wall clock is behind does not take what is on disk for young', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  const held = await openMemoryStore();
  const first = await edge(upstream, hub.open(), held);
  await until(() => complete(first) && first.replica.ageMs(STORE) < ASK_EVERY_MS, 'young');
  // Written down when the age is noted, at the latest when the next change is applied.
  upstream.commit({ writes: [tuple(1)] });
  await until(() => same(first, upstream), 'noted');
  await first.stop();
  upstream.failing = true;
  const again = await edge(upstream, hub.open(), held, { clock: movable(-HOUR_MS) });
  expect(again.replica.ageMs(STORE)).toBe(Number.POSITIVE_INFINITY);
  const ahead = await edge(upstream, hub.open(), held, { clock: movable(HOUR_MS) });
  expect(ahead.replica.ageMs(STORE)).toBeGreaterThanOrEqual(HOUR_MS);
});

function raise(): never {
  throw new Error('no hub');
}
