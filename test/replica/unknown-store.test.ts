/** Ids in the products that the upstream has no store of: they are named, and keep no other store waiting. */
import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { centre, complete, edge, STORE, stopAll, tuple, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

const WRONG = ['01J0000000000000000000000X', '01J0000000000000000000000Y', '01J0000000000000000000000Z'];
const wanted = (...storeIds: string[]) => storeIds.map((storeId) => ({ storeId }));

/** An upstream that has the store `STORE` and no other. */
function upstreamWithOne() {
  const upstream = createOrderedUpstream();
  upstream.hasStore = async (id) => id === STORE;
  upstream.commit({ writes: [tuple(1)] });
  return upstream;
}

test('a store is copied although several wrong ids stand before it', async () => {
  const upstream = upstreamWithOne();
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  const one = await edge(upstream, hub.open());
  one.replica.want(wanted(...WRONG));
  await until(() => WRONG.every((id) => one.replica.track(id)?.lastError), 'all were tried', 8_000);
  one.replica.want(wanted(...WRONG, STORE));
  await until(() => complete(one), 'the right one is complete', 8_000);
});

test('a wrong id is told as such, by its name, until it is wanted no more or the store is made', async () => {
  const upstream = upstreamWithOne();
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  const one = await edge(upstream, hub.open());
  const [wrong = '', later = ''] = WRONG;
  one.replica.want(wanted(STORE, wrong, later));
  await until(() => complete(one), 'the right one is complete', 8_000);
  const unknown = () => String(one.troubles.get('unknown-store') ?? '');
  await until(() => unknown().includes(wrong) && unknown().includes(later), 'both are named', 8_000);
  expect(one.replica.track(wrong)).toMatchObject({ unknown: true, phase: 'broken' });
  expect(one.replica.track(STORE)).toMatchObject({ unknown: false, phase: 'complete' });
  expect(one.troubles.get('copy')).toBeUndefined();
  upstream.hasStore = async (id) => id !== wrong;
  await until(() => one.replica.track(later)?.phase === 'complete', 'the one made meanwhile is kept', 12_000);
  expect(one.replica.track(later)?.unknown).toBe(false);
  expect(unknown()).toMatch(new RegExp(`no store ${wrong}$`));
  one.replica.want(wanted(STORE, later));
  await until(() => unknown() === '', 'all is well', 8_000);
});

test('a store whose barrier stays away although the upstream has it is no wrong id', async () => {
  const upstream = upstreamWithOne();
  const hub = createMemoryHub();
  const other = createOrderedUpstream();
  other.hasStore = async () => false;
  centre(other, hub.open());
  const one = await edge(upstream, hub.open());
  await until(() => one.troubles.get('copy') !== undefined, 'it is told', 8_000);
  expect(String(one.troubles.get('copy'))).toContain('stands before another server');
  expect(one.replica.track(STORE)?.unknown).toBe(false);
  expect(one.troubles.get('unknown-store')).toBeUndefined();
});

test('a copy that fails is well again only when every one is', async () => {
  const upstream = upstreamWithOne();
  upstream.hasStore = async () => true;
  const hub = createMemoryHub();
  centre(upstream, hub.open());
  const [bad = ''] = WRONG;
  let broken = true;
  const read = upstream.readTuples;
  upstream.readTuples = (id, ...more) =>
    broken && id === bad ? Promise.reject(new Error('refused')) : read(id, ...more);
  const one = await edge(upstream, hub.open());
  one.replica.want(wanted(bad, STORE));
  await until(() => complete(one), 'the sound one is complete', 8_000);
  await until(() => String(one.troubles.get('copy')).includes('refused'), 'the other one fails');
  one.replica.resync(STORE, 'requested');
  await until(() => one.resyncs.includes('requested') && complete(one), 'copied again', 8_000);
  expect(String(one.troubles.get('copy'))).toContain('refused');
  broken = false;
  await until(() => one.troubles.get('copy') === undefined, 'all are well', 8_000);
});
