/**
 * Entries that the upstream owes: a Write that passed through here was committed, so a walk that begins afterwards has to
 * meet an entry for each of its keys. Where it does not, the changelog is shown late (`--changelog-horizon-offset`, a
 * replica as its source), and nothing that is read from it proves how young the data is.
 */
import type { Operation, TupleDelta } from '../../src/fga/change.ts';
import { keyText, type TupleKey } from '../../src/fga/tuple.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { ChangelogEntry } from '../../src/plugin/upstream.ts';

export interface Owed {
  /** A Write begins. */
  begin(delta: TupleDelta): OwedKeys;
  /** An entry was met. It may be an older one of the same tuple: only the same operation is what was owed. */
  met(entry: Pick<ChangelogEntry, 'operation' | 'tuple'>): void;
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
  /** Operation and key. */
  readonly what: string;
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
    begin({ writes, deletes }) {
      const entry = (operation: Operation) => (key: TupleKey) => ({
        what: whatOf(operation, key),
        atMs: clock.monoMs(),
        confirmed: false,
      });
      const own = [...deletes.map(entry('delete')), ...writes.map(entry('write'))];
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
    met({ operation, tuple }) {
      if (owed.size === 0) return;
      const what = whatOf(operation, tuple);
      for (const entry of owed) if (entry.what === what) return void owed.delete(entry);
    },
    due() {
      forget();
      return [...owed].filter(({ confirmed }) => confirmed);
    },
    isLate: (due) => due.some((entry) => owed.has(entry)),
  };
}

function whatOf(operation: Operation, key: TupleKey): string {
  return `${operation} ${keyText(key)}`;
}
