/** A store that failed is left alone for a while: each query would wait for it, and each wait would be in vain. */
import type { Clock } from '../../src/plugin/clock.ts';

export interface Rest {
  /** False once in a while also during trouble: whoever asks then finds out. */
  isResting(): boolean;
  failed(): void;
  /** Passes the outcome on, and learns from it. */
  watched<T>(act: () => Promise<T>): Promise<T>;
}

const REST_MS = 1_000;

export function createRest(clock: Clock): Rest {
  let nextTryMs: number | undefined;
  const failed = () => {
    nextTryMs = clock.monoMs() + REST_MS;
  };

  return {
    isResting() {
      if (nextTryMs === undefined) return false;
      if (clock.monoMs() < nextTryMs) return true;
      // The others wait for what comes of this one.
      failed();
      return false;
    },
    failed,
    async watched(act) {
      try {
        const value = await act();
        nextTryMs = undefined;
        return value;
      } catch (error) {
        failed();
        throw error;
      }
    },
  };
}
