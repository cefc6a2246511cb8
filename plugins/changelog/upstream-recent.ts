/**
 * The changelog entries of the recent past. Reading them a second time shows which ones appeared behind our back: SQL
 * stores may show an entry late, or a delete and a write of one tuple in the wrong order (contract section 6.4).
 */
import { keyText, type TupleKey } from '../../src/fga/tuple.ts';
import type { ChangelogEntry } from '../../src/plugin/upstream.ts';

export interface RecentEntries {
  note(entries: readonly ChangelogEntry[]): void;
  /** One reading of the recent past from its beginning; give it the pages in order. */
  secondReading(): { unknown(entries: readonly ChangelogEntry[]): readonly ChangelogEntry[] };
  /** Another entry of this key is at most `withinMs` of upstream's clock away. */
  isNear(key: TupleKey, timestampMs: number, withinMs: number): boolean;
  forget(beforeMs: number): void;
  size(): number;
}

interface Seen {
  /** MySQL's clock has whole seconds: the same operation on the same key may come twice at one time. */
  times: number;
  readonly timestampMs: number;
}

export function createRecentEntries(): RecentEntries {
  const seen = new Map<string, Seen>();
  const lastOfKey = new Map<string, number>();

  return {
    note(entries) {
      for (const entry of entries) {
        const before = seen.get(nameOf(entry));
        if (before) before.times += 1;
        else seen.set(nameOf(entry), { times: 1, timestampMs: entry.timestampMs });
        const key = keyText(entry.tuple);
        lastOfKey.set(key, Math.max(entry.timestampMs, lastOfKey.get(key) ?? 0));
      }
    },
    secondReading() {
      // What is noted while this reading goes on comes from its own pages, so the counts of before are kept.
      const left = new Map<string, number>();
      return {
        unknown: (entries) =>
          entries.filter((entry) => {
            const name = nameOf(entry);
            const known = left.get(name) ?? seen.get(name)?.times ?? 0;
            left.set(name, Math.max(0, known - 1));
            return known === 0;
          }),
      };
    },
    isNear(key, timestampMs, withinMs) {
      const last = lastOfKey.get(keyText(key));
      return last !== undefined && Math.abs(timestampMs - last) <= withinMs;
    },
    forget(beforeMs) {
      for (const [name, entry] of seen) if (entry.timestampMs < beforeMs) seen.delete(name);
      for (const [key, last] of lastOfKey) if (last < beforeMs) lastOfKey.delete(key);
    },
    size: () => seen.size,
  };
}

function nameOf(entry: ChangelogEntry): string {
  return `${entry.operation} ${entry.timestampMs} ${keyText(entry.tuple)}`;
}
