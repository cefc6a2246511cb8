/** The operators and receiver functions of CEL's standard library, by value, as cel-go v0.28 dispatches them. */
import { Duration, floorDivide, SECOND, Timestamp } from './go-time.ts';
import { IpAddress, inCidr } from './ip-address.ts';
import {
  type CelValue,
  compare,
  equal,
  Failure,
  isList,
  isMap,
  mapKey,
  NO_OVERLOAD,
  sizeOf,
  typeName,
  Uint,
} from './values.ts';

export type Unary = (a: CelValue) => CelValue;
export type Binary = (a: CelValue, b: CelValue) => CelValue;

const INT_OVERFLOW = new Failure('integer overflow');
const UINT_OVERFLOW = new Failure('unsigned integer overflow');
const TIMESTAMP_OVERFLOW = new Failure('timestamp overflow');
const BY_ZERO = new Failure('division by zero');
const MODULUS_BY_ZERO = new Failure('modulus by zero');
const NOT_A_NUMBER = new Failure('NaN values cannot be ordered');

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;
const MIN_TIME = -62_135_596_800n * SECOND;
const MAX_TIME = 253_402_300_800n * SECOND - 1n;

export function int(value: bigint): CelValue {
  return value > MAX_INT || value < MIN_INT ? INT_OVERFLOW : value;
}

export function uint(value: bigint): CelValue {
  return value > MAX_UINT || value < 0n ? UINT_OVERFLOW : new Uint(value);
}

export function timestampAt(ns: bigint, offsetSeconds: number): CelValue {
  return ns > MAX_TIME || ns < MIN_TIME ? TIMESTAMP_OVERFLOW : new Timestamp(ns, offsetSeconds);
}

function duration(ns: bigint): CelValue {
  return ns > MAX_INT || ns < MIN_INT ? INT_OVERFLOW : new Duration(ns);
}

/** In whole seconds first: near the ends of what a duration holds these overflow before their sum does. */
function between(a: bigint, b: bigint): CelValue {
  const seconds = int((floorDivide(a, SECOND) - floorDivide(b, SECOND)) * SECOND);
  return typeof seconds === 'bigint' ? duration(a - b) : seconds;
}

/** cel-go names the function where the left operand's type has neither the operation nor methods. */
function named(name: string, left: readonly string[], apply: Binary): Binary {
  const without = new Failure(`no such overload: ${name}`);
  const knows = [...left, ...RECEIVERS];
  return (a, b) => {
    const result = apply(a, b);
    return result === NO_OVERLOAD && !knows.includes(typeName(a)) ? without : result;
  };
}

const NUMBERS = ['int', 'uint', 'double'];
const RECEIVERS = ['string', 'google.protobuf.Timestamp', 'google.protobuf.Duration', 'IPAddress'];
const ORDERED = [...NUMBERS, 'bool', 'bytes'];

export const UNARY: Readonly<Record<string, Unary>> = {
  '!_': (a) => (typeof a === 'boolean' ? !a : NO_OVERLOAD),
  '-_': negate,
};

export const BINARY: Readonly<Record<string, Binary>> = {
  '_+_': named('_+_', [...NUMBERS, 'bytes', 'list'], add),
  '_-_': named('_-_', NUMBERS, subtract),
  '_*_': named('_*_', NUMBERS, multiply),
  '_/_': named('_/_', NUMBERS, divide),
  '_%_': named('_%_', ['int', 'uint'], modulo),
  '_==_': (a, b) => equal(a, b),
  '_!=_': (a, b) => !equal(a, b),
  '_<_': named('_<_', ORDERED, (a, b) => ordered(a, b, (order) => order < 0)),
  '_<=_': named('_<=_', ORDERED, (a, b) => ordered(a, b, (order) => order <= 0)),
  '_>_': named('_>_', ORDERED, (a, b) => ordered(a, b, (order) => order > 0)),
  '_>=_': named('_>=_', ORDERED, (a, b) => ordered(a, b, (order) => order >= 0)),
  '@in': contains,
};

/** Member functions with one argument. */
export const MEMBER: Readonly<Record<string, Binary>> = {
  contains: (a, b) => text(a, b, (x, y) => x.includes(y)),
  startsWith: (a, b) => text(a, b, (x, y) => x.startsWith(y)),
  endsWith: (a, b) => text(a, b, (x, y) => x.endsWith(y)),
  in_cidr: (a, b) => {
    if (!(a instanceof IpAddress) || typeof b !== 'string') return NO_OVERLOAD;
    return inCidr(a, b) ?? new Failure(`'${b}' is a malformed CIDR string`);
  },
};

export function size(value: CelValue): CelValue {
  const sized = typeof value === 'string' || value instanceof Uint8Array || isList(value) || isMap(value);
  return sized ? BigInt(sizeOf(value)) : new Failure('no such overload: size');
}

function add(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'string') return typeof b === 'string' ? a + b : NO_OVERLOAD;
  if (isList(a)) return isList(b) ? [...a, ...b] : NO_OVERLOAD;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Uint8Array.of(...a, ...b) : NO_OVERLOAD;
  if (a instanceof Timestamp) {
    return b instanceof Duration ? timestampAt(a.ns + b.ns, a.offsetSeconds) : NO_OVERLOAD;
  }
  if (a instanceof Duration) {
    if (b instanceof Timestamp) return timestampAt(b.ns + a.ns, b.offsetSeconds);
    return b instanceof Duration ? duration(a.ns + b.ns) : NO_OVERLOAD;
  }
  return arithmetic(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
}

function subtract(a: CelValue, b: CelValue): CelValue {
  if (a instanceof Timestamp) {
    if (b instanceof Timestamp) return between(a.ns, b.ns);
    if (!(b instanceof Duration)) return NO_OVERLOAD;
    return b.ns === MIN_INT ? INT_OVERFLOW : timestampAt(a.ns - b.ns, a.offsetSeconds);
  }
  if (a instanceof Duration) return b instanceof Duration ? duration(a.ns - b.ns) : NO_OVERLOAD;
  return arithmetic(
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
}

function multiply(a: CelValue, b: CelValue): CelValue {
  return arithmetic(
    a,
    b,
    (x, y) => x * y,
    (x, y) => x * y,
  );
}

function divide(a: CelValue, b: CelValue): CelValue {
  if (dividesByZero(a, b)) return BY_ZERO;
  return arithmetic(
    a,
    b,
    (x, y) => x / y,
    (x, y) => x / y,
  );
}

const NO_NEGATION = new Failure('no such overload: -_');

function negate(a: CelValue): CelValue {
  if (typeof a === 'bigint') return int(-a);
  if (typeof a === 'number') return -a;
  return typeof a === 'boolean' || RECEIVERS.includes(typeName(a)) ? NO_OVERLOAD : NO_NEGATION;
}

function modulo(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'number' || typeof b === 'number') return NO_OVERLOAD;
  if (typeof a === 'bigint' && a === MIN_INT && b === -1n) return INT_OVERFLOW;
  return dividesByZero(a, b) ? MODULUS_BY_ZERO : arithmetic(a, b, (x, y) => x % y, Number.NaN.valueOf);
}

function dividesByZero(a: CelValue, b: CelValue): boolean {
  if (typeof a === 'bigint') return b === 0n;
  return a instanceof Uint && b instanceof Uint && b.value === 0n;
}

function arithmetic(
  a: CelValue,
  b: CelValue,
  whole: (x: bigint, y: bigint) => bigint,
  double: (x: number, y: number) => number,
): CelValue {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? int(whole(a, b)) : NO_OVERLOAD;
  if (typeof a === 'number') return typeof b === 'number' ? double(a, b) : NO_OVERLOAD;
  if (a instanceof Uint) return b instanceof Uint ? uint(whole(a.value, b.value)) : NO_OVERLOAD;
  return NO_OVERLOAD;
}

function ordered(a: CelValue, b: CelValue, holds: (order: number) => boolean): CelValue {
  const order = compare(a, b);
  if (order !== undefined) return holds(order);
  return Number.isNaN(a) || Number.isNaN(b) ? NOT_A_NUMBER : NO_OVERLOAD;
}

function contains(a: CelValue, b: CelValue): CelValue {
  if (isList(b)) return b.some((item) => equal(item, a));
  if (!isMap(b)) return NO_OVERLOAD;
  const key = mapKey(a);
  return key !== undefined && b.has(key);
}

function text(a: CelValue, b: CelValue, test: (x: string, y: string) => boolean): CelValue {
  return typeof a === 'string' && typeof b === 'string' ? test(a, b) : NO_OVERLOAD;
}
