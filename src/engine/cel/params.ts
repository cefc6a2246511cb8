/**
 * Condition parameters: OpenFGA's types and its casting of JSON (`internal/condition/types`), with its words.
 * The context arrives as `google.protobuf.Struct`: every number is a float64.
 */
import type { ConditionParameter } from '../../fga/model.ts';
import type { JsonObject, JsonValue } from '../../fga/tuple.ts';
import {
  bigFloatOf,
  bigFloatText,
  clampedInt64,
  exactDouble,
  formatG,
  isInteger,
  parseBigFloat,
} from './go-number.ts';
import { Duration, parseDuration, parseTimestamp } from './go-time.ts';
import { parseIpAddress } from './ip-address.ts';
import { type CelType, type CelValue, fromJson, Uint } from './values.ts';

export interface ParameterType {
  readonly cel: CelType;
  /** Throws `CastError`. */
  cast(value: JsonValue): CelValue;
}

/** Upstream's reason, without what wraps it. */
export class CastError extends Error {}

/** Undefined: a type that this engine does not know. */
export function parameterType(definition: ConditionParameter): ParameterType | undefined {
  const generics = (definition.generic_types ?? []).map(parameterType);
  const [inner] = generics;
  const name = definition.type_name;
  if (name === 'TYPE_NAME_MAP' || name === 'TYPE_NAME_LIST') {
    if (generics.length !== 1 || !inner) return undefined;
    return name === 'TYPE_NAME_MAP' ? mapOf(inner) : listOf(inner);
  }
  return generics.length > 0 ? undefined : SIMPLE[name];
}

const SIMPLE: Readonly<Record<string, ParameterType>> = {
  TYPE_NAME_ANY: { cel: { kind: 'dyn' }, cast: fromJson },
  TYPE_NAME_BOOL: { cel: { kind: 'bool' }, cast: (value) => primitive(value, 'boolean', 'bool') },
  TYPE_NAME_STRING: { cel: { kind: 'string' }, cast: (value) => primitive(value, 'string', 'string') },
  TYPE_NAME_INT: { cel: { kind: 'int' }, cast: castInt },
  TYPE_NAME_UINT: { cel: { kind: 'uint' }, cast: castUint },
  TYPE_NAME_DOUBLE: { cel: { kind: 'double' }, cast: castDouble },
  TYPE_NAME_DURATION: { cel: { kind: 'duration' }, cast: castDuration },
  TYPE_NAME_TIMESTAMP: { cel: { kind: 'timestamp' }, cast: castTimestamp },
  TYPE_NAME_IPADDRESS: { cel: { kind: 'ip' }, cast: castIpAddress },
};

function primitive(value: JsonValue, wanted: 'boolean' | 'string', name: string): CelValue {
  if (typeof value === wanted) return value as boolean | string;
  throw new CastError(`expected type value '${name}', but found '${reflected(value)}'`);
}

function castInt(value: JsonValue): CelValue {
  const number = numeric(value, 'int64');
  if (isInteger(number)) return clampedInt64(number);
  throw new CastError(`expected an int value, but found numeric value '${bigFloatText(number)}'`);
}

function castUint(value: JsonValue): CelValue {
  const number = numeric(value, 'uint64');
  if (!isInteger(number)) {
    throw new CastError(`expected a uint value, but found numeric value '${bigFloatText(number)}'`);
  }
  const int = clampedInt64(number);
  if (int < 0n) throw new CastError(`expected a uint value, but found int64 value '${bigFloatText(number)}'`);
  return new Uint(int);
}

function castDouble(value: JsonValue): CelValue {
  if (typeof value === 'number') return value;
  const number = numeric(value, 'float64');
  const double = exactDouble(number);
  if (double !== undefined) return double;
  throw new CastError(`number cannot be represented as a float64: ${bigFloatText(number)}`);
}

function numeric(value: JsonValue, name: string) {
  if (typeof value === 'number') return bigFloatOf(value);
  if (typeof value !== 'string') {
    throw new CastError(`expected type value '${name}', but found '${reflected(value)}'`);
  }
  const number = parseBigFloat(value);
  if (number) return number;
  throw new CastError(`expected a ${name} value, but found invalid string value '${value}'`);
}

function castDuration(value: JsonValue): CelValue {
  if (typeof value !== 'string') {
    throw new CastError(`expected a duration string, but found: ${goType(value)} '${goText(value)}'`);
  }
  const ns = parseDuration(value);
  if (ns !== undefined) return new Duration(ns);
  throw new CastError(`expected a valid duration string, but found: '${value}'`);
}

function castTimestamp(value: JsonValue): CelValue {
  const wanted = 'expected RFC 3339 formatted timestamp string, but found';
  if (typeof value !== 'string') throw new CastError(`${wanted}: ${goType(value)} '${goText(value)}'`);
  const timestamp = parseTimestamp(value);
  if (timestamp) return timestamp;
  throw new CastError(`${wanted} '${value}'`);
}

function castIpAddress(value: JsonValue): CelValue {
  if (typeof value !== 'string') {
    throw new CastError(`expected an ipaddress string, but found: ${goType(value)} '${goText(value)}'`);
  }
  const address = parseIpAddress(value);
  if (address) return address;
  throw new CastError(`expected a well-formed IP address, but found: '${value}'`);
}

function mapOf(inner: ParameterType): ParameterType {
  return {
    cel: { kind: 'map', key: { kind: 'string' }, value: inner.cel },
    cast(value) {
      if (!isObject(value)) throw new CastError(`map requires a map, found: ${goType(value)}`);
      const entries = Object.entries(value).map(([key, item]): [string, CelValue] => [
        key,
        within(`found an invalid value for key '${key}'`, inner, item),
      ]);
      return new Map(entries);
    },
  };
}

function listOf(inner: ParameterType): ParameterType {
  return {
    cel: { kind: 'list', element: inner.cel },
    cast(value) {
      if (!Array.isArray(value)) throw new CastError(`list requires a list, found: ${goType(value)}`);
      return value.map((item: JsonValue, index) =>
        within(`found an invalid list item at index \`${index}\``, inner, item),
      );
    },
  };
}

function within(where: string, inner: ParameterType, value: JsonValue): CelValue {
  try {
    return inner.cast(value);
  } catch (error) {
    if (error instanceof CastError) throw new CastError(`${where}: ${error.message}`);
    throw error;
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `%T` of what Go made of the JSON. */
function goType(value: JsonValue): string {
  if (value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

/** `%s` of `reflect.TypeOf`. */
function reflected(value: JsonValue): string {
  return value === null ? '%!s(<nil>)' : goType(value);
}

/** `%v`. */
function goText(value: JsonValue): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return formatG(value);
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goText(value[key] ?? null)}`).join(' ')}]`;
}
