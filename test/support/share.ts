/** What an edge holds of a store when it keeps some object types: a view for tests of tiers. */
import type { AuthorizationModel } from '../../src/fga/model.ts';
import { type Tuple, typeOf } from '../../src/fga/tuple.ts';
import type { StoreState, StoreView } from '../../src/plugin/store.ts';
import { MemoryReader } from './memory-reader.ts';

export const EPOCH = '01J0000000000000000000EP00';

export interface Held {
  readonly models: readonly AuthorizationModel[];
  /** All tuples of the store; those of other types are left out. */
  readonly tuples: readonly Tuple[];
  /** Absent: every type. */
  readonly objectTypes?: readonly string[];
  readonly revision?: number;
}

export function viewOf({ models, tuples, objectTypes, revision = 1 }: Held): StoreView {
  const kept = objectTypes ? tuples.filter(({ object }) => objectTypes.includes(typeOf(object))) : tuples;
  const reader = new MemoryReader(models, kept);
  return {
    state: stateOf(revision, objectTypes),
    tuple: (object, relation, user) => reader.tuple(object, relation, user),
    usersets: (object, relation) => reader.usersets(object, relation),
    tuples: (object, relation) => reader.tuples(object, relation),
    byUser: (user, relation, type) => reader.byUser(user, relation, type),
    byType: (type, relation) => reader.byType(type, relation),
    model: (id) => reader.model(id),
    latestModelId: () => reader.latestModelId(),
  };
}

export function stateOf(revision: number, objectTypes?: readonly string[]): StoreState {
  const head = { epoch: EPOCH, revision, commitId: `commit-${revision}` };
  const state: StoreState = {
    head,
    phase: 'complete',
    position: `${revision}`,
    freshAtMs: 0,
    checkpoint: '',
  };
  return objectTypes ? { ...state, objectTypes } : state;
}
