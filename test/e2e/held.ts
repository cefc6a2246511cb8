/** What an edge holds, read from its LMDB after the process has ended. */
import { openLmdbStore } from '../../plugins/store/lmdb.ts';
import type { Head } from '../../src/fga/change.ts';
import { byKey, type Tuple } from '../../src/fga/tuple.ts';
import type { Sidecar } from '../support/fleet.ts';

export interface Held {
  readonly tuples: readonly Tuple[];
  /** The store's own running count: it drifts if a change is applied twice. */
  readonly counted: number;
  readonly head: Head | undefined;
}

export async function heldBy(edge: Sidecar, storeId: string): Promise<Held> {
  const store = await openLmdbStore({ path: edge.storePath });
  try {
    const tuples = [...store.all(storeId)].map(plain).sort(byKey);
    return { tuples, counted: store.count(storeId), head: store.state(storeId)?.head };
  } finally {
    await store.close();
  }
}

/** Empty lists when both hold the same; a failure then shows what is wrong instead of ten thousand lines. */
export function difference(held: readonly Tuple[], wanted: readonly Tuple[]) {
  const [here, there] = [held, wanted].map(
    (tuples) => new Map(tuples.map(plain).map((t) => [JSON.stringify(t), t])),
  );
  const without = (a: typeof here, b: typeof here) =>
    [...(a ?? [])].filter(([text]) => !b?.has(text)).map(([, t]) => t);
  return { missing: without(there, here), extra: without(here, there) };
}

/** What `difference` gives when there is none. */
export const NO_DIFFERENCE = { missing: [], extra: [] };

/** Without what means nothing: Read says `condition: null`, and an absent context is an empty one. */
function plain({ user, relation, object, condition }: Tuple): Tuple {
  if (!condition) return { user, relation, object };
  return { user, relation, object, condition: { name: condition.name, context: condition.context ?? {} } };
}
