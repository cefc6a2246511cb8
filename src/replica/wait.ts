/** Waiting for something to be applied, bounded in time. */
import type { Head } from '../fga/change.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Ledger } from './ledger.ts';
import type { Track } from './track.ts';

export interface Waiters {
  reached(storeId: string, head: Pick<Head, 'epoch' | 'revision'>, waitMs: number): Promise<boolean>;
  freshSince(storeId: string, sinceMs: number, waitMs: number): Promise<boolean>;
  complete(track: Track, waitMs: number): Promise<boolean>;
}

export function createWaiters(ledger: Ledger, clock: Clock): Waiters {
  /** Resolves with the first answer that is not undefined, else false after `waitMs`. */
  function until(test: () => boolean | undefined, waitMs: number): Promise<boolean> {
    const now = test();
    if (now !== undefined) return Promise.resolve(now);
    if (waitMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = new AbortController();
      const finish = (answer: boolean) => {
        timer.abort();
        stop();
        resolve(answer);
      };
      const stop = ledger.onChange(() => {
        const answer = test();
        if (answer !== undefined) finish(answer);
      });
      void clock.sleep(waitMs, timer.signal).then(() => finish(test() ?? false));
    });
  }

  return {
    reached: (storeId, head, waitMs) =>
      until(() => {
        const track = ledger.tracks.get(storeId);
        if (!track || track.head.epoch !== head.epoch) return false;
        return track.head.revision >= head.revision ? true : undefined;
      }, waitMs),
    freshSince: (storeId, sinceMs, waitMs) =>
      until(() => {
        const track = ledger.tracks.get(storeId);
        if (!track) return false;
        return (track.freshAtMs ?? Number.NEGATIVE_INFINITY) >= sinceMs ? true : undefined;
      }, waitMs),
    complete: (track, waitMs) => until(() => (track.phase === 'complete' ? true : undefined), waitMs),
  };
}
