/** The local store in memory: fetched anew at every start. The smallest readable store, and the one that tests run on. */
import type { AuthorizationModel } from '../../src/fga/model.ts';
import { byKey, type Tuple, typeOf, userKind } from '../../src/fga/tuple.ts';
import type {
  FrozenStore,
  LogPosition,
  StoreEdit,
  StoreState,
  StoreView,
  TupleStore,
} from '../../src/plugin/store.ts';

/** About what a tuple and its three index entries take (measured: a million tuples, 45-character ids). */
const BYTES_PER_TUPLE = 400;

export async function openMemoryStore(): Promise<TupleStore> {
  const stores = new Map<string, Held>();
  let position: LogPosition | undefined;
  let commits = 0;

  return {
    view: (storeId) => {
      const made = commits;
      const held = stores.get(storeId);
      return held?.state && viewOf(held.state, () => (made === commits ? held : usedTooLate()));
    },
    state: (storeId) => stores.get(storeId)?.state,
    stores: () => [...stores].filter(([, held]) => held.state !== undefined).map(([storeId]) => storeId),
    logPosition: () => position,
    count: (storeId) => stores.get(storeId)?.count ?? 0,
    all: (storeId) => allOf(stores.get(storeId)),
    freeze: (storeId) => frozen(stores.get(storeId)),
    async load({ storeId, batches }) {
      const held = stores.get(storeId);
      if (!held) throw new Error('a store is loaded only after it was begun');
      for await (const tuples of batches) {
        if (stores.get(storeId) !== held) throw new Error('the store was dropped while it was loaded');
        for (const tuple of tuples) put(held, tuple);
        commits += 1;
      }
    },
    async commit(edits, log) {
      // One turn of the event loop: whoever reads sees all of it or nothing.
      for (const edit of edits) apply(heldFor(stores, edit.storeId), edit);
      position = log ?? position;
      commits += 1;
    },
    async drop(storeId) {
      stores.delete(storeId);
      commits += 1;
    },
    bytes: () => [...stores.values()].reduce((sum, held) => sum + held.count * BYTES_PER_TUPLE, 0),
    async close() {
      stores.clear();
    },
  };
}

/** Users of one object and relation, kept apart by kind so that usersets are found without passing the others. */
interface Users {
  readonly plain: Map<string, Tuple>;
  readonly usersets: Map<string, Tuple>;
}

interface Held {
  state: StoreState | undefined;
  count: number;
  readonly models: Map<string, AuthorizationModel>;
  latestModelId: string | undefined;
  /** `relation object` → its users. */
  readonly byObject: Map<string, Users>;
  /** `user relation type` → object → tuple. */
  readonly byUser: Map<string, Map<string, Tuple>>;
  /** `relation type` → `object user` → tuple. */
  readonly byType: Map<string, Map<string, Tuple>>;
}

function heldFor(stores: Map<string, Held>, storeId: string): Held {
  const known = stores.get(storeId);
  if (known) return known;
  const made: Held = {
    state: undefined,
    count: 0,
    models: new Map(),
    latestModelId: undefined,
    byObject: new Map(),
    byUser: new Map(),
    byType: new Map(),
  };
  stores.set(storeId, made);
  return made;
}

function apply(held: Held, edit: StoreEdit): void {
  for (const key of edit.deletes ?? []) remove(held, key);
  for (const tuple of edit.writes ?? []) put(held, tuple);
  for (const model of edit.models ?? []) {
    held.models.set(model.id, model);
    if (held.latestModelId === undefined || model.id > held.latestModelId) held.latestModelId = model.id;
  }
  held.state = edit.state ?? held.state;
}

function put(held: Held, tuple: Tuple): void {
  const { object, relation, user } = tuple;
  const users = getOr(held.byObject, `${relation} ${object}`, () => ({
    plain: new Map(),
    usersets: new Map(),
  }));
  const ofKind = userKind(user) === 'userset' ? users.usersets : users.plain;
  if (!ofKind.has(user)) held.count += 1;
  ofKind.set(user, tuple);
  const type = typeOf(object);
  getOr(held.byUser, `${user} ${relation} ${type}`, () => new Map<string, Tuple>()).set(object, tuple);
  getOr(held.byType, `${relation} ${type}`, () => new Map<string, Tuple>()).set(`${object} ${user}`, tuple);
}

function remove(held: Held, { object, relation, user }: Pick<Tuple, 'object' | 'relation' | 'user'>): void {
  const place = `${relation} ${object}`;
  const users = held.byObject.get(place);
  const ofKind = userKind(user) === 'userset' ? users?.usersets : users?.plain;
  if (!users || !ofKind?.delete(user)) return;
  held.count -= 1;
  if (users.plain.size + users.usersets.size === 0) held.byObject.delete(place);
  const type = typeOf(object);
  removeFrom(held.byUser, `${user} ${relation} ${type}`, object);
  removeFrom(held.byType, `${relation} ${type}`, `${object} ${user}`);
}

function removeFrom(index: Map<string, Map<string, Tuple>>, outer: string, inner: string): void {
  const found = index.get(outer);
  if (found?.delete(inner) && found.size === 0) index.delete(outer);
}

function getOr<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** `now` gives the tuples as long as the view is valid, and throws after that. */
function viewOf(state: StoreState, now: () => Held): StoreView {
  return {
    state,
    tuple(object, relation, user) {
      const users = now().byObject.get(`${relation} ${object}`);
      return users?.plain.get(user) ?? users?.usersets.get(user);
    },
    usersets: (object, relation) => sorted(now().byObject.get(`${relation} ${object}`)?.usersets, byUser),
    tuples(object, relation) {
      const users = now().byObject.get(`${relation} ${object}`);
      return users ? [...sorted(users.plain, byUser), ...sorted(users.usersets, byUser)] : [];
    },
    byUser: (user, relation, type) => sorted(now().byUser.get(`${user} ${relation} ${type}`), byObject),
    byType: (type, relation) => sorted(now().byType.get(`${relation} ${type}`), byObject),
    model: (modelId) => now().models.get(modelId),
    latestModelId: () => now().latestModelId,
  };
}

function usedTooLate(): never {
  throw new Error('a view of the store was used after its turn of the event loop: ask for a new one');
}

/** Tuples are never changed in place, so a list of them is a snapshot. Not sorted: a million would take a second. */
function frozen(held: Held | undefined): FrozenStore | undefined {
  if (!held?.state) return undefined;
  const tuples: Tuple[] = [];
  for (const { plain, usersets } of held.byObject.values()) {
    for (const tuple of plain.values()) tuples.push(tuple);
    for (const tuple of usersets.values()) tuples.push(tuple);
  }
  const { state, count } = held;
  return { state, models: [...held.models.values()], count, tuples, release() {} };
}

function* allOf(held: Held | undefined): Iterable<Tuple> {
  if (!held) return;
  const tuples = [...held.byObject.values()].flatMap((users) => [
    ...users.plain.values(),
    ...users.usersets.values(),
  ]);
  yield* tuples.sort(byKey);
}

function sorted(
  tuples: Map<string, Tuple> | undefined,
  order: (a: Tuple, b: Tuple) => number,
): readonly Tuple[] {
  if (!tuples || tuples.size === 0) return NONE;
  const list = [...tuples.values()];
  return list.length === 1 ? list : list.sort(order);
}

const NONE: readonly Tuple[] = [];

function byUser(a: Tuple, b: Tuple): number {
  return a.user < b.user ? -1 : a.user > b.user ? 1 : 0;
}

function byObject(a: Tuple, b: Tuple): number {
  return a.object < b.object ? -1 : a.object > b.object ? 1 : byUser(a, b);
}
