/**
 * The present state of doubtful keys, read from the primary, and when that was: a hand-over whose forward began before a
 * re-read of its key may be older than what was read.
 */
import type { TupleDelta } from '../fga/change.ts';
import { keyText, type Tuple, type TupleKey } from '../fga/tuple.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Upstream } from '../plugin/upstream.ts';

export interface States {
  /** Each key as a write of what is there, or a delete. */
  read(keys: readonly TupleKey[]): Promise<TupleDelta>;
  /** The delta with the doubtful keys replaced by what the primary holds now. */
  replace(delta: TupleDelta, doubtful: readonly TupleKey[]): Promise<TupleDelta>;
  /**
   * A hand-over of these keys arrives. Those of them that were handed over before while this one's forward was under way:
   * which of the two was committed last is not known. One that began before this term may overlap with anything.
   */
  arrived(keys: readonly TupleKey[], forwardBeganMs: number): readonly TupleKey[];
  /** True when a forward that began then may have been committed before the last re-read of the key. */
  overlaps(key: TupleKey, forwardBeganMs: number): boolean;
  forgetOld(): void;
}

/** Keys re-read at once. */
const REREAD_CONCURRENCY = 24;
/** Forwards are bounded well below this, so an older re-read cannot overlap one that is still to be handed over. */
const REREAD_MEMORY_MS = 120_000;

export function createStates(upstream: Upstream, storeId: string, clock: Clock, termSinceMs: number): States {
  const readAt = new Map<string, number>();
  const arrivals = createArrivals();

  async function read(keys: readonly TupleKey[]): Promise<TupleDelta> {
    const writes: Tuple[] = [];
    const deletes: TupleKey[] = [];
    for (let at = 0; at < keys.length; at += REREAD_CONCURRENCY) {
      const some = keys.slice(at, at + REREAD_CONCURRENCY);
      const found = await Promise.all(some.map((key) => upstream.readTuple(storeId, key)));
      for (const [index, { user, relation, object }] of some.entries()) {
        const tuple = found[index];
        if (tuple) writes.push(tuple);
        else deletes.push({ user, relation, object });
      }
    }
    const now = clock.monoMs();
    for (const key of keys) readAt.set(keyText(key), now);
    return { writes, deletes };
  }

  return {
    read,
    async replace(delta, doubtful) {
      const states = await read(doubtful);
      const replaced = new Set(doubtful.map(keyText));
      const sure = (key: TupleKey) => !replaced.has(keyText(key));
      return {
        writes: [...delta.writes.filter(sure), ...states.writes],
        deletes: [...delta.deletes.filter(sure), ...states.deletes],
      };
    },
    arrived(keys, forwardBeganMs) {
      const now = clock.monoMs();
      const isOlder = forwardBeganMs < termSinceMs;
      const before = keys.map((key) => arrivals.note(keyText(key), now));
      return keys.filter((_, n) => isOlder || (before[n] ?? now) >= forwardBeganMs);
    },
    overlaps: (key, forwardBeganMs) =>
      (readAt.get(keyText(key)) ?? Number.NEGATIVE_INFINITY) >= forwardBeganMs,
    forgetOld() {
      const limit = clock.monoMs() - REREAD_MEMORY_MS;
      for (const [key, ms] of readAt) if (ms < limit) readAt.delete(key);
      arrivals.forget(limit);
    },
  };
}

/** Past this many keys the oldest arrivals are forgotten, all of them up to one moment: 100 000 keys are about 15 MB. */
export const MAX_ARRIVALS = 100_000;

/** When each key was last handed over. */
function createArrivals() {
  const lastAt = new Map<string, number>();
  /** Arrivals up to then are forgotten, so any key may have had one. */
  let forgottenMs = Number.NEGATIVE_INFINITY;

  function forgetOldest(): void {
    const oldest = lastAt.entries().next();
    if (oldest.done) return;
    const [key, ms] = oldest.value;
    lastAt.delete(key);
    forgottenMs = Math.max(forgottenMs, ms);
  }

  return {
    /** The arrival before this one, at the latest. */
    note(key: string, nowMs: number): number {
      const before = lastAt.get(key) ?? forgottenMs;
      // In the order of arrival, so that the first is the oldest.
      lastAt.delete(key);
      lastAt.set(key, nowMs);
      if (lastAt.size > MAX_ARRIVALS) forgetOldest();
      return before;
    },
    forget(olderThanMs: number): void {
      for (const ms of lastAt.values()) {
        if (ms >= olderThanMs) return;
        forgetOldest();
      }
    },
  };
}
