/**
 * The tuples of one store, in the order in which they came, with the indexes that the engine reads. A list is sorted when
 * it is first read after a change.
 */
import type { TupleReader } from '../../../src/fga/reader.ts';
import { keyText, type Tuple, type TupleKey, typeOf, userKind } from '../../../src/fga/tuple.ts';

export interface Row extends Tuple {
  readonly insertedAtMs: number;
  /** Ascending with insertion. */
  readonly sequence: number;
  deleted: boolean;
}

export interface TupleTable extends TupleReader {
  readonly size: number;
  get(key: TupleKey): Row | undefined;
  /** The key must not be there. */
  insert(tuple: Tuple, insertedAtMs: number): void;
  remove(key: TupleKey): void;
  /** All rows as they came. Valid until the next change. */
  all(): readonly Row[];
  /** Relations that were ever used on objects of this type. */
  relations(objectType: string): readonly string[];
}

export function createTupleTable(): TupleTable {
  const byKey = new Map<string, Row>();
  const byNode = createIndex(byUserOrder);
  const byUser = createIndex(byObjectOrder);
  const byType = createIndex(byObjectOrder);
  const relations = new Map<string, Set<string>>();
  let rows: Row[] = [];
  let sequence = 0;
  const indexed = (row: Row, change: 'add' | 'drop') => {
    const type = typeOf(row.object);
    byNode[change](`${row.relation} ${row.object}`, row);
    byUser[change](`${row.user} ${row.relation} ${type}`, row);
    byType[change](`${row.relation} ${type}`, row);
  };
  const tuples = (object: string, relation: string) => byNode.list(`${relation} ${object}`);
  return {
    get size() {
      return byKey.size;
    },
    get: (key) => byKey.get(keyText(key)),
    insert(tuple, insertedAtMs) {
      sequence += 1;
      const row = { ...tuple, insertedAtMs, sequence, deleted: false };
      byKey.set(keyText(tuple), row);
      rows.push(row);
      indexed(row, 'add');
      const type = typeOf(tuple.object);
      const known = relations.get(type);
      if (known) known.add(tuple.relation);
      else relations.set(type, new Set([tuple.relation]));
    },
    remove(key) {
      const row = byKey.get(keyText(key));
      if (!row) return;
      byKey.delete(keyText(key));
      row.deleted = true;
      indexed(row, 'drop');
    },
    all() {
      if (rows.length > byKey.size) rows = rows.filter((row) => !row.deleted);
      return rows;
    },
    relations: (objectType) => [...(relations.get(objectType) ?? [])],
    tuple: (object, relation, user) => byKey.get(keyText({ object, relation, user })),
    tuples,
    usersets: (object, relation) =>
      tuples(object, relation).filter(({ user }) => userKind(user) === 'userset'),
    byUser: (user, relation, objectType) => byUser.list(`${user} ${relation} ${objectType}`),
    byType: (objectType, relation) => byType.list(`${relation} ${objectType}`),
  };
}

interface Group {
  readonly rows: Set<Row>;
  sorted: readonly Row[] | undefined;
}

interface Index {
  add(key: string, row: Row): void;
  drop(key: string, row: Row): void;
  list(key: string): readonly Row[];
}

const NONE: readonly Row[] = [];

function createIndex(order: (a: Row, b: Row) => number): Index {
  const groups = new Map<string, Group>();
  return {
    add(key, row) {
      const group = groups.get(key);
      if (!group) groups.set(key, { rows: new Set([row]), sorted: undefined });
      else {
        group.rows.add(row);
        group.sorted = undefined;
      }
    },
    drop(key, row) {
      const group = groups.get(key);
      if (!group?.rows.delete(row)) return;
      group.sorted = undefined;
      if (group.rows.size === 0) groups.delete(key);
    },
    list(key) {
      const group = groups.get(key);
      if (!group) return NONE;
      group.sorted ??= [...group.rows].sort(order);
      return group.sorted;
    },
  };
}

const RANK = { object: 0, wildcard: 1, userset: 2 } as const;

function byUserOrder(a: Row, b: Row): number {
  return RANK[userKind(a.user)] - RANK[userKind(b.user)] || compare(a.user, b.user);
}

function byObjectOrder(a: Row, b: Row): number {
  return compare(a.object, b.object) || compare(a.user, b.user);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
