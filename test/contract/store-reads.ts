/** The reads of a store against the plainest store there is: a list of tuples. */
import { expect, it } from 'vitest';
import { byKey, keyText, type Tuple, typeOf, userKind } from '../../src/fga/tuple.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import { type Chance, chance } from '../support/chance.ts';
import { STORE, stateAt, tuple, viewOf } from './store-data.ts';

export function storeReadsContract(storeNow: () => TupleStore): void {
  it('finds what a list of the tuples holds, through every read, after any commits', async () => {
    const store = storeNow();
    const random = chance(11);
    const list = new Map<string, Tuple>();
    for (let round = 0; round < 25; round++) {
      const writes = Array.from({ length: random.below(120) }, () => randomTuple(random));
      const deletes = [...list.values()].filter(() => random.below(4) === 0);
      await store.commit([{ storeId: STORE, writes, deletes, state: stateAt(round) }]);
      for (const key of deletes) list.delete(keyText(key));
      for (const one of writes) list.set(keyText(one), one);
      expectReads(store, [...list.values()].sort(byKey));
    }
  });

  it('keeps every kind of user apart from the others', async () => {
    const store = storeNow();
    const users = ['user:*', 'user:a', 'group:g#member', 'group:g', 'group:*', 'user:*x', 'user:a|b*'];
    await store.commit([
      { storeId: STORE, writes: users.map((user) => tuple(user, 'doc:1')), state: stateAt(1) },
    ]);
    const view = viewOf(store);
    expect([...view.usersets('doc:1', 'viewer')]).toEqual([tuple('group:g#member', 'doc:1')]);
    for (const user of users) expect(view.tuple('doc:1', 'viewer', user)).toEqual(tuple(user, 'doc:1'));
    expect(view.tuple('doc:1', 'viewer', 'group:g#owner')).toBeUndefined();
  });

  it('never takes one name for another that begins or ends like it', async () => {
    const store = storeNow();
    const objects = [
      'a:b',
      'a:b:c',
      'a:bc',
      'ab:c',
      'a-b:c',
      'a:b/c',
      'a1:b',
      'a:b|c',
      'a:é',
      'a:e',
      'a:日本',
      'a:🔥',
    ];
    const relations = ['r', 'r2', 'can_r', 'é'];
    const users = ['u:1', 'u:11', 'u:1#r', 'u:1#r2', 'u:é', 'u:日本#r', 'u:*'];
    const writes = objects.flatMap((object, i) =>
      relations.flatMap((relation, j) =>
        users.filter((_, k) => (i + j + k) % 3 === 0).map((user) => ({ user, relation, object })),
      ),
    );
    await store.commit([{ storeId: STORE, writes, state: stateAt(1) }]);
    expectReads(store, [...writes].sort(byKey));
    const view = viewOf(store);
    const held = new Set(writes.map(keyText));
    for (const object of objects) {
      for (const relation of relations) {
        for (const user of users) {
          const found = view.tuple(object, relation, user) !== undefined;
          expect(found, `${object} ${relation} ${user}`).toBe(held.has(keyText({ object, relation, user })));
        }
      }
    }
  });

  it('holds the longest names that OpenFGA allows, and a condition of 32 KiB', async () => {
    const store = storeNow();
    const object = `${'t'.repeat(100)}:${'🔥'.repeat(155)}`;
    const relation = 'é'.repeat(50);
    const user = `user:${'u'.repeat(507)}`;
    const condition = { name: 'c', context: { text: 'x'.repeat(32_000), list: [1, null, { deep: true }] } };
    const long: Tuple = { user, relation, object, condition };
    await store.commit([
      { storeId: STORE, writes: [long, tuple('user:a', object, relation)], state: stateAt(1) },
    ]);
    expect(viewOf(store).tuple(object, relation, user)).toEqual(long);
    expect([...viewOf(store).byUser(user, relation, 't'.repeat(100))]).toEqual([long]);
    expect([...viewOf(store).tuples(object, relation)]).toHaveLength(2);
  });

  it('answers nothing to names that no tuple can have', async () => {
    const store = storeNow();
    await store.commit([{ storeId: STORE, writes: [tuple('user:a', 'doc:1')], state: stateAt(1) }]);
    const view = viewOf(store);
    const odd = [
      '',
      'doc',
      'doc:',
      ':1',
      `doc:${'x'.repeat(5000)}`,
      'doc:1\0',
      'doc\0:1',
      'doc:1\0\u0002user:a',
    ];
    for (const name of odd) {
      expect(view.tuple(name, 'viewer', 'user:a')).toBeUndefined();
      expect(view.tuple('doc:1', name, 'user:a')).toBeUndefined();
      expect(view.tuple('doc:1', 'viewer', name)).toBeUndefined();
      expect([...view.tuples(name, 'viewer'), ...view.usersets(name, 'viewer')]).toEqual([]);
      expect([...view.byUser(name, 'viewer', 'doc'), ...view.byUser('user:a', name, 'doc')]).toEqual([]);
      expect([...view.byUser('user:a', 'viewer', `${name}\0`)]).toEqual([]);
      expect([...view.byType(`${name}-`, 'viewer'), ...view.byType('doc', name)]).toEqual([]);
    }
    expect([...view.byType('doc\0viewer', '1')]).toEqual([]);
  });

  it('may be left in the middle of a list, and read again', async () => {
    const store = storeNow();
    const writes = Array.from({ length: 500 }, (_, i) =>
      tuple(`user:${String(i).padStart(4, '0')}`, 'doc:1'),
    );
    await store.commit([{ storeId: STORE, writes, state: stateAt(1) }]);
    const view = viewOf(store);
    for (let round = 0; round < 300; round++) {
      for (const one of view.tuples('doc:1', 'viewer')) {
        expect(one.user).toBe('user:0000');
        expect(view.tuple('doc:1', 'viewer', 'user:0499')).toBeDefined();
        break;
      }
    }
    expect([...view.tuples('doc:1', 'viewer')]).toEqual(writes);
  });
}

const TYPES = ['doc', 'doc1', 'folder', 'group'];
const RELATIONS = ['viewer', 'owner', 'member'];

/** Few objects and many users, so that some lists grow long and shrink again. */
function randomTuple(random: Chance): Tuple {
  const object = `${random.pick(TYPES)}:${random.below(random.pick([2, 40]))}`;
  const userset = `group:${random.below(60)}#${random.pick(RELATIONS)}`;
  const user = random.pick([`user:${random.below(200)}`, userset, 'user:*', `user:ü${random.below(9)}`]);
  const key = { user, relation: random.pick(RELATIONS), object };
  if (random.below(5) > 0) return key;
  return {
    ...key,
    condition: { name: 'cond', context: { n: random.below(1000), t: 'é'.repeat(random.below(90)) } },
  };
}

function expectReads(store: TupleStore, list: readonly Tuple[]): void {
  expect([...store.all(STORE)]).toEqual(list);
  expect(store.count(STORE)).toBe(list.length);
  const view = viewOf(store);
  for (const [key, wanted] of grouped(list, ({ object, relation }) => [object, relation])) {
    const [object = '', relation = ''] = key.split(' ');
    const found = [...view.tuples(object, relation)];
    expect([...found].sort(byKey)).toEqual(wanted);
    for (const kind of ['object', 'userset', 'wildcard'] as const) {
      const ofKind = (tuples: readonly Tuple[]) => tuples.filter(({ user }) => userKind(user) === kind);
      expect(ofKind(found)).toEqual(ofKind(wanted));
    }
    expect([...view.usersets(object, relation)]).toEqual(wanted.filter(({ user }) => user.includes('#')));
    for (const one of wanted) expect(view.tuple(object, relation, one.user)).toEqual(one);
    expect(view.tuple(object, relation, 'user:nobody')).toBeUndefined();
  }
  for (const [key, wanted] of grouped(list, ({ user, relation, object }) => [
    user,
    relation,
    typeOf(object),
  ])) {
    const [user = '', relation = '', type = ''] = key.split(' ');
    expect([...view.byUser(user, relation, type)]).toEqual(wanted);
  }
  for (const [key, wanted] of grouped(list, ({ object, relation }) => [typeOf(object), relation])) {
    const [type = '', relation = ''] = key.split(' ');
    const found = [...view.byType(type, relation)];
    expect([...found].sort(byKey)).toEqual(wanted);
    expect(found.map(({ object }) => object)).toEqual(wanted.map(({ object }) => object));
  }
}

/** In the order of the list, which is the order of keys. */
function grouped(list: readonly Tuple[], parts: (tuple: Tuple) => string[]): Map<string, Tuple[]> {
  const groups = new Map<string, Tuple[]>();
  for (const one of list) {
    const key = parts(one).join(' ');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}
