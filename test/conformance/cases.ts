/** A stage's assertions → queries with what must be said. */
import { ERROR_CODES } from '../../src/fga/error.ts';
import { MAX_CONTEXTUAL_TUPLES } from '../../src/fga/limits.ts';
import type { Query } from '../../src/fga/query.ts';
import type { JsonObject, Tuple } from '../../src/fga/tuple.ts';
import type { CheckAssertion, ListObjectsAssertion, ListUsersAssertion, Stage } from './suite.ts';

export interface Case {
  /** Names the question within its stage: `Check 3: document:1#viewer@user:a`. */
  readonly name: string;
  readonly query: Query;
  /** The error is the name of the code. Sorted where it is a list. */
  readonly expected: { readonly answer: unknown } | { readonly error: string };
}

export interface Place {
  readonly storeId: string;
  readonly modelId: string;
  /** The stage's tuples, in the re-run that sends them with each query instead of writing them. */
  readonly contextual: readonly Tuple[];
}

/** ListObjects is asked both ways; each listed object and user is also checked. */
export function casesOf(stage: Stage, place: Place): Case[] {
  return [
    ...(stage.checkAssertions ?? []).map((a, i) => checkCase(a, `Check ${i}`, place)),
    ...(stage.listObjectsAssertions ?? []).flatMap((a, i) => listObjectsCases(a, i, place)),
    ...(stage.listUsersAssertions ?? []).flatMap((a, i) => listUsersCases(a, i, place)),
  ].filter(
    ({ query }) => !('contextualTuples' in query) || query.contextualTuples.length <= MAX_CONTEXTUAL_TUPLES,
  );
}

function checkCase(assertion: CheckAssertion, name: string, place: Place): Case {
  const { user, relation, object } = assertion.tuple;
  return {
    name: `${name}: ${object}#${relation}@${user}`,
    query: { method: 'Check', ...extras(assertion, place), tupleKey: { user, relation, object } },
    expected: expected(assertion.errorCode, assertion.expectation ?? false),
  };
}

function listObjectsCases(assertion: ListObjectsAssertion, index: number, place: Place): Case[] {
  const { user, relation, type } = assertion.request;
  const objects = [...(assertion.expectation ?? [])].sort();
  const lists = (['ListObjects', 'StreamedListObjects'] as const).map((method) => ({
    name: `${method} ${index}: ${type}#${relation}@${user}`,
    query: { method, ...extras(assertion, place), user, relation, type },
    expected: expected(assertion.errorCode, objects),
  }));
  const { context, contextualTuples } = assertion;
  const checks = objects.map((object) =>
    checkCase(
      { context, contextualTuples, tuple: { user, relation, object }, expectation: true } as CheckAssertion,
      `ListObjects ${index}`,
      place,
    ),
  );
  return [...lists, ...checks];
}

function listUsersCases(assertion: ListUsersAssertion, index: number, place: Place): Case[] {
  const { filters, object, relation } = assertion.request;
  const users = [...(assertion.expectation ?? [])].sort();
  const [filter = ''] = filters;
  const [filterType = '', filterRelation] = filter.split('#');
  const [type = '', ...id] = object.split(':');
  const query: Query = {
    method: 'ListUsers',
    ...extras(assertion, place),
    object: { type, id: id.join(':') },
    relation,
    userFilter:
      filterRelation === undefined ? { type: filterType } : { type: filterType, relation: filterRelation },
  };
  const list = { name: `ListUsers ${index}: ${object}#${relation}@${filter}`, query };
  const { context, contextualTuples } = assertion;
  const checks = users.map((user) =>
    checkCase(
      { context, contextualTuples, tuple: { user, relation, object }, expectation: true } as CheckAssertion,
      `ListUsers ${index}`,
      place,
    ),
  );
  return [{ ...list, expected: expected(assertion.errorCode, users) }, ...checks];
}

type Extras = Pick<
  Extract<Query, { method: 'Check' }>,
  'storeId' | 'modelId' | 'consistency' | 'contextualTuples' | 'context'
>;

function extras(
  assertion: { contextualTuples?: readonly Tuple[] | null; context?: JsonObject | null },
  { storeId, modelId, contextual }: Place,
): Extras {
  const contextualTuples = [...(assertion.contextualTuples ?? []), ...contextual];
  const scope = { storeId, modelId, consistency: 'unspecified', contextualTuples } as const;
  return assertion.context ? { ...scope, context: assertion.context } : scope;
}

function expected(errorCode: number | undefined, answer: unknown): Case['expected'] {
  if (errorCode === undefined || errorCode === 0) return { answer };
  const name = Object.entries(ERROR_CODES).find(([, number]) => number === errorCode)?.[0];
  return { error: name ?? `${errorCode}` };
}
