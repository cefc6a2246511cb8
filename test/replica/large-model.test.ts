import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { centre, complete, edge, STORE, stopAll, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const OLDER = { id: '01J00000000000000000000001', schema_version: '1.1', type_definitions: [] };
const NEWER = { ...OLDER, id: '01J00000000000000000000002' };

afterEach(stopAll);

/** The centre cannot read models, so they travel without their body, as one does that is larger than a message. */
async function setUp() {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  upstream.addModel(OLDER);
  centre({ ...upstream, readModel: async () => undefined }, hub.open());
  const one = await edge(upstream, hub.open());
  await until(() => complete(one), 'complete');
  return { upstream, one };
}

test('a model that is larger than a message becomes visible with its revision, and no revision without it', async () => {
  const { upstream, one } = await setUp();
  const before = one.store.state(STORE)?.head.revision;
  const read = upstream.readModel;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = false;
  upstream.readModel = async (...args) => {
    asked = true;
    await held;
    return read(...args);
  };
  upstream.addModel(NEWER);
  await until(() => asked, 'the model is asked for');
  expect(one.store.state(STORE)?.head.revision).toBe(before);
  expect(one.store.view(STORE)?.latestModelId()).toBe(OLDER.id);
  release();
  await until(() => one.store.view(STORE)?.latestModelId() === NEWER.id, 'the model is there');
  expect(one.resyncs).toEqual(['new']);
});

test('when it cannot be fetched the store is copied again', async () => {
  const { upstream, one } = await setUp();
  upstream.readModel = async () => {
    throw new Error('the upstream is away');
  };
  upstream.addModel(NEWER);
  await until(() => one.resyncs.includes('model'), 'copied again');
  await until(() => complete(one) && one.store.view(STORE)?.latestModelId() === NEWER.id, 'there again');
});
