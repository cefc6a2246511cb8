/**
 * Writes on one tuple through one sidecar are serialised from forward to hand-over, so that the order in which they are
 * handed over is the order in which the upstream committed them.
 */
import { keyText, type TupleKey } from '../fga/tuple.ts';
import type { Clock } from '../plugin/clock.ts';

/** A Write waits this long for its keys, then goes on without them; its keys are then doubtful. */
export const LOCK_WAIT_MS = 5_000;

export interface HeldKeys {
  /** False when the wait was given up: somebody else may be writing the same key. */
  readonly exclusive: boolean;
  release(): void;
}

export interface KeyLocks {
  /** Takes all keys of one Write; at once when all are free. */
  acquire(keys: readonly string[]): Promise<HeldKeys>;
  /** Resolves when none of these keys is between a forward and its hand-over, or after `LOCK_WAIT_MS`. */
  settled(keys: readonly string[]): Promise<void>;
}

export function createKeyLocks(clock: Clock): KeyLocks {
  /** Per key, the end of the last Write in line. */
  const ends = new Map<string, Promise<unknown>>();

  function acquire(keys: readonly string[]): Promise<HeldKeys> {
    const distinct = [...new Set(keys)];
    const ahead = distinct.flatMap((key) => ends.get(key) ?? []);
    let finish = () => {};
    const own = new Promise<void>((resolve) => {
      finish = resolve;
    });
    // A Write that gave up waiting does not free its successors: they wait for those ahead of it as well.
    const end = ahead.length === 0 ? own : Promise.all([...ahead, own]);
    // All places in line are taken in one turn of the event loop, so no two Writes can wait for each other.
    for (const key of distinct) ends.set(key, end);
    const release = () => {
      finish();
      void end.then(() => {
        for (const key of distinct) if (ends.get(key) === end) ends.delete(key);
      });
    };
    if (ahead.length === 0) return Promise.resolve({ exclusive: true, release });
    return within(Promise.all(ahead)).then((exclusive) => ({ exclusive, release }));
  }

  async function within(wait: Promise<unknown>): Promise<boolean> {
    const timer = new AbortController();
    const inTime = await Promise.race([
      wait.then(() => true),
      clock.sleep(LOCK_WAIT_MS, timer.signal).then(() => false),
    ]);
    timer.abort();
    return inTime;
  }

  return {
    acquire,
    settled: async (keys) => {
      const ahead = keys.flatMap((key) => ends.get(key) ?? []);
      if (ahead.length > 0) await within(Promise.all(ahead));
    },
  };
}

/** The name under which a Write holds a key while it is between its forward and its hand-over. */
export function lockKey(storeId: string, key: TupleKey): string {
  return `${storeId} ${keyText(key)}`;
}
