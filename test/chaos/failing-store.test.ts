/** A local store that fails by injection: what stands for a full disk where no small disk can be made. */
import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
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

afterEach(stopAll);

test('a store that refuses changes is complete no more, and equal again once it takes them', async () => {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  const disk = { full: false };
  const sequencer = centre(upstream, hub.open());
  const one = await edge(upstream, hub.open(), failing(await openMemoryStore(), disk));
  await until(() => complete(one), 'complete');
  await writeThrough(sequencer, upstream, { writes: [tuple(1)] });
  await until(() => same(one, upstream), 'the first change');
  disk.full = true;
  await writeThrough(sequencer, upstream, { writes: [tuple(2)], deletes: [tuple(1)] });
  await until(() => !complete(one), 'it says that it is not complete');
  await writeThrough(sequencer, upstream, { writes: [tuple(3)] });
  await systemClock.sleep(300);
  expect(complete(one)).toBe(false);
  expect(one.resyncs).toContain('refused');
  disk.full = false;
  await until(() => complete(one) && same(one, upstream), 'equal', 15_000);
  expect(one.replica.track(STORE)?.lastError).toBeUndefined();
});

/** Everything that would write fails while the disk is full. */
function failing(store: TupleStore, disk: { readonly full: boolean }): TupleStore {
  const refuse = () => Promise.reject(new Error('no space left on device'));
  return {
    ...store,
    commit: (...args) => (disk.full ? refuse() : store.commit(...args)),
    drop: (...args) => (disk.full ? refuse() : store.drop(...args)),
  };
}
