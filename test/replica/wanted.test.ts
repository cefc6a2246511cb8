import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import {
  centre,
  complete,
  edge,
  keys,
  STORE,
  stopAll,
  tuple,
  until,
  writeThrough,
} from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const documents = [{ storeId: STORE, objectTypes: ['document'] }];
const folders = [{ storeId: STORE, objectTypes: ['folder'] }];
const folder = tuple(1, { object: 'folder:f' });
const OTHER = '01J0000000000000000000000B';

afterEach(stopAll);

/** An upstream with a document and a folder, and its centre. */
function world(log: ChangeLog) {
  const upstream = createOrderedUpstream();
  upstream.commit({ writes: [tuple(1), folder] });
  return { upstream, sequencer: centre(upstream, log) };
}

/** A store whose drops take as long as the test wants. */
async function slowToDrop(): Promise<TupleStore & { release(): void }> {
  const store = await openMemoryStore();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const drop = async (storeId: string) => {
    await held;
    return store.drop(storeId);
  };
  return { ...store, drop, release };
}

test('other object types: not answered from before, erased first, then copied with the new types', async () => {
  const hub = createMemoryHub();
  const { upstream } = world(hub.open());
  const store = await openMemoryStore();
  const one = await edge(upstream, hub.open(), store);
  one.replica.want(documents);
  await until(() => complete(one) && store.count(STORE) === 1, 'the documents are here');
  one.replica.want(folders);
  expect(complete(one)).toBe(false);
  await until(() => complete(one), 'complete again');
  expect(keys(store.all(STORE))).toEqual(keys([folder]));
});

test('nothing is copied into a store before what it held is gone', async () => {
  const hub = createMemoryHub();
  const { upstream } = world(hub.open());
  const store = await slowToDrop();
  const first = await edge(upstream, hub.open(), { ...store, drop: async () => {} });
  await until(() => complete(first), 'complete');
  await first.stop();
  const one = await edge(upstream, hub.open(), store);
  one.replica.want(folders);
  one.replica.want(documents);
  await systemClock.sleep(100);
  expect(one.replica.track(STORE)).toBeUndefined();
  store.release();
  await until(() => complete(one), 'complete');
  expect(keys(store.all(STORE))).toEqual(keys([tuple(1)]));
});

test('a restart with other object types does not take up what the disk holds', async () => {
  const hub = createMemoryHub();
  const { upstream } = world(hub.open());
  const store = await openMemoryStore();
  const before = await edge(upstream, hub.open(), store);
  before.replica.want(documents);
  await until(() => complete(before) && store.count(STORE) === 1, 'the documents are here');
  await before.stop();
  const after = await edge(upstream, hub.open(), store);
  await until(() => complete(after), 'every type is here');
  expect(store.count(STORE)).toBe(2);
});

test('a drop that fails is told, tried again, and nothing is taken up meanwhile', async () => {
  const hub = createMemoryHub();
  const { upstream } = world(hub.open());
  const store = await openMemoryStore();
  let failures = 1;
  const drop = async (storeId: string) => {
    if (failures-- > 0) throw new Error('the disk is full');
    return store.drop(storeId);
  };
  const one = await edge(upstream, hub.open(), { ...store, drop });
  await until(() => one.replica.track(STORE)?.lastError !== undefined || complete(one), 'begun');
  await until(() => complete(one), 'complete');
  failures = 1;
  one.replica.want(documents);
  await systemClock.sleep(50);
  expect(one.replica.track(STORE)).toBeUndefined();
  await until(() => complete(one), 'complete with documents alone');
  expect(store.count(STORE)).toBe(1);
});

test('many stores that are copied one after the other share restarts of the session', async () => {
  const hub = createMemoryHub();
  const { upstream } = world(hub.open());
  const log = hub.open();
  let sessions = 0;
  const counted: ChangeLog = {
    ...log,
    reader: {
      ...log.reader,
      read(request) {
        sessions += 1;
        return log.reader.read(request);
      },
    },
  };
  const one = await edge(upstream, counted);
  const stores = Array.from({ length: 60 }, (_, n) => `01J00000000000000000000${`${n}`.padStart(3, '0')}`);
  one.replica.want(stores.map((storeId) => ({ storeId })));
  await until(() => one.replica.tracks().every(({ phase }) => phase === 'complete'), 'all complete', 20_000);
  expect(one.replica.tracks()).toHaveLength(60);
  expect(sessions).toBeLessThan(30);
});

test('a Write of a type that is not kept passes by without a gap', async () => {
  const hub = createMemoryHub();
  const { upstream, sequencer } = world(hub.open());
  const one = await edge(upstream, hub.open());
  one.replica.want(documents);
  await until(() => complete(one), 'complete');
  const copies = one.resyncs.length;
  await writeThrough(sequencer, upstream, { writes: [tuple(2), tuple(3, { object: 'folder:g' })] });
  await until(() => one.store.count(STORE) === 2, 'the document is here');
  expect(one.resyncs).toHaveLength(copies);
});

test('other subjects for the same types: read anew from the same place, and nothing is copied again', async () => {
  const hub = createMemoryHub();
  const { upstream, sequencer } = world(hub.open());
  const log = hub.open();
  const asked: (readonly string[] | undefined)[] = [];
  const seen: ChangeLog = {
    ...log,
    reader: {
      ...log.reader,
      read(request) {
        asked.push(request.filters[0]?.subjects);
        return log.reader.read(request);
      },
    },
  };
  const one = await edge(upstream, seen);
  const wide = [{ storeId: STORE, objectTypes: ['document'], subjects: ['rsfga.changes.>'] }];
  const narrow = [{ storeId: STORE, objectTypes: ['document'], subjects: ['rsfga.changes.*.*.document'] }];
  one.replica.want(wide);
  await until(() => complete(one), 'complete');
  const copies = one.resyncs.length;
  one.replica.want(narrow);
  expect(complete(one)).toBe(true);
  await until(() => asked.at(-1)?.join() === narrow[0]?.subjects.join(), 'read by the new subjects');
  await writeThrough(sequencer, upstream, { writes: [tuple(2)] });
  await until(() => one.store.count(STORE) === 2, 'the document is here');
  expect(one.resyncs).toHaveLength(copies);
  one.replica.want(documents);
  await until(() => asked.at(-1) === undefined, 'read by its own subjects');
});

test('while a large store is removed before it is copied anew, the others go on', async () => {
  const hub = createMemoryHub();
  const { upstream } = world(hub.open());
  const store = await openMemoryStore();
  let release = () => {};
  let rest = Promise.resolve();
  const removed: string[] = [];
  const drop = async (storeId: string) => {
    await store.drop(storeId);
    removed.push(storeId);
    await rest;
  };
  const one = await edge(upstream, hub.open(), { ...store, drop });
  one.replica.want([{ storeId: STORE }, { storeId: OTHER }]);
  await until(() => one.replica.tracks().every(({ phase }) => phase === 'complete'), 'both complete');
  rest = new Promise((resolve) => {
    release = resolve;
  });
  removed.length = 0;
  one.replica.resync(STORE, 'requested');
  await until(() => removed.includes(STORE), 'it is being removed');
  upstream.commit({ writes: [tuple(2)] });
  await until(() => store.count(OTHER) === 3, 'the other store has the change');
  release();
  await until(() => complete(one), 'complete again');
});
