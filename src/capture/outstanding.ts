/**
 * Captured operations that were published and whose changelog entry has not been walked over yet.
 * The walk asks: is this entry one of ours? What is not was committed by somebody else and must be re-read.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Operation, TupleDelta } from '../fga/change.ts';
import { keyText, type Tuple } from '../fga/tuple.ts';
import type { ChangelogEntry } from '../plugin/upstream.ts';

export interface Outstanding {
  add(delta: TupleDelta): void;
  /** True when the entry is the oldest outstanding operation of its key, which is then settled. */
  settle(entry: ChangelogEntry): boolean;
  size(): number;
}

/**
 * Past this many keys the oldest are forgotten; their entries are then re-read, which costs time and nothing else.
 * 100 000 keys are about 30 MB.
 */
export const MAX_OUTSTANDING_KEYS = 100_000;

interface Published {
  readonly operation: Operation;
  readonly tuple: Tuple;
}

export function createOutstanding(): Outstanding {
  const byKey = new Map<string, Published[]>();

  function push(operation: Operation, tuple: Tuple): void {
    const key = keyText(tuple);
    const waiting = byKey.get(key);
    if (waiting) waiting.push({ operation, tuple });
    else byKey.set(key, [{ operation, tuple }]);
    if (byKey.size > MAX_OUTSTANDING_KEYS) {
      const oldest = byKey.keys().next();
      if (!oldest.done) byKey.delete(oldest.value);
    }
  }

  return {
    add(delta) {
      for (const tuple of delta.deletes) push('delete', tuple);
      for (const tuple of delta.writes) push('write', tuple);
    },
    settle(entry) {
      const key = keyText(entry.tuple);
      const waiting = byKey.get(key);
      const first = waiting?.[0];
      if (waiting && first && isSame(first, entry)) {
        if (waiting.length === 1) byKey.delete(key);
        else waiting.shift();
        return true;
      }
      // Somebody else's entry lies between ours: the order is no longer known, so nothing of this key may be matched.
      byKey.delete(key);
      return false;
    },
    size: () => byKey.size,
  };
}

function isSame(published: Published, entry: ChangelogEntry): boolean {
  if (published.operation !== entry.operation) return false;
  if (published.operation === 'delete') return true;
  const ours = published.tuple.condition;
  const theirs = entry.tuple.condition;
  if ((ours?.name ?? '') !== (theirs?.name ?? '')) return false;
  return isDeepStrictEqual(ours?.context ?? {}, theirs?.context ?? {});
}
