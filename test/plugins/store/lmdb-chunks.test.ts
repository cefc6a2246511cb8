/** A user with thousands of objects: written, taken away and read back in every order. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../plugins/store/lmdb.ts';
import type { TupleStore } from '../../../src/plugin/store.ts';
import { STORE, stateAt, tuple, viewOf } from '../../contract/store-data.ts';
import { chance } from '../../support/chance.ts';
import { temporaryFolder } from '../../support/children.ts';

describe('the objects of one user', () => {
  const path = temporaryFolder('chunks');
  let store: TupleStore;
  beforeEach(async () => {
    store = await openLmdbStore({ path });
    await store.commit([{ storeId: STORE, state: stateAt(1) }]);
  });
  afterEach(async () => {
    await store.close();
    rmSync(path, { recursive: true });
  });

  const objects = () => [...viewOf(store).byUser('user:a', 'viewer', 'doc')].map(({ object }) => object);
  const change = (writes: Iterable<string>, deletes: Iterable<string>) => {
    const named = (names: Iterable<string>) => [...names].map((name) => tuple('user:a', `doc:${name}`));
    return store.commit([{ storeId: STORE, writes: named(writes), deletes: named(deletes) }]);
  };

  it('are all there, in order, after any writes and deletes', async () => {
    const dice = chance(5);
    const held = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const growing = round < 30;
      const writes = Array.from({ length: dice.below(growing ? 200 : 20) }, () => nameOf(dice.below(5_000)));
      const deletes = [...held].filter(() => dice.below(growing ? 12 : 5) === 0);
      await change(writes, deletes);
      for (const name of deletes) held.delete(name);
      for (const name of writes) held.add(name);
      expect(objects()).toEqual([...held].sort().map((name) => `doc:${name}`));
    }
    await change([], held);
    expect(objects()).toEqual([]);
    await change(held, []);
    expect(objects()).toHaveLength(held.size);
  });

  it('stay apart from those of users and types whose names begin alike', async () => {
    const names = Array.from({ length: 300 }, (_, n) => nameOf(n));
    const others = names.flatMap((name) => [
      tuple('user:ab', `doc:${name}`),
      tuple('user:a', `docs:${name}`),
    ]);
    await store.commit([{ storeId: STORE, writes: others }]);
    await change(names, []);
    await change(
      [],
      names.filter((_, n) => n % 2 === 0),
    );
    expect(objects()).toHaveLength(150);
    expect([...viewOf(store).byUser('user:ab', 'viewer', 'doc')]).toHaveLength(300);
    expect([...viewOf(store).byUser('user:a', 'viewer', 'docs')]).toHaveLength(300);
  });

  it('keep their conditions, however long one is', async () => {
    const long = { name: 'c', context: { text: 'ü'.repeat(10_000) } };
    const writes = Array.from({ length: 100 }, (_, n) => {
      const plain = tuple('user:a', `doc:${nameOf(n)}`);
      return n % 10 === 0 ? { ...plain, condition: long } : plain;
    });
    await store.commit([{ storeId: STORE, writes }]);
    expect([...viewOf(store).byUser('user:a', 'viewer', 'doc')]).toEqual(writes);
  });
});

function nameOf(n: number): string {
  return `${String(n).padStart(4, '0')}-é`;
}
