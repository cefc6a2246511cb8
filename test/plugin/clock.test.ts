import { expect, test } from 'vitest';
import { systemClock } from '../../src/plugin/clock.ts';

const DAY_MS = 86_400_000;

test('a sleep of a month is no sleep of a millisecond, and can be ended', async () => {
  const stop = new AbortController();
  const slept = systemClock.sleep(30 * DAY_MS, stop.signal).then(() => 'slept');
  expect(await Promise.race([slept, systemClock.sleep(100).then(() => 'sleeps')])).toBe('sleeps');
  stop.abort();
  expect(await slept).toBe('slept');
});
