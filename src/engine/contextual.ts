/**
 * Contextual tuples laid over the stored ones, as upstream's `CombinedTupleReader` does: an exact lookup is replaced,
 * lists are joined (contextual first), and nothing stored is hidden.
 */
import type { TupleReader } from '../fga/reader.ts';
import { type Tuple, typeOf, userKind } from '../fga/tuple.ts';
import { Decline } from './decline.ts';

export interface ContextualTuples {
  readonly all: readonly Tuple[];
  /** Reads of the stored tuples alone. */
  readonly stored: TupleReader;
}

/** Go's `slices.SortFunc`, by which upstream orders them, leaves equal ones in their order up to this many. */
const STABLY_SORTED = 12;

export function overlay(stored: TupleReader, tuples: readonly Tuple[]): TupleReader {
  const byNode = new Map<string, Tuple[]>();
  for (const tuple of tuples) {
    const key = `${tuple.object}#${tuple.relation}`;
    const known = byNode.get(key);
    if (known) known.push(tuple);
    else byNode.set(key, [tuple]);
    if (known && tuples.length > STABLY_SORTED) refuseTwins(known);
  }
  const at = (object: string, relation: string) => byNode.get(`${object}#${relation}`) ?? NONE;
  return {
    tuple: (object, relation, user) =>
      at(object, relation).find((tuple) => tuple.user === user) ?? stored.tuple(object, relation, user),
    usersets: (object, relation) =>
      join(
        at(object, relation).filter((tuple) => userKind(tuple.user) === 'userset'),
        stored.usersets(object, relation),
      ),
    tuples: (object, relation) => join(at(object, relation), stored.tuples(object, relation)),
    byUser: (user, relation, objectType) =>
      join(
        tuples.filter((t) => t.user === user && t.relation === relation && typeOf(t.object) === objectType),
        stored.byUser(user, relation, objectType),
      ),
    byType: (objectType, relation) =>
      join(
        tuples.filter((t) => t.relation === relation && typeOf(t.object) === objectType),
        stored.byType(objectType, relation),
      ),
  };
}

/** Two tuples of one key and different conditions: an exact lookup finds the one that was sorted first. */
function refuseTwins(known: readonly Tuple[]): void {
  const last = known.at(-1);
  const twin = known.find((tuple) => tuple !== last && tuple.user === last?.user);
  if (twin && JSON.stringify(twin.condition) !== JSON.stringify(last?.condition))
    throw new Decline('request', 'contextual tuples of one key and different conditions, among many');
}

const NONE: readonly Tuple[] = [];

function join(first: readonly Tuple[], second: Iterable<Tuple>): Iterable<Tuple> {
  return first.length === 0 ? second : both(first, second);
}

function* both(first: readonly Tuple[], second: Iterable<Tuple>): Iterable<Tuple> {
  yield* first;
  yield* second;
}
