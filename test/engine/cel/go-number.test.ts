import { describe, expect, test } from 'vitest';
import {
  bigFloatOf,
  bigFloatText,
  clampedInt64,
  exactDouble,
  formatG,
  isInteger,
  parseBigFloat,
} from '../../../src/engine/cel/go-number.ts';
import { Decline } from '../../../src/engine/decline.ts';

describe('numbers in words, as Go’s big.Float reads them', () => {
  test.each([
    ['10', 10n],
    ['1e2', 100n],
    ['10.0', 10n],
    ['+5', 5n],
    ['1p3', 8n],
    ['9223372036854775807', 9_223_372_036_854_775_807n],
    ['1e30', 9_223_372_036_854_775_807n],
    ['-1e30', -9_223_372_036_854_775_808n],
  ])('%s is the integer %s', (text, expected) => {
    const number = parseBigFloat(text);
    expect(number && isInteger(number) && clampedInt64(number)).toBe(expected);
  });

  test.each(['1.5', '0.1'])('%s is no integer', (text) => {
    const number = parseBigFloat(text);
    expect(number && isInteger(number)).toBe(false);
  });

  test.each(['', '0x10', ' 1', 'abc', '1,5', '--1'])('%j is no number', (text) => {
    expect(parseBigFloat(text)).toBeUndefined();
  });

  // upstream: 0, an infinity, and an error; which of them hangs on the inside of Go's big.Float
  test.each(['1e-700000000', '1e700000000', '0e99999999999999999999', '1p2147483648'])(
    '%s is left to the upstream',
    (text) => {
      expect(() => parseBigFloat(text)).toThrow(Decline);
    },
  );
});

test('a double is given where it is exact', () => {
  const double = (text: string) => exactDouble(parseBigFloat(text) ?? bigFloatOf(Number.NaN));
  expect(double('0.5')).toBe(0.5);
  expect(double('9007199254740993')).toBeUndefined();
  expect(double('0.1')).toBeUndefined();
});

test('numbers are written as Go’s %g and big.Float write them', () => {
  expect([1e6, 1e20, 1e21, 1e-4, 1e-5, 1.5, 0].map(formatG)).toEqual([
    '1e+06',
    '1e+20',
    '1e+21',
    '0.0001',
    '1e-05',
    '1.5',
    '0',
  ]);
  expect(bigFloatText(bigFloatOf(1.5))).toBe('1.5');
});
