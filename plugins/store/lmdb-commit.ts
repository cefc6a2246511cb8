/** Edits → the keys to put and remove, sorted by key for each index, so that a bulk load fills pages in order. */
import { keyText, type Tuple, type TupleKey } from '../../src/fga/tuple.ts';
import type { StoreEdit, StoreState } from '../../src/plugin/store.ts';
import type { Db, Put } from './lmdb-db.ts';
import type { Env } from './lmdb-env.ts';
import { assertStorable, type Bytes, bytesOf, type Half, PLAIN, prefixOf, USERSETS } from './lmdb-key.ts';
import type { Records, StoreRecord } from './lmdb-records.ts';
import { type MemberChange, rewriteRow, type Spill } from './lmdb-rewrite.ts';
import { payloadOf } from './lmdb-tuple.ts';

/** Throws, before anything is written, when a tuple cannot be stored. */
export function planCommit(env: Env, records: Records, edits: readonly StoreEdit[]): Put[] {
  const puts: Put[] = [];
  let next = records.nextNumber();
  for (const net of netOf(edits)) {
    const known = records.store(net.storeId);
    const record = known ?? { number: next, count: 0 };
    if (!known && isEmpty(net)) continue;
    if (!known) next += 1;
    puts.push(...planStore(env, records, net, record));
  }
  if (next !== records.nextNumber()) puts.push(records.putNextNumber(next));
  return puts;
}

/** What several edits of one store come to. */
interface NetEdit {
  readonly storeId: string;
  /** By `keyText`; the last word about each key. */
  readonly changes: Map<string, KeyChange>;
  readonly models: Map<string, NonNullable<StoreEdit['models']>[number]>;
  state: StoreState | undefined;
}

export interface KeyChange {
  readonly key: TupleKey;
  /** Undefined deletes. */
  readonly payload: string | undefined;
}

function netOf(edits: readonly StoreEdit[]): Iterable<NetEdit> {
  const nets = new Map<string, NetEdit>();
  for (const { storeId, deletes = [], writes = [], models = [], state } of edits) {
    const net = nets.get(storeId) ?? { storeId, changes: new Map(), models: new Map(), state: undefined };
    nets.set(storeId, net);
    for (const key of deletes) net.changes.set(keyText(key), { key, payload: undefined });
    for (const tuple of writes) net.changes.set(keyText(tuple), written(tuple));
    for (const model of models) net.models.set(model.id, model);
    net.state = state ?? net.state;
  }
  return nets.values();
}

export function written(tuple: Tuple): KeyChange {
  assertStorable(tuple);
  return { key: tuple, payload: payloadOf(tuple) };
}

/** A store begins with something to hold. */
function isEmpty({ changes, models, state }: NetEdit): boolean {
  const writes = [...changes.values()].some(({ payload }) => payload !== undefined);
  return !writes && models.size === 0 && state === undefined;
}

function planStore(env: Env, records: Records, net: NetEdit, record: StoreRecord): Put[] {
  const { number } = record;
  const byObject = rowsOf(net.changes.values(), (key) => objectPlace(number, key));
  const byUser = rowsOf(net.changes.values(), (key) => userPlace(number, key));
  const objects = planIndex({ db: env.objects, spill: 'keys' }, byObject);
  const users = planIndex({ db: env.users, spill: 'chunks' }, byUser);
  const models = [...net.models.values()].map((model) => records.putModel(number, model));
  const latestModelId = [record.latestModelId ?? '', ...net.models.keys()].sort().at(-1) ?? '';
  const state = net.state ?? record.state;
  const changed: StoreRecord = {
    number,
    count: record.count + objects.added,
    ...(state !== undefined && { state }),
    ...(latestModelId !== '' && { latestModelId }),
  };
  return [...objects.puts, ...users.puts, ...models, records.putStore(net.storeId, changed)];
}

interface Place {
  readonly row: Bytes;
  readonly half: Half;
  readonly name: Bytes;
}

export function objectPlace(store: number, { object, relation, user }: TupleKey): Place {
  const colon = object.indexOf(':');
  const row = prefixOf(store, object.slice(0, colon), relation, object.slice(colon + 1));
  return { row, half: user.includes('#') ? USERSETS : PLAIN, name: bytesOf(user) };
}

export function userPlace(store: number, { object, relation, user }: TupleKey): Place {
  const colon = object.indexOf(':');
  const row = prefixOf(store, user, relation, object.slice(0, colon));
  return { row, half: PLAIN, name: bytesOf(object.slice(colon + 1)) };
}

export function rowsOf(
  changes: Iterable<KeyChange>,
  place: (key: TupleKey) => Place,
  rows = new Map<Bytes, MemberChange[]>(),
): Map<Bytes, MemberChange[]> {
  for (const { key, payload } of changes) {
    const { row, half, name } = place(key);
    const change = { half, name, payload: payload === undefined ? undefined : bytesOf(payload) };
    const known = rows.get(row);
    if (known === undefined) rows.set(row, [change]);
    else known.push(change);
  }
  return rows;
}

export function planIndex(
  index: { readonly db: Db; readonly spill: Spill },
  rows: Map<Bytes, MemberChange[]>,
): { puts: Put[]; added: number } {
  const puts: Put[] = [];
  let added = 0;
  for (const row of [...rows.keys()].sort()) added += rewriteRow(index, row, rows.get(row) ?? [], puts);
  return { puts, added };
}
