/** What the store's suites write and read. */
import type { Tuple } from '../../src/fga/tuple.ts';
import type { StoreState, StoreView, TupleStore } from '../../src/plugin/store.ts';

export const STORE = '01J0000000000000000000000A';

export function stateAt(revision: number): StoreState {
  const head = { epoch: '01J0000000000000000000000E', revision, commitId: `commit-${revision}` };
  return { head, phase: 'complete', position: `${revision}`, freshAtMs: 1_700_000_000_000, checkpoint: 'c' };
}

export function tuple(user: string, object: string, relation = 'viewer'): Tuple {
  return { user, relation, object };
}

export function viewOf(store: TupleStore): StoreView {
  const view = store.view(STORE);
  if (view === undefined) throw new Error('the store shows nothing');
  return view;
}
