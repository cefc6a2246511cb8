/** Wakes a loop before its time. A ring that nobody waits for is not lost: the next wait ends at once. */
import type { Clock } from '../plugin/clock.ts';

export interface Bell {
  ring(): void;
  /** Resolves at the next ring, after `ms`, or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let rung = new AbortController();
  return {
    ring: () => rung.abort(),
    async wait(ms, signal) {
      await clock.sleep(ms, AbortSignal.any([signal, rung.signal]));
      rung = new AbortController();
    },
  };
}
