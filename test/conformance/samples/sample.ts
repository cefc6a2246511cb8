/** A kind of application, as a model and a generator of its data. */
import type { JsonObject, Tuple, TupleKey } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';

export interface Sample {
  readonly name: string;
  /** Modelling language. */
  readonly model: string;
  /** Thousands of tuples; keys may repeat, the first one counts. */
  tuples(chance: Chance): Tuple[];
  /** What a request of this application sends along. */
  context?(chance: Chance): JsonObject;
}

/** `user:0` … for `id('user', 0)`. */
export function id(type: string, number: number): string {
  return `${type}:${number}`;
}

/** One of the first `count` objects of a type. */
export function oneOf(type: string, count: number, chance: Chance): string {
  return id(type, chance.below(count));
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export function tuple(user: string, relation: string, object: string, condition?: Tuple['condition']): Tuple {
  const key: TupleKey = { user, relation, object };
  return condition ? { ...key, condition } : key;
}
