/**
 * Reads a message's fields as protojson does (contract section 1.3): null is unset, unknown fields are ignored. The protos
 * give these fields their snake_case name as JSON name too, so `tupleKey` is just an unknown field (seen on v1.18.1).
 * Any other JSON type than the field's throws `NotUnderstood`: the upstream words that error.
 */
import type { Consistency } from '../../fga/query.ts';
import type { JsonObject } from '../../fga/tuple.ts';
import { type Fields, isFields, NotUnderstood } from './body.ts';

/** `''` when unset. */
export function text(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new NotUnderstood(`${name} is no string`);
  return value;
}

export function message(fields: Fields, name: string): Fields | undefined {
  const value = field(fields, name);
  if (value === undefined) return undefined;
  if (!isFields(value)) throw new NotUnderstood(`${name} is no object`);
  return value;
}

/** A repeated message field; empty when unset. */
export function messages(fields: Fields, name: string): readonly Fields[] {
  const value = field(fields, name);
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every(isFields))
    throw new NotUnderstood(`${name} is no list of objects`);
  return value;
}

/** A `google.protobuf.Struct`. */
export function struct(fields: Fields, name: string): JsonObject | undefined {
  return message(fields, name) as JsonObject | undefined;
}

const CONSISTENCIES: ReadonlyMap<string, Consistency> = new Map([
  ['', 'unspecified'],
  ['UNSPECIFIED', 'unspecified'],
  ['MINIMIZE_LATENCY', 'minimize_latency'],
  ['HIGHER_CONSISTENCY', 'higher_consistency'],
]);

export function consistency(fields: Fields): Consistency {
  const value = CONSISTENCIES.get(text(fields, 'consistency'));
  if (value === undefined) throw new NotUnderstood('consistency is no known word');
  return value;
}

/** Of no effect upstream, but a value of another type is an error there. */
export function checkFlag(fields: Fields, name: string): void {
  const value = field(fields, name);
  if (value !== undefined && typeof value !== 'boolean') throw new NotUnderstood(`${name} is no boolean`);
}

function field(fields: Fields, name: string): unknown {
  return fields[name] ?? undefined;
}
