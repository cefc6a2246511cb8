/** Time is handed in, so that a test can drive it by hand. */

export interface Clock {
  /** Wall clock, milliseconds since 1970. For display, and across restarts. */
  wallMs(): number;
  /** Monotonic milliseconds: for ages and deadlines. Its zero means nothing. */
  monoMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

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
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
    }),
};
