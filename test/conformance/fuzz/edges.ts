/** Values of parameters at the edges of what Go reads and what cel-go counts: for expressions alone, besides the good ones. */
import type { JsonObject, JsonValue } from '../../../src/fga/tuple.ts';
import type { Kind } from './conditions.ts';

export const EDGES: Partial<Readonly<Record<Kind, readonly JsonValue[]>>> = {
  int: [
    9007199254740992,
    9.3e18,
    -9.3e18,
    1e19,
    '9223372036854775808',
    '-9223372036854775809',
    '+5',
    '.5e1',
    '5.',
  ],
  uint: [1e19, '18446744073709551615', '1e30', '+7', -0],
  double: [
    -0,
    5e-324,
    1.7976931348623157e308,
    '1e400',
    'Inf',
    '-inf',
    '1p-3',
    '0x1',
    '1e-400',
    '9007199254740993',
  ],
  string: [
    ...[
      'a'.repeat(95),
      'ab'.repeat(200),
      '10.0.0.1',
      '10.0.0.0/8',
      '10.0.0.0/33',
      '::ffff:10.0.0.0/104',
      '1.2.3.4/08',
    ],
    ...[
      '2024-01-01T10:30:00Z',
      '90s',
      '1.5h',
      'Europe/Berlin',
      '+02:00',
      '-00:30',
      ':30',
      'NaN',
      '1e3',
      '-Infinity',
    ],
    ...[
      '0x10',
      '1_000',
      ' 1',
      '😀',
      '\uffff',
      'e\u0301',
      'é',
      'İ',
      '(',
      '[a-c]+',
      '(?i)A',
      'k',
      'constructor',
      '__proto__',
    ],
  ],
  duration: [
    '.5s',
    '1h-30m',
    '+1h',
    '1µs',
    '9223372036854775807ns',
    '-9223372036854775808ns',
    '2562047h47m16.9s',
    '1.0000000001s',
  ],
  timestamp: [
    ...[
      '2024-01-01T1:30:00Z',
      '2024-01-01T10:30:00,5Z',
      '2024-01-01T10:30:00.1234567891Z',
      '2024-02-30T00:00:00Z',
    ],
    ...[
      '2024-01-01T10:30:00+24:00',
      '2024-01-01T10:30:00-23:59',
      '2024-01-01t10:30:00z',
      '2024-12-31T23:59:60Z',
    ],
    ...[
      '0001-01-01T00:00:00Z',
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999Z',
      '1850-06-01T00:00:00Z',
    ],
  ],
  ipaddress: [
    '::',
    '1:2:3:4:5:6:7:8',
    '::1.2.3.4',
    '::ffff:1.2.3.4%eth0',
    '2001:DB8::1',
    '1::2::3',
    '01.2.3.4',
    '[::1]',
  ],
  list: [many(12, (n) => `${n}`), many(95, () => 'a'), many(120, (n) => `item ${n}`), ['a'.repeat(300)]],
  map: [Object.fromEntries(many(30, (n) => [`k${n}`, 'v'])), named('x')],
  any: [
    1e19,
    -0,
    'a'.repeat(120),
    [1, [2, [3]]],
    { a: { b: 1 } },
    many(50, (n) => n),
    [null],
    {},
    { a: null },
  ],
};

/** Keys that mean something to JavaScript. */
export function named(item: JsonValue): JsonObject {
  return Object.fromEntries([
    ...['__proto__', 'constructor'].map((key) => [key, item] as const),
    ['a', item],
  ]);
}

export function many<T>(count: number, item: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => item(n));
}
