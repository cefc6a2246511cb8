import type { Clock } from '../../src/plugin/clock.ts';

/** The promise's outcome, or an error with these words after `ms`. What comes later is dropped. */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  otherwise: string,
): Promise<T> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal).then(() => {
    throw new Error(`${otherwise} within ${ms} ms`);
  });
  // Whichever loses may still reject; nobody listens to it any more.
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
