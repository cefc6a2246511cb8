/** What a copy holds is written beside it: another list of object types makes another copy, also across a restart. */
import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import { typeOf } from '../../src/fga/tuple.ts';
import { centre, edge, STORE, stopAll, tuple, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

const FOLDER = { user: 'user:anne', relation: 'viewer', object: 'folder:a' };

async function world() {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  upstream.commit({ writes: [tuple(1), tuple(2), FOLDER] });
  centre(upstream, hub.open());
  const store = await openMemoryStore();
  const types = () => [...new Set([...store.all(STORE)].map(({ object }) => typeOf(object)))].sort();
  const run = async (objectTypes?: readonly string[]) => {
    const one = await edge(upstream, hub.open(), store, objectTypes ? { objectTypes } : {});
    await until(() => store.state(STORE)?.phase === 'complete' && isOf(objectTypes), 'complete');
    return one;
  };
  const isOf = (objectTypes?: readonly string[]) =>
    store.state(STORE)?.objectTypes?.join() === objectTypes?.join();
  return { upstream, store, types, run };
}

test('a copy of some types holds those, follows those, and says so', async () => {
  const { upstream, store, types, run } = await world();
  await run(['document']);
  expect(types()).toEqual(['document']);
  upstream.commit({ writes: [{ ...FOLDER, user: 'user:bob' }, tuple(9)] });
  await until(() => store.count(STORE) === 3, 'the change arrived');
  expect(types()).toEqual(['document']);
});

test('after a restart with more types listed the store is copied again', async () => {
  const { types, run } = await world();
  await (await run(['document'])).stop();
  const after = await run(['document', 'folder']);
  expect(types()).toEqual(['document', 'folder']);
  expect(after.resyncs).toEqual(['new']);
});

test('after a restart with fewer types listed nothing of the others is left', async () => {
  const { types, run } = await world();
  await (await run()).stop();
  await run(['document']);
  expect(types()).toEqual(['document']);
});

test('a copy of no types reads no tuples from the upstream', async () => {
  const { upstream, store, run } = await world();
  upstream.readTuples = () => Promise.reject(new Error('nothing is to be read'));
  await run([]);
  expect(store.count(STORE)).toBe(0);
});

test('the same types in another order are the same copy', async () => {
  const { run } = await world();
  await (await run(['document', 'folder'])).stop();
  expect((await run(['document', 'folder'])).resyncs).toEqual([]);
});
