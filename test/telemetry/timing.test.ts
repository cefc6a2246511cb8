import { expect, test } from 'vitest';
import { createTiming, mergeTimings, quantile } from '../../src/telemetry/timing.ts';

test('a duration falls in the first bucket that reaches it, and past the last in one of its own', () => {
  const timing = createTiming([0.001, 0.01]);
  for (const ms of [0, 1, 1.0001, 10, 11]) timing.observeMs(ms);
  expect(timing.snapshot()).toMatchObject({ counts: [2, 2, 1], count: 5 });
  expect(timing.snapshot().sum).toBeCloseTo(0.0230001, 6);
});

test('a duration below zero, from two clocks apart, counts as none', () => {
  const timing = createTiming([0.001]);
  timing.observeMs(-5);
  expect(timing.snapshot()).toEqual({ bounds: [0.001], counts: [1, 0], count: 1, sum: 0 });
});

test('quantiles lie in the bucket where their share falls', () => {
  const timing = createTiming([0.001, 0.002, 0.004]);
  for (let i = 0; i < 90; i++) timing.observeMs(1.5);
  for (let i = 0; i < 10; i++) timing.observeMs(3);
  const snapshot = timing.snapshot();
  expect(quantile(snapshot, 0.5)).toBeGreaterThan(0.001);
  expect(quantile(snapshot, 0.5)).toBeLessThan(0.002);
  expect(quantile(snapshot, 0.99)).toBeGreaterThan(0.002);
  expect(quantile(createTiming([1]).snapshot(), 0.5)).toBeUndefined();
});

test('several timings become one', () => {
  const [a, b] = [createTiming([0.001]), createTiming([0.001])];
  a.observeMs(0.5);
  b.observeMs(5);
  expect(mergeTimings([a.snapshot(), b.snapshot()])).toMatchObject({ counts: [1, 1], count: 2 });
  expect(mergeTimings([])).toBeUndefined();
});
