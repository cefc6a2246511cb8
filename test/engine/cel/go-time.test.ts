import { describe, expect, test } from 'vitest';
import {
  civilOf,
  floorDivide,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
} from '../../../src/engine/cel/go-time.ts';

describe('durations, as Go parses them', () => {
  test.each([
    ['1h30m', 5_400_000_000_000n],
    ['-1.5s', -1_500_000_000n],
    ['+2ms', 2_000_000n],
    ['1us', 1_000n],
    ['1µs', 1_000n],
    ['.5h', 1_800_000_000_000n],
    ['1.h', 3_600_000_000_000n],
    ['0', 0n],
    ['1.0000000005s', 1_000_000_000n],
    ['2562047h47m16.854775807s', 9_223_372_036_854_775_807n],
    ['2562047h47m16.854775808s', undefined],
    ['', undefined],
    ['5', undefined],
    ['1d', undefined],
    ['.h', undefined],
    ['1h-5m', undefined],
    ['PT1H', undefined],
    ['constructor', undefined],
    ['1constructor', undefined],
  ])('%s is %s ns', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });
});

describe('timestamps, as Go parses and writes RFC 3339', () => {
  test.each([
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['2024-01-01T23:00:00.120+02:00', '2024-01-01T23:00:00.12+02:00'],
    ['2024-01-01T23:00:00+00:00', '2024-01-01T23:00:00Z'],
    ['2024-02-29T00:00:00.1234567891Z', '2024-02-29T00:00:00.123456789Z'],
    ['2024-01-01T00:00:00,5Z', '2024-01-01T00:00:00.5Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
    ['2023-02-29T00:00:00Z', undefined],
    ['2024-01-01T24:00:00Z', undefined],
    ['2024-01-01T00:00:60Z', undefined],
    ['2024-01-01t00:00:00z', undefined],
    ['2024-01-01 00:00:00Z', undefined],
    ['2024-01-01T00:00:00', undefined],
    ['10000-01-01T00:00:00Z', undefined],
  ])('%s is %s', (text, expected) => {
    const timestamp = parseTimestamp(text);
    expect(timestamp && formatTimestamp(timestamp)).toBe(expected);
  });

  test('have a civil date at their own offset', () => {
    const timestamp = parseTimestamp('2024-03-01T00:30:00+02:00');
    if (!timestamp) throw new Error('parsed');
    expect(civilOf(timestamp)).toMatchObject({ year: 2024, month: 3, day: 1, hour: 0, minute: 30 });
    expect(civilOf({ ...timestamp, offsetSeconds: 0 })).toMatchObject({ month: 2, day: 29, hour: 22 });
  });
});

test('division rounds down, below zero too', () => {
  expect([7n, -7n, -6n].map((n) => floorDivide(n, 3n))).toEqual([2n, -3n, -2n]);
});
