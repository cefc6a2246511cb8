/**
 * Which tuples made a Check allowed? Found from outside: the reads of one evaluation are written down, then tuples are left out
 * as long as the answer stays allowed with the rest alone. The engine knows nothing of it, so it costs its hot path nothing.
 */
import type { TupleReader } from '../fga/reader.ts';
import { byKey, keyText, type Tuple, typeOf, userKind } from '../fga/tuple.ts';

/** A reader that writes down every tuple that is read through it. `read` counts each once. */
export function recording(reader: TupleReader): {
  readonly reader: TupleReader;
  readonly read: Map<string, Tuple>;
} {
  const read = new Map<string, Tuple>();
  const one = (tuple: Tuple | undefined) => {
    if (tuple) read.set(keyText(tuple), tuple);
    return tuple;
  };
  const all = function* (tuples: Iterable<Tuple>): Iterable<Tuple> {
    for (const tuple of tuples) {
      one(tuple);
      yield tuple;
    }
  };
  return {
    read,
    reader: {
      tuple: (object, relation, user) => one(reader.tuple(object, relation, user)),
      usersets: (object, relation) => all(reader.usersets(object, relation)),
      tuples: (object, relation) => all(reader.tuples(object, relation)),
      byUser: (user, relation, type) => all(reader.byUser(user, relation, type)),
      byType: (type, relation) => all(reader.byType(type, relation)),
    },
  };
}

/** A reader of these tuples and no others, ordered as readers are. */
export function readerOf(tuples: Iterable<Tuple>): TupleReader {
  const ordered = [...tuples].sort(byKey);
  const ofObject = grouped(ordered, ({ object, relation }) => `${object} ${relation}`);
  const ofUser = grouped(ordered, ({ user, relation, object }) => `${user} ${relation} ${typeOf(object)}`);
  const ofType = grouped(ordered, ({ object, relation }) => `${typeOf(object)} ${relation}`);
  const at = (object: string, relation: string) => ofObject.get(`${object} ${relation}`) ?? [];
  const isUserset = ({ user }: Tuple) => userKind(user) === 'userset';
  return {
    tuple: (object, relation, user) => at(object, relation).find((tuple) => tuple.user === user),
    usersets: (object, relation) => at(object, relation).filter(isUserset),
    tuples: (object, relation) => {
      const here = at(object, relation);
      return [...here.filter((tuple) => !isUserset(tuple)), ...here.filter(isUserset)];
    },
    byUser: (user, relation, type) => ofUser.get(`${user} ${relation} ${type}`) ?? [],
    byType: (type, relation) => ofType.get(`${type} ${relation}`) ?? [],
  };
}

/**
 * A subset with which `holds` is still true, and without any one of its members no more. Yields after each try, so that the
 * caller may pause; stopping early leaves a larger set.
 */
export function* shrink<Item>(
  items: readonly Item[],
  holds: (some: readonly Item[]) => boolean,
): Generator<readonly Item[], void> {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (holds(fewer)) kept = fewer;
      else at += size;
      yield kept;
    }
  }
}

/** From the object downwards: each tuple after the one that leads to it. */
export function asPath(tuples: readonly Tuple[], object: string): readonly Tuple[] {
  const path: Tuple[] = [];
  const left = new Set(tuples);
  const open = [object];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    for (const tuple of left) {
      if (tuple.object !== next) continue;
      left.delete(tuple);
      path.push(tuple);
      const hash = tuple.user.lastIndexOf('#');
      open.push(hash < 0 ? tuple.user : tuple.user.slice(0, hash));
    }
  }
  return [...path, ...left];
}

function grouped(tuples: readonly Tuple[], key: (tuple: Tuple) => string): Map<string, Tuple[]> {
  const groups = new Map<string, Tuple[]>();
  for (const tuple of tuples) {
    const known = groups.get(key(tuple));
    if (known) known.push(tuple);
    else groups.set(key(tuple), [tuple]);
  }
  return groups;
}
