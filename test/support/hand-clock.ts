/** A clock that a test drives by hand: nothing passes until `pass` says so. */
import type { Clock } from '../../src/plugin/clock.ts';

export interface HandClock extends Clock {
  /** Lets `ms` pass on both clocks and wakes every sleeper whose time has come. */
  pass(ms: number): Promise<void>;
  /** Moves the wall clock alone, as an operator or NTP does. */
  setWall(ms: number): void;
}

export function handClock(startWallMs = Date.UTC(2026, 0, 1)): HandClock {
  let wall = startWallMs;
  let mono = 1_000;
  const sleepers = new Set<{ readonly atMs: number; wake(): void }>();

  return {
    wallMs: () => wall,
    monoMs: () => mono,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = {
          atMs: mono + ms,
          wake() {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
    async pass(ms) {
      wall += ms;
      mono += ms;
      for (const sleeper of [...sleepers]) if (sleeper.atMs <= mono) sleeper.wake();
      // Lets what was woken run up to its next wait.
      await new Promise((resolve) => setImmediate(resolve));
    },
    setWall(ms) {
      wall = ms;
    },
  };
}
