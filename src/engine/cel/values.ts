/** CEL values as this engine holds them, and what may be compared with what (cel-go v0.28, `common/types`). */
import type { JsonObject, JsonValue } from '../../fga/tuple.ts';
import { Duration, Timestamp } from './go-time.ts';
import { IpAddress, sameAddress } from './ip-address.ts';

/** int is a bigint, double a number; maps keep their keys as `mapKey` makes them. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | IpAddress
  | TypeValue
  | readonly CelValue[]
  | ReadonlyMap<MapKey, CelValue>
  | Failure
  | Unknown;

export type MapKey = string | boolean | bigint;

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A runtime error. Without a message, its words are not known here; that it fails is certain. */
export class Failure {
  readonly message: string | undefined;

  constructor(message?: string) {
    this.message = message;
  }
}

/** The value of a parameter that is missing from the context. */
export class Unknown {
  readonly missing = true;
}

export const UNKNOWN = new Unknown();
export const NO_OVERLOAD = new Failure('no such overload');

export type CelType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'list'; readonly element: CelType }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType };

export type ScalarKind =
  | 'dyn'
  /** Of what is in `[]` and `{}`: it takes the type of whatever it meets. */
  | 'none'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'ip'
  | 'type';

export function isBroken(value: CelValue): value is Failure | Unknown {
  return value instanceof Failure || value instanceof Unknown;
}

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

export function isMap(value: CelValue): value is ReadonlyMap<MapKey, CelValue> {
  return value instanceof Map;
}

/** JSON as a dynamic value: numbers are doubles. */
export function fromJson(value: JsonValue): CelValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const entries = Object.entries(value as JsonObject).map(([key, item]): [string, CelValue] => [
    key,
    fromJson(item),
  ]);
  return new Map(entries);
}

/** What a value is looked up as: equal numbers of any type are one key. Undefined: it can be no key. */
export function mapKey(value: CelValue): MapKey | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (value instanceof Uint) return value.value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

/** Code points of a string, items of a list or map; 1 for the rest (cel-go's `actualSize`). */
export function sizeOf(value: CelValue): number {
  if (typeof value === 'string') return codePoints(value);
  if (isList(value) || value instanceof Uint8Array) return value.length;
  return isMap(value) ? value.size : 1;
}

export function equal(a: CelValue, b: CelValue): boolean {
  if (a === b) return typeof a !== 'number' || !Number.isNaN(a);
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (isList(a))
    return isList(b) && a.length === b.length && a.every((item, i) => equal(item, b[i] as CelValue));
  if (isMap(a)) return isMap(b) && a.size === b.size && [...a].every(([key, value]) => holds(b, key, value));
  if (a instanceof Timestamp) return b instanceof Timestamp && a.ns === b.ns;
  if (a instanceof Duration) return b instanceof Duration && a.ns === b.ns;
  if (a instanceof IpAddress) return b instanceof IpAddress && sameAddress(a, b);
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0;
  return false;
}

/** Negative, zero or positive; undefined where the two cannot be ordered. */
export function compare(a: CelValue, b: CelValue): number | undefined {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === 'string') return typeof b === 'string' ? compareText(a, b) : undefined;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof Timestamp) return b instanceof Timestamp ? sign(a.ns, b.ns) : undefined;
  if (a instanceof Duration) return b instanceof Duration ? sign(a.ns, b.ns) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : undefined;
  return undefined;
}

type AnyNumber = number | bigint | Uint;

function isNumber(value: CelValue): value is AnyNumber {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint;
}

/** Undefined for NaN. A double meets an integer as a double, as in cel-go; so large integers lose precision there too. */
function compareNumbers(a: AnyNumber, b: AnyNumber): number | undefined {
  const left = a instanceof Uint ? a.value : a;
  const right = b instanceof Uint ? b.value : b;
  if (typeof left === 'bigint' && typeof right === 'bigint') return sign(left, right);
  const x = Number(left);
  const y = Number(right);
  return x < y ? -1 : x > y ? 1 : x === y ? 0 : undefined;
}

function holds(map: ReadonlyMap<MapKey, CelValue>, key: MapKey, value: CelValue): boolean {
  const other = map.get(key);
  return other !== undefined && equal(value, other);
}

function sign(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By UTF-8 bytes, which is by code point; UTF-16 order differs above the basic plane. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogates = Number(isSurrogate(x)) - Number(isSurrogate(y));
    return surrogates === 0 ? x - y : surrogates;
  }
  return a.length - b.length;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}

/** What `type(x)` calls it. */
export function typeName(value: CelValue): string {
  if (value === null) return 'null_type';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'string') return 'string';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof IpAddress) return 'IPAddress';
  if (isList(value)) return 'list';
  return isMap(value) ? 'map' : 'type';
}
