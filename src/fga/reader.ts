/**
 * What the engine reads: one store at one revision, synchronously.
 * Raw tuples only: whether a tuple counts under a model is judged by the engine (contract section 4.5).
 */
import type { AuthorizationModel } from './model.ts';
import type { Tuple } from './tuple.ts';

export interface TupleReader {
  /** The exact tuple. O(1). */
  tuple(object: string, relation: string, user: string): Tuple | undefined;
  /** Tuples of `object#relation` whose user is a userset (`type:id#relation`). Ordered by user. */
  usersets(object: string, relation: string): Iterable<Tuple>;
  /** Every tuple of `object#relation`: plain users, wildcards and usersets. Ordered by user within each kind. */
  tuples(object: string, relation: string): Iterable<Tuple>;
  /** Tuples by `user` with this relation on objects of `objectType`: for ListObjects and reverse walks. Ordered by object. */
  byUser(user: string, relation: string, objectType: string): Iterable<Tuple>;
  /** Every tuple with this relation on objects of `objectType`. For wide scans only; ordered by object. */
  byType(objectType: string, relation: string): Iterable<Tuple>;
}

/** A store's models beside its tuples. */
export interface ModelReader {
  /** The same object each time, as long as it is held: what is derived from a model is kept by it. */
  model(modelId: string): AuthorizationModel | undefined;
  /** The greatest model id, as upstream chooses it (contract section 4.1). */
  latestModelId(): string | undefined;
}
