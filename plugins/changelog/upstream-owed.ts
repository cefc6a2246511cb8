/**
 * Entries that the upstream owes: a Write that passed through here was committed, so a walk that begins afterwards has to
 * meet an entry for each of its keys. Where it does not, the changelog is shown late (`--changelog-horizon-offset`, a
 * replica as its source), and nothing that is read from it proves how young the data is.
 */
import { keyText, type TupleKey } from '../../src/fga/tuple.ts';
import type { Clock } from '../../src/plugin/clock.ts';

export interface Owed {
  /** A Write of these keys begins. */
  begin(keys: readonly TupleKey[]): OwedKeys;
  /** An entry was met. */
  met(key: TupleKey): void;
  /** Those that a walk beginning now has to meet. */
  due(): readonly OwedEntry[];
  /** Whether one of these was not met. */
  isLate(due: readonly OwedEntry[]): boolean;
}

export interface OwedKeys {
  /** It was committed, and left an entry for each key. */
  confirm(): void;
  /** It was not, or nobody knows. */
  release(): void;
}

export interface OwedEntry {
  readonly key: string;
  readonly atMs: number;
  confirmed: boolean;
}

/** More are not kept: the oldest are forgotten, and prove nothing. */
const MAX_OWED = 10_000;
/** An entry that has not come by then will not: the store is not held back for ever. */
const FORGET_MS = 3_600_000;

export function createOwed(clock: Clock): Owed {
  /** In the order in which they began. */
  const owed = new Set<OwedEntry>();

  function forget(): void {
    const limit = clock.monoMs() - FORGET_MS;
    for (const entry of owed) {
      if (owed.size <= MAX_OWED && entry.atMs >= limit) return;
      owed.delete(entry);
    }
  }

  return {
    begin(keys) {
      const own = keys.map((key) => ({ key: keyText(key), atMs: clock.monoMs(), confirmed: false }));
      for (const entry of own) owed.add(entry);
      forget();
      return {
        confirm() {
          for (const entry of own) entry.confirmed = true;
        },
        release() {
          for (const entry of own) owed.delete(entry);
        },
      };
    },
    met(key) {
      if (owed.size === 0) return;
      const text = keyText(key);
      for (const entry of owed) if (entry.key === text) return void owed.delete(entry);
    },
    due() {
      forget();
      return [...owed].filter(({ confirmed }) => confirmed);
    },
    isLate: (due) => due.some((entry) => owed.has(entry)),
  };
}
