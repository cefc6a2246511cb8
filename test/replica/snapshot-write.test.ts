import { afterEach, expect, test, vi } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { SnapshotPlace } from '../../src/plugin/snapshots.ts';
import { snapshotPieces } from '../../src/replica/snapshot-file.ts';
import { writeSnapshot } from '../../src/replica/snapshot-write.ts';
import { createSnapshots } from '../../src/replica/snapshots.ts';
import {
  complete,
  keys,
  STORE,
  same,
  stopAll,
  tuple,
  until,
  writeThrough,
} from '../support/change-street.ts';
import { handClock } from '../support/hand-clock.ts';
import { take, world } from './snapshot-world.ts';

afterEach(stopAll);

test('a snapshot is of one revision, although changes go on while it is written', async () => {
  const { upstream, hub, sequencer, first } = await world();
  const before = keys(upstream.tuples());
  const log = hub.open();
  const place = log.snapshots as SnapshotPlace;
  const slow: SnapshotPlace = {
    ...place,
    put: (info, content) =>
      place.put(
        info,
        (async function* () {
          for await (const piece of content) {
            await writeThrough(sequencer, upstream, { writes: [tuple(8_000)], deletes: [tuple(4_000)] });
            await until(() => same(first, upstream), 'the change is in the store that is read');
            yield piece;
          }
        })(),
      ),
  };
  const outcome = await take({ ...log, snapshots: slow }, first);
  if (!('written' in outcome)) throw new Error('not written');
  const found: string[] = [];
  const bytes = place.get(outcome.written.name, new AbortController().signal);
  for await (const piece of snapshotPieces(outcome.written, bytes))
    if ('tuples' in piece) found.push(...keys(piece.tuples));
  expect(found.sort()).toEqual(before);
  expect(outcome.written.tuples).toBe(before.length);
});

test('an operator who asks for a copy gets one from the primary', async () => {
  const { upstream, hub, first } = await world();
  await take(hub.open(), first);
  const read = vi.spyOn(upstream, 'readTuples');
  first.replica.resync(STORE, 'requested');
  await until(() => complete(first) && first.resyncs.length === 2, 'copied again');
  expect(read).toHaveBeenCalled();
});

test('a store that is not complete is not written', async () => {
  const log = createMemoryHub().open();
  const store = await openMemoryStore();
  const head = { epoch: 'e', revision: 1, commitId: 'c' };
  await store.commit([
    { storeId: STORE, state: { head, phase: 'copying', position: '1', checkpoint: '', freshAtMs: 0 } },
  ]);
  const parts = { log, store, clock: systemClock, madeBy: 'x', stopped: () => false };
  expect(await writeSnapshot(parts, STORE, 0)).toEqual({ skipped: 'not complete' });
});

test('the schedule writes one per period for all sidecars together, and removes what is of no use', async () => {
  const { upstream, hub, first, sequencer } = await world();
  const clock = handClock(Date.now());
  const log = hub.open();
  const written: string[] = [];
  const common = {
    ...{ log, store: first.store, clock, logger: silentLog, everyMs: 60_000, chance: () => 0.5 },
    written: ({ madeBy }: { madeBy: string }) => void written.push(madeBy),
    failed: (_store: string, error: unknown) => expect.unreachable(String(error)),
  };
  const stop = new AbortController();
  const running = ['one', 'two'].map((madeBy) => createSnapshots({ ...common, madeBy }).run(stop.signal));
  const pass = async (periods: number) => {
    for (let n = 0; n < periods * 10; n += 1) {
      await clock.pass(6_000);
      await systemClock.sleep(15);
    }
  };
  await pass(1);
  expect(written.length).toBeGreaterThan(0);
  const after = written.length;
  await pass(2);
  expect(written.length).toBe(after);
  await writeThrough(sequencer, upstream, { writes: [tuple(1_000_000)] });
  await until(() => same(first, upstream), 'changed');
  await pass(2);
  expect(written.length).toBeGreaterThan(after);
  expect(await log.snapshots?.list()).toHaveLength(2);
  hub.replace();
  await until(() => first.resyncs.length > 1 && complete(first), 'copied again');
  await pass(1);
  expect(
    (await log.snapshots?.list())?.every(({ logId }) => logId === first.store.logPosition()?.logId),
  ).toBe(true);
  stop.abort();
  await Promise.all(running);
});
