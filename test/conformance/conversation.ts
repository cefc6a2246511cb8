/** Words for a conversation with a store: what is written, what is asked in turn, and what must be said. */
import type { BatchCheckItem, Query, QueryScope } from '../../src/fga/query.ts';
import type { JsonObject, Tuple, TupleKey } from '../../src/fga/tuple.ts';

export interface Vulnerability {
  readonly id: string;
  readonly about: string;
  /** A model in the modelling language, then the tuples written under it; in turn. */
  readonly steps: readonly { readonly model: string; readonly tuples: readonly Tuple[] }[];
  readonly asks: readonly Ask[];
}

export interface Ask {
  /** Under the newest model. */
  readonly query: (scope: QueryScope) => Query;
  readonly expected: { readonly answer: unknown } | { readonly error: string };
}

interface Extras {
  readonly context?: JsonObject;
  readonly tuples?: readonly Tuple[];
}

/** `user relation object` */
function key(text: string): TupleKey {
  const [user = '', relation = '', object = ''] = text.split(' ');
  return { user, relation, object };
}

export function tuple(text: string, condition?: Tuple['condition']): Tuple {
  return condition ? { ...key(text), condition } : key(text);
}

function part({ context, tuples = [] }: Extras): {
  contextualTuples: readonly Tuple[];
  context?: JsonObject;
} {
  return context ? { contextualTuples: tuples, context } : { contextualTuples: tuples };
}

export function check(text: string, expected: boolean | { error: string }, extras: Extras = {}): Ask {
  return {
    query: (scope) => ({ method: 'Check', ...scope, tupleKey: key(text), ...part(extras) }),
    expected: typeof expected === 'boolean' ? { answer: expected } : expected,
  };
}

export function batch(text: string, items: readonly (readonly [boolean, Extras])[]): Ask {
  const checks = items.map(
    ([, extras], n): BatchCheckItem => ({ correlationId: `${n}`, tupleKey: key(text), ...part(extras) }),
  );
  const answer = Object.fromEntries(items.map(([allowed], n) => [`${n}`, { allowed }]));
  return { query: (scope) => ({ method: 'BatchCheck', ...scope, checks }), expected: { answer } };
}

/** `type relation user` */
export function listObjects(
  text: string,
  answer: string[],
  context: JsonObject,
  tuples: readonly Tuple[] = [],
): Ask {
  const [type = '', relation = '', user = ''] = text.split(' ');
  const wanted = { type, relation, user, context, contextualTuples: tuples };
  return { query: (scope) => ({ method: 'ListObjects', ...scope, ...wanted }), expected: { answer } };
}
