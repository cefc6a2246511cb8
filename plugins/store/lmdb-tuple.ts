/** Tuple ↔ the bytes that stand for its condition: JSON, or nothing. */
import type { Tuple, TupleCondition } from '../../src/fga/tuple.ts';

export function tupleOf(user: string, relation: string, object: string, payload: string): Tuple {
  if (payload === '') return { user, relation, object };
  return { user, relation, object, condition: JSON.parse(payload) as TupleCondition };
}

export function payloadOf({ condition }: Tuple): string {
  return condition === undefined ? '' : JSON.stringify(condition);
}
