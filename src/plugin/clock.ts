/** Time is handed in, so that a test can drive it by hand. */

export interface Clock {
  /** Wall clock, milliseconds since 1970. For display, and across restarts. */
  wallMs(): number;
  /** Monotonic milliseconds: for ages and deadlines. Its zero means nothing. */
  monoMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node's timers hold no more, some 25 days: one that is set for longer goes off at once. */
export const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      let leftMs = ms;
      let timer: NodeJS.Timeout | undefined;
      const wait = () => {
        const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
        leftMs -= stepMs;
        timer = setTimeout(leftMs > 0 ? wait : done, stepMs);
      };
      wait();
      signal?.addEventListener('abort', done);
    }),
};
