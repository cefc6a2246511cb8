/** From entries of the upstream's changelog to the change of one transaction. */
import type { TupleDelta } from '../../src/fga/change.ts';
import { keyText, type Tuple, type TupleKey } from '../../src/fga/tuple.ts';
import type { ChangelogEntry, Upstream } from '../../src/plugin/upstream.ts';

export interface Sorted {
  /** Taken as the entries say. */
  readonly sure: TupleDelta;
  /** To be read from the primary, whatever their entries say. */
  readonly doubtful: readonly TupleKey[];
}

/** Sorts a page's entries by key. A key that comes twice is doubtful: its entries may be in the wrong order. */
export function sortEntries(
  entries: readonly ChangelogEntry[],
  isDoubtful: (entry: ChangelogEntry) => boolean,
): Sorted {
  const byKey = new Map<string, readonly ChangelogEntry[]>();
  for (const entry of entries) {
    const key = keyText(entry.tuple);
    byKey.set(key, [...(byKey.get(key) ?? []), entry]);
  }
  const doubtful: TupleKey[] = [];
  const sure = { writes: [] as Tuple[], deletes: [] as TupleKey[] };
  for (const [first, ...more] of byKey.values()) {
    if (!first) continue;
    if (more.length > 0 || isDoubtful(first)) doubtful.push(keyOf(first.tuple));
    else if (first.operation === 'write') sure.writes.push(first.tuple);
    else sure.deletes.push(keyOf(first.tuple));
  }
  return { sure, doubtful };
}

function keyOf({ user, relation, object }: TupleKey): TupleKey {
  return { user, relation, object };
}

/** Keys read from the primary at once. */
const REREADS = 8;

/** Each key as the primary holds it now. */
export async function statesOf(
  upstream: Upstream,
  storeId: string,
  keys: readonly TupleKey[],
): Promise<TupleDelta> {
  const writes: Tuple[] = [];
  const deletes: TupleKey[] = [];
  for (let at = 0; at < keys.length; at += REREADS) {
    const some = keys.slice(at, at + REREADS);
    const found = await Promise.all(some.map((key) => upstream.readTuple(storeId, key)));
    for (const [index, key] of some.entries()) {
      const tuple = found[index];
      if (tuple) writes.push(tuple);
      else deletes.push(key);
    }
  }
  return { writes, deletes };
}
