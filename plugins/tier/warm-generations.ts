/**
 * When something changed, by (type, relation): the generation is the last revision that touched it. An answer is stamped
 * with the newest generation of all that it may have read; it holds until one of them moves.
 */
import type { Clock } from '../../src/plugin/clock.ts';
import type { TierChange } from '../../src/plugin/tier.ts';

/** What was heard of one store without a gap. A new one after every start and gap, so that older entries are not found. */
export interface Hearing {
  readonly session: string;
  readonly epoch: string;
  /** The newest revision that touched one of the pairs (`type#relation`); 0 when none did since the session began. */
  stamp(pairs: Iterable<string>): number;
  /** Monotonic ms of the last change to one of the pairs; the session's beginning counts as one. */
  changedAtMs(pairs: Iterable<string>): number;
}

export interface Generations {
  /** The present session of the store; another epoch begins another one. */
  of(storeId: string, epoch: string): Hearing;
  /** The present session, if there is one. */
  current(storeId: string): Hearing | undefined;
  changing(change: TierChange): void;
  forget(storeId: string): void;
}

interface Moved {
  readonly revision: number;
  readonly atMs: number;
}

export function createGenerations(clock: Clock, newSession: () => string): Generations {
  const stores = new Map<string, Hearing & { readonly moved: Map<string, Moved> }>();

  function begin(storeId: string, epoch: string) {
    const moved = new Map<string, Moved>();
    const beganMs = clock.monoMs();
    const hearing = {
      session: newSession(),
      epoch,
      moved,
      stamp: (pairs: Iterable<string>) => newest(moved, pairs, 'revision', 0),
      changedAtMs: (pairs: Iterable<string>) => newest(moved, pairs, 'atMs', beganMs),
    };
    stores.set(storeId, hearing);
    return hearing;
  }

  return {
    of(storeId, epoch) {
      const known = stores.get(storeId);
      return known?.epoch === epoch ? known : begin(storeId, epoch);
    },
    current: (storeId) => stores.get(storeId),
    changing({ storeId, revision, touched }) {
      const moved = stores.get(storeId)?.moved;
      if (!moved) return;
      const atMs = clock.monoMs();
      for (const { type, relation } of touched) {
        const pair = `${type}#${relation}`;
        // A change that is told again must not bring back what a later one ended.
        const newest = Math.max(revision, moved.get(pair)?.revision ?? 0);
        moved.set(pair, { revision: newest, atMs });
      }
    },
    forget: (storeId) => void stores.delete(storeId),
  };
}

function newest(
  moved: ReadonlyMap<string, Moved>,
  pairs: Iterable<string>,
  what: keyof Moved,
  least: number,
): number {
  let most = least;
  for (const pair of pairs) {
    const value = moved.get(pair)?.[what];
    if (value !== undefined && value > most) most = value;
  }
  return most;
}
