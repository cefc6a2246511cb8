/** A query → the HTTP body that asks it, for questions that the sidecar itself puts to the upstream. Undoes `parse.ts`. */
import type { Query } from '../../fga/query.ts';
import type { Tuple } from '../../fga/tuple.ts';

const PATHS = {
  Check: 'check',
  BatchCheck: 'batch-check',
  ListObjects: 'list-objects',
  StreamedListObjects: 'streamed-list-objects',
  ListUsers: 'list-users',
  Expand: 'expand',
} as const satisfies Readonly<Record<Query['method'], string>>;

export function pathOf({ storeId, method }: Query): string {
  return `/stores/${storeId}/${PATHS[method]}`;
}

/** The same question with HIGHER_CONSISTENCY, so that no cache of the upstream answers it. */
export function strongBodyOf(query: Query): object {
  const model = query.modelId === undefined ? {} : { authorization_model_id: query.modelId };
  return { ...questionOf(query), ...model, consistency: 'HIGHER_CONSISTENCY' };
}

function questionOf(query: Query): object {
  switch (query.method) {
    case 'Check':
      return { tuple_key: query.tupleKey, ...around(query) };
    case 'BatchCheck':
      return {
        checks: query.checks.map((check) => ({
          correlation_id: check.correlationId,
          tuple_key: check.tupleKey,
          ...around(check),
        })),
      };
    case 'ListObjects':
    case 'StreamedListObjects': {
      const { type, relation, user } = query;
      return { type, relation, user, ...around(query) };
    }
    case 'ListUsers': {
      const { object, relation, userFilter, contextualTuples, context } = query;
      const given = context === undefined ? {} : { context };
      return { object, relation, user_filters: [userFilter], contextual_tuples: contextualTuples, ...given };
    }
    case 'Expand':
      return { tuple_key: { object: query.object, relation: query.relation }, ...around(query) };
  }
}

function around({
  contextualTuples,
  context,
}: {
  contextualTuples: readonly Tuple[];
  context?: object;
}): object {
  return {
    ...(contextualTuples.length === 0 ? {} : { contextual_tuples: { tuple_keys: contextualTuples } }),
    ...(context === undefined ? {} : { context }),
  };
}
