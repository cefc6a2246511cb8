/** Type conversions (`int(x)`, `string(x)`, …) and the getters of timestamps and durations, as cel-go v0.28 has them. */

import { Decline } from '../decline.ts';
import { formatG } from './go-number.ts';
import {
  type Civil,
  civilOf,
  Duration,
  floorDivide,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  SECOND,
  Timestamp,
} from './go-time.ts';
import { parseIpAddress } from './ip-address.ts';
import { int, timestampAt, type Unary, uint } from './operators.ts';
import { type CelValue, Failure, NO_OVERLOAD, TypeValue, typeName, Uint } from './values.ts';
import { zoneOffset } from './zones.ts';

export const CONVERSIONS: Readonly<Record<string, Unary>> = {
  int: toInt,
  uint: toUint,
  double: toDouble,
  bool: toBool,
  string: toText,
  bytes: (value) => {
    if (typeof value === 'string') return new TextEncoder().encode(value);
    return value instanceof Uint8Array ? value : NO_OVERLOAD;
  },
  timestamp: toTimestamp,
  duration: (value) => {
    if (typeof value === 'string')
      return ofText(parseDuration(value), (ns) => new Duration(ns), 'google.protobuf.Duration');
    return value instanceof Duration ? value : NO_OVERLOAD;
  },
  dyn: (value) => value,
  type: (value) => new TypeValue(typeName(value)),
};

/** Not a conversion to cel-go's optimiser: OpenFGA adds it as a plain function. */
export function toIpAddress(value: CelValue): CelValue {
  if (typeof value !== 'string') return NO_OVERLOAD;
  return parseIpAddress(value) ?? new Failure();
}

export function getter(name: string, value: CelValue, zone?: CelValue): CelValue {
  if (value instanceof Duration && zone === undefined) return durationPart(name, value);
  const part = PARTS[name];
  if (!(value instanceof Timestamp) || !part) return NO_OVERLOAD;
  // without a zone cel-go answers in UTC, whatever offset the text had
  if (zone === undefined) return BigInt(part(civilOf(new Timestamp(value.ns, 0))));
  if (typeof zone !== 'string') return NO_OVERLOAD;
  const offset = zoneOffset(zone, value);
  return offset instanceof Failure ? offset : BigInt(part(civilOf(new Timestamp(value.ns, offset))));
}

export function isGetter(name: string): boolean {
  return name in PARTS;
}

const PARTS: Readonly<Record<string, (civil: Civil) => number>> = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month - 1,
  getDayOfYear: ({ yearDay }) => yearDay,
  getDayOfMonth: ({ day }) => day - 1,
  getDate: ({ day }) => day,
  getDayOfWeek: ({ weekday }) => weekday,
  getHours: ({ hour }) => hour,
  getMinutes: ({ minute }) => minute,
  getSeconds: ({ second }) => second,
  getMilliseconds: ({ nanos }) => Math.trunc(nanos / 1_000_000),
};

const DURATION_UNITS: Readonly<Record<string, bigint>> = {
  getHours: 3600n * SECOND,
  getMinutes: 60n * SECOND,
  getSeconds: SECOND,
  getMilliseconds: 1_000_000n,
};

function durationPart(name: string, value: Duration): CelValue {
  const unit = DURATION_UNITS[name];
  return unit === undefined ? NO_OVERLOAD : value.ns / unit;
}

function toInt(value: CelValue): CelValue {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return int(value.value);
  if (typeof value === 'number') return truncated(value, -(2 ** 63), 2 ** 63) ?? int(2n ** 64n);
  if (value instanceof Timestamp) return floorDivide(value.ns, SECOND);
  if (value instanceof Duration) return value.ns;
  if (typeof value !== 'string') return NO_OVERLOAD;
  const parsed = /^[+-]?\d+$/.test(value) ? int(BigInt(value.replace('+', ''))) : undefined;
  return typeof parsed === 'bigint' ? parsed : cannot('string', 'int');
}

function toUint(value: CelValue): CelValue {
  if (value instanceof Uint) return value;
  if (typeof value === 'bigint') return uint(value);
  if (typeof value === 'number') {
    const whole = value < 0 ? undefined : truncated(value, -1, 2 ** 64);
    return whole === undefined ? uint(-1n) : uint(whole);
  }
  if (typeof value !== 'string') return NO_OVERLOAD;
  const parsed = /^\d+$/.test(value) ? uint(BigInt(value)) : undefined;
  return parsed instanceof Uint ? parsed : cannot('string', 'uint');
}

function truncated(value: number, above: number, below: number): bigint | undefined {
  return value > above && value < below ? BigInt(Math.trunc(value)) : undefined;
}

/** Go's `strconv.ParseFloat`; its hexadecimal and underscored forms are left to the upstream. */
function toDouble(value: CelValue): CelValue {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string') return NO_OVERLOAD;
  if (/^nan$/i.test(value)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(value);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?0x/i.test(value) || value.includes('_')) throw new Decline('condition', `double('${value}')`);
  const double = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(double) ? double : cannot('string', 'double');
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

function toBool(value: CelValue): CelValue {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return NO_OVERLOAD;
  return TRUE.includes(value) ? true : FALSE.includes(value) ? false : cannot('string', 'bool');
}

function toText(value: CelValue): CelValue {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (typeof value === 'number') return formatG(value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return secondsText(value.ns);
  if (value instanceof Uint8Array) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
    } catch {
      return new Failure();
    }
  }
  return NO_OVERLOAD;
}

/** `FormatFloat(d.Seconds(), 'f', -1, 64)`: the seconds pass through a float64. */
function secondsText(ns: bigint): string {
  const seconds = Number(ns / SECOND) + Number(ns % SECOND) / 1e9;
  const text = String(seconds);
  return text.includes('e') ? `${seconds.toFixed(9).replace(/0+$/, '')}s` : `${text}s`;
}

function toTimestamp(value: CelValue): CelValue {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') return timestampAt(value * SECOND, 0);
  if (typeof value !== 'string') return NO_OVERLOAD;
  return ofText(
    parseTimestamp(value),
    (t) => timestampAt(t.ns, t.offsetSeconds),
    'google.protobuf.Timestamp',
  );
}

function ofText<T>(parsed: T | undefined, make: (value: T) => CelValue, type: string): CelValue {
  return parsed === undefined ? cannot('string', type) : make(parsed);
}

function cannot(from: string, to: string): Failure {
  return new Failure(`type conversion error from '${from}' to '${to}'`);
}
