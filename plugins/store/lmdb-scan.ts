/** Walks over many rows of the index by object: the tuples of a (type, relation), and all of a store. */
import { byKey, type Tuple } from '../../src/fga/tuple.ts';
import type { Db, Snapshot } from './lmdb-db.ts';
import {
  afterPrefix,
  type Bytes,
  isOverlong,
  PLAIN,
  prefixOf,
  splitKey,
  storePrefix,
  textOf,
  USERSETS,
} from './lmdb-key.ts';
import { inlineMembers, isSpilled } from './lmdb-row.ts';
import { tupleOf } from './lmdb-tuple.ts';

/** A type and a relation that some tuple has, or may have. */
export interface Pair {
  readonly type: string;
  readonly relation: string;
}

/** Ordered by object. */
export function* scanPair(db: Db, store: number, pair: Pair, transaction?: Snapshot): Generator<Tuple> {
  const { type, relation } = pair;
  if (type.includes('\0') || relation.includes('\0') || isOverlong(type, relation, '')) return;
  for (const { key, value } of db.getRange(rangeOf(prefixOf(store, type, relation), transaction))) {
    const [, , id, member] = splitKey(key);
    const object = `${type}:${textOf(id)}`;
    if (member === '') yield* inlineTuples(value, relation, object);
    else yield tupleOf(textOf(member.slice(1)), relation, object, value.toString());
  }
}

/**
 * Every tuple, ordered by `keyText`, on one snapshot however long the reader takes. (Where ids hold characters beyond
 * U+FFFF the order is that of code points, not of JavaScript's string units.)
 */
export function* scanStore(db: Db, store: number): Generator<Tuple> {
  const snapshot = db.useReadTransaction();
  try {
    yield* scanSnapshot(db, store, snapshot);
  } finally {
    snapshot.done();
  }
}

/** The same on a snapshot that the caller holds. */
export function* scanSnapshot(db: Db, store: number, snapshot: Snapshot): Generator<Tuple> {
  for (const pairs of pairsByType(db, store, snapshot))
    yield* merged(pairs.map((pair) => scanPair(db, store, pair, snapshot)));
}

/** The pairs of each type, in the order that objects (`type:id`) have. */
function pairsByType(db: Db, store: number, snapshot: Snapshot): Pair[][] {
  const types = new Map<string, Pair[]>();
  for (const pair of pairsOf(db, store, snapshot)) {
    const pairs = types.get(pair.type);
    if (pairs === undefined) types.set(pair.type, [pair]);
    else pairs.push(pair);
  }
  return [...types].sort(([a], [b]) => (`${a}:` < `${b}:` ? -1 : 1)).map(([, pairs]) => pairs);
}

/** Jumps from pair to pair. */
function* pairsOf(db: Db, store: number, transaction: Snapshot): Generator<Pair> {
  const end = afterPrefix(storePrefix(store));
  let start: Bytes | undefined = storePrefix(store);
  while (start !== undefined) {
    const [key]: Bytes[] = [...db.getKeys({ start, end, limit: 1, transaction })];
    if (key === undefined) return;
    const [type, relation] = splitKey(key).map(textOf);
    yield { type: type ?? '', relation: relation ?? '' };
    start = afterPrefix(prefixOf(store, type ?? '', relation ?? ''));
  }
}

/** Several streams, each ordered by object, as one that is ordered by key. Holds the tuples of one object at a time. */
function* merged(streams: readonly Generator<Tuple>[]): Generator<Tuple> {
  let heads = streams.flatMap((stream) => advance(stream));
  while (heads.length > 0) {
    const object = leastObject(heads);
    const group: Tuple[] = [];
    heads = heads.flatMap((head) => takeObject(head, object, group));
    yield* group.sort(byKey);
  }
}

function leastObject(heads: readonly Head[]): string {
  let least: string | undefined;
  for (const { tuple } of heads) {
    if (least === undefined || tuple.object < least) least = tuple.object;
  }
  return least ?? '';
}

interface Head {
  readonly tuple: Tuple;
  readonly stream: Generator<Tuple>;
}

function advance(stream: Generator<Tuple>): Head[] {
  const next = stream.next();
  return next.done ? [] : [{ tuple: next.value, stream }];
}

function takeObject(head: Head, object: string, group: Tuple[]): Head[] {
  let heads = [head];
  while (heads[0]?.tuple.object === object) {
    group.push(heads[0].tuple);
    heads = advance(head.stream);
  }
  return heads;
}

function* inlineTuples(row: Buffer, relation: string, object: string): Generator<Tuple> {
  for (const half of [USERSETS, PLAIN] as const) {
    if (isSpilled(row, half)) continue;
    for (const { name, payload } of inlineMembers(row, half)) yield tupleOf(name, relation, object, payload);
  }
}

function rangeOf(prefix: Bytes, transaction: Snapshot | undefined) {
  const range = { start: prefix, end: afterPrefix(prefix) };
  return transaction === undefined ? range : { ...range, transaction };
}
