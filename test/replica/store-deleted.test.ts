import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { centre, complete, edge, STORE, stopAll, tuple, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

test('a store that is deleted at the upstream is shown as such, and what is held of it stays', async () => {
  const upstream = createOrderedUpstream();
  let stores: readonly string[] = [STORE];
  upstream.listStores = async () => stores;
  const hub = createMemoryHub();
  upstream.commit({ writes: [tuple(1), tuple(2)] });
  centre(upstream, hub.open());
  const one = await edge(upstream, hub.open());
  await until(() => complete(one), 'complete');
  expect(one.replica.track(STORE)?.storeDeleted).toBe(false);
  stores = [];
  await until(() => one.replica.track(STORE)?.storeDeleted === true, 'the edge knows');
  expect((await hub.open().reader.head(STORE))?.storeDeleted).toBe(true);
  expect(one.store.count(STORE)).toBe(2);
  expect(complete(one)).toBe(true);
  // One that starts later learns it from the log.
  const later = await edge(upstream, hub.open());
  await until(() => complete(later) && later.replica.track(STORE)?.storeDeleted === true, 'so does another');
});
