/** What every local store promises about very many tuples: freezing a store to copy it out, filling one in. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { byKey, keyText, type Tuple } from '../../src/fga/tuple.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import { STORE, stateAt, tuple, viewOf } from './store-data.ts';

const OTHER = '01J0000000000000000000000B';
const model = { id: '01J00000000000000000000M01', schema_version: '1.1', type_definitions: [] };
const COPYING = { ...stateAt(1), phase: 'copying' } as const;

export function storeBulkContract(open: () => TupleStore): void {
  const users = Array.from({ length: 700 }, (_, n) => tuple(`user:${n % 90}`, `doc:${n % 300}`));
  const data = [
    ...new Map(
      [...users, tuple('group:g#member', 'doc:1'), odd()].map((one) => [keyText(one), one]),
    ).values(),
  ].sort(byKey);

  it('freezes state, models and tuples of one commit, whatever comes after', async () => {
    const store = open();
    await store.commit([{ storeId: STORE, writes: data, models: [model], state: stateAt(1) }]);
    const frozen = store.freeze(STORE);
    expect(frozen).toMatchObject({ state: stateAt(1), models: [model], count: data.length });
    const seen: Tuple[] = [];
    let revision = 1;
    for (const one of frozen?.tuples ?? []) {
      seen.push(one);
      if (seen.length % 100 !== 1) continue;
      revision += 1;
      const writes = [tuple(`user:late-${revision}`, 'doc:1'), tuple('user:late', `doc:0-${revision}`)];
      await store.commit([
        { storeId: STORE, deletes: data.slice(-revision), writes, state: stateAt(revision) },
      ]);
    }
    frozen?.release();
    expect(seen.sort(byKey)).toEqual(data);
  });

  it('freezes nothing where nothing is held', () => {
    expect(open().freeze(STORE)).toBeUndefined();
  });

  it.each(['ordered', 'unordered'])('fills a store, %s, so that every index has it', async (order) => {
    const store = open();
    await store.commit([{ storeId: STORE, state: COPYING }]);
    const list = order === 'ordered' ? data : [...data].sort((a, b) => (a.user < b.user ? 1 : -1));
    await store.load({ storeId: STORE, batches: inBatches(list) });
    await store.commit([{ storeId: STORE, state: stateAt(1) }]);
    expect(store.count(STORE)).toBe(data.length);
    expect([...store.all(STORE)]).toEqual(data);
    const view = viewOf(store);
    for (const one of data) {
      const type = one.object.slice(0, one.object.indexOf(':'));
      expect(view.tuple(one.object, one.relation, one.user)).toEqual(one);
      expect([...view.byUser(one.user, one.relation, type)]).toContainEqual(one);
    }
    await store.commit([{ storeId: STORE, deletes: data.slice(1), state: stateAt(2) }]);
    expect([...store.all(STORE)]).toEqual(data.slice(0, 1));
  });

  it('goes on with other stores while one is filled, and keeps what they wrote', async () => {
    const store = open();
    await store.commit([{ storeId: STORE, state: COPYING }]);
    const loading = store.load({ storeId: STORE, batches: inBatches(data, 20) });
    for (let n = 1; n <= 5; n += 1)
      await store.commit([{ storeId: OTHER, writes: [tuple(`user:${n}`, 'doc:1')], state: stateAt(n) }]);
    await loading;
    expect([store.count(STORE), store.count(OTHER)]).toEqual([data.length, 5]);
  });

  it('gives up filling a store that was dropped meanwhile, and leaves nothing of it', async () => {
    const store = open();
    await store.commit([{ storeId: STORE, state: COPYING }]);
    const batches = (async function* () {
      yield data.slice(0, 100);
      await store.drop(STORE);
      yield data.slice(100, 200);
    })();
    await expect(store.load({ storeId: STORE, batches })).rejects.toThrow(/dropped|begun/);
    await store.commit([{ storeId: STORE, state: stateAt(1) }]);
    expect([...store.all(STORE)]).toEqual([]);
    expect([...viewOf(store).byUser('user:1', 'viewer', 'doc')]).toEqual([]);
  });

  it('passes on a fault of the batches', async () => {
    const store = open();
    await store.commit([{ storeId: STORE, state: COPYING }]);
    const batches = (async function* () {
      yield data.slice(0, 10);
      await setImmediate();
      throw new Error('the source ended');
    })();
    await expect(store.load({ storeId: STORE, batches })).rejects.toThrow('the source ended');
  });
}

function odd(): Tuple {
  return { ...tuple('user:ü', 'doc:é'), condition: { name: 'hours', context: { from: 9 } } };
}

async function* inBatches(list: readonly Tuple[], size = 150): AsyncGenerator<readonly Tuple[]> {
  for (let at = 0; at < list.length; at += size) {
    await setImmediate();
    yield list.slice(at, at + size);
  }
}
