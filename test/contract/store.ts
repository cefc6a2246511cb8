/** What every local store promises. This suite is the definition of a store plugin. */
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import { storeBulkContract } from './store-bulk.ts';
import { STORE, stateAt, tuple, viewOf } from './store-data.ts';
import { storeReadsContract } from './store-reads.ts';

export interface StoreFixture {
  readonly store: TupleStore;
  /** Removes what the store left. The store is closed before. */
  remove(): Promise<void>;
}

const OTHER = '01J0000000000000000000000B';

export function storeContract(name: string, open: () => Promise<StoreFixture>): void {
  describe(`${name}: a store`, () => {
    let fixture: StoreFixture;
    let store: TupleStore;

    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(async () => {
      await store.close();
      await fixture.remove();
    });

    storeReadsContract(() => store);
    storeBulkContract(() => store);

    it('shows nothing of a store that was never committed', () => {
      expect(store.view(STORE)).toBeUndefined();
      expect(store.state(STORE)).toBeUndefined();
      expect(store.stores()).toEqual([]);
      expect(store.count(STORE)).toBe(0);
      expect([...store.all(STORE)]).toEqual([]);
      expect(store.logPosition()).toBeUndefined();
    });

    it('shows a store from its first state on, with the tuples that came before it', async () => {
      await store.commit([{ storeId: STORE, writes: [tuple('user:a', 'doc:1')] }]);
      expect(store.view(STORE)).toBeUndefined();
      expect(store.stores()).toEqual([]);
      await store.commit([{ storeId: STORE, state: stateAt(1) }]);
      expect(store.stores()).toEqual([STORE]);
      expect(viewOf(store).tuple('doc:1', 'viewer', 'user:a')).toEqual(tuple('user:a', 'doc:1'));
    });

    it('keeps the state as it is where an edit names none', async () => {
      await store.commit([{ storeId: STORE, state: stateAt(3) }]);
      await store.commit([{ storeId: STORE, writes: [tuple('user:a', 'doc:1')] }]);
      expect(store.state(STORE)).toEqual(stateAt(3));
      expect(viewOf(store).state).toEqual(stateAt(3));
    });

    it('moves data, state and the position in the log together', async () => {
      const edit = { storeId: STORE, writes: [tuple('user:a', 'doc:1')], state: stateAt(7) };
      await store.commit([edit], { logId: 'stream@1', position: '42' });
      expect(store.logPosition()).toEqual({ logId: 'stream@1', position: '42' });
      await store.commit([], { logId: 'stream@1', position: '43' });
      expect(store.logPosition()).toEqual({ logId: 'stream@1', position: '43' });
      await store.commit([{ storeId: STORE, state: stateAt(8) }]);
      expect(store.logPosition()).toEqual({ logId: 'stream@1', position: '43' });
    });

    it('applies deletes before writes, and a later edit over an earlier one', async () => {
      const [a, b] = [tuple('user:a', 'doc:1'), tuple('user:b', 'doc:1')];
      const conditioned = { ...a, condition: { name: 'in_hours', context: { from: 9 } } };
      await store.commit([{ storeId: STORE, writes: [a, b], state: stateAt(1) }]);
      await store.commit([{ storeId: STORE, deletes: [a], writes: [conditioned] }]);
      expect(viewOf(store).tuple('doc:1', 'viewer', 'user:a')).toEqual(conditioned);
      await store.commit([
        { storeId: STORE, writes: [a] },
        { storeId: STORE, deletes: [a, b] },
        { storeId: STORE, writes: [b] },
      ]);
      expect([...store.all(STORE)]).toEqual([b]);
      expect(store.count(STORE)).toBe(1);
    });

    it('counts each tuple once, however often it is written or deleted', async () => {
      const writes = [tuple('user:a', 'doc:1'), tuple('user:a', 'doc:1'), tuple('user:b', 'doc:1')];
      for (let round = 0; round < 2; round++) {
        await store.commit([{ storeId: STORE, writes, state: stateAt(round) }]);
        expect(store.count(STORE)).toBe(2);
      }
      const deletes = [tuple('user:b', 'doc:1'), tuple('user:never', 'doc:1')];
      for (let round = 0; round < 2; round++) {
        await store.commit([{ storeId: STORE, deletes }]);
        expect(store.count(STORE)).toBe(1);
      }
    });

    it('keeps models as they came, and takes the greatest id for the latest', async () => {
      const models = ['01J2', '01J3', '01J1'].map(modelOf);
      await store.commit([{ storeId: STORE, models, state: stateAt(1) }]);
      expect(viewOf(store).latestModelId()).toBe('01J3');
      expect(viewOf(store).model('01J1')).toEqual(modelOf('01J1'));
      expect(viewOf(store).model('01J9')).toBeUndefined();
      await store.commit([{ storeId: STORE, models: [modelOf('01J0')] }]);
      expect(viewOf(store).latestModelId()).toBe('01J3');
      expect(viewOf(store).model('01J0')).toEqual(modelOf('01J0'));
    });

    it('gives the same object for the same model, so that it is compiled once', async () => {
      await store.commit([{ storeId: STORE, models: [modelOf('01J1')], state: stateAt(1) }]);
      const first = viewOf(store).model('01J1');
      await store.commit([{ storeId: STORE, state: stateAt(2) }]);
      expect(viewOf(store).model('01J1')).toBe(first);
    });

    it('keeps stores apart, and drops one with every trace of it', async () => {
      for (const storeId of [STORE, OTHER]) {
        const edit = { storeId, writes: [tuple('user:a', 'doc:1')], models: [modelOf('01J1')] };
        await store.commit([{ ...edit, state: stateAt(1) }]);
      }
      expect([...store.stores()].sort()).toEqual([STORE, OTHER]);
      await store.drop(STORE);
      expect(store.stores()).toEqual([OTHER]);
      expect(store.view(STORE)).toBeUndefined();
      expect(store.count(OTHER)).toBe(1);
      await store.commit([{ storeId: STORE, state: stateAt(2) }]);
      expect([...store.all(STORE)]).toEqual([]);
      expect(viewOf(store).latestModelId()).toBeUndefined();
      expect(viewOf(store).model('01J1')).toBeUndefined();
      expect([...store.all(OTHER)]).toEqual([tuple('user:a', 'doc:1')]);
      await store.drop('01J0000000000000000000000Z');
    });

    it('shows each view all of a commit or nothing of it, while commits go on', async () => {
      const users = Array.from({ length: 60 }, (_, i) => `user:${i}`);
      const commits = Array.from({ length: 40 }, (_, round) => {
        const keys = users.map((user) => tuple(user, 'doc:1'));
        const change = round % 2 === 0 ? { writes: keys } : { deletes: keys };
        return store.commit([{ storeId: STORE, ...change, state: stateAt(round + 1) }]);
      });
      let done = false;
      const all = Promise.all(commits).finally(() => {
        done = true;
      });
      while (!done) {
        await setImmediate();
        const view = store.view(STORE);
        if (view === undefined) continue;
        const wanted = view.state.head.revision % 2 === 1 ? users.length : 0;
        expect([...view.tuples('doc:1', 'viewer')]).toHaveLength(wanted);
        expect([...view.byUser('user:7', 'viewer', 'doc')]).toHaveLength(wanted === 0 ? 0 : 1);
      }
      await all;
    });

    it('refuses a view that was kept past a commit', async () => {
      await store.commit([{ storeId: STORE, state: stateAt(1) }]);
      const view = viewOf(store);
      await store.commit([{ storeId: STORE, state: stateAt(2) }]);
      expect(() => view.tuple('doc:1', 'viewer', 'user:a')).toThrow(/ask for a new one/);
    });

    it('reads all tuples of one moment, however slowly they are taken', async () => {
      const before = Array.from({ length: 300 }, (_, i) => tuple(`user:${i}`, `doc:${i % 40}`));
      await store.commit([{ storeId: STORE, writes: before, state: stateAt(1) }]);
      const seen: Tuple[] = [];
      for (const one of store.all(STORE)) {
        if (seen.length % 100 === 0) {
          const change = { deletes: before, writes: [tuple('user:late', `doc:${seen.length}`)] };
          await store.commit([{ storeId: STORE, ...change }]);
        }
        seen.push(one);
      }
      expect(seen).toHaveLength(before.length);
    });
  });
}

function modelOf(id: string): AuthorizationModel {
  return { id, schema_version: '1.1', type_definitions: [{ type: 'user' }, { type: 'doc', metadata: null }] };
}
