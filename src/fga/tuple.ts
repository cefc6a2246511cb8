/**
 * The relationship tuple and the three forms of a user.
 * Names follow OpenFGA: an object is `type:id`, a user is `type:id`, `type:id#relation` or `type:*`.
 */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Identity of a tuple within a store. The condition is not part of the identity (contract section 6.1). */
export interface TupleKey {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
}

export interface TupleCondition {
  readonly name: string;
  /** Stored context, `google.protobuf.Struct` as JSON. Absent is the same as empty. */
  readonly context?: JsonObject;
}

export interface Tuple extends TupleKey {
  readonly condition?: TupleCondition;
}

export type UserKind = 'object' | 'userset' | 'wildcard';

/** The `type` of `type:id`, or `''` when there is no colon. Splits at the first colon: ids may hold more. */
export function typeOf(object: string): string {
  const colon = object.indexOf(':');
  return colon < 0 ? '' : object.slice(0, colon);
}

/** What kind of subject a user string is. Does not validate; `test/fga` holds the odd forms. */
export function userKind(user: string): UserKind {
  if (user.includes('#')) return 'userset';
  return user.endsWith(':*') && user.indexOf(':') === user.length - 2 ? 'wildcard' : 'object';
}

/** One string per tuple identity, for maps and locks. A space can be in none of the three parts. */
export function keyText(key: TupleKey): string {
  return `${key.object} ${key.relation} ${key.user}`;
}

export function byKey(a: TupleKey, b: TupleKey): number {
  const left = keyText(a);
  const right = keyText(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
