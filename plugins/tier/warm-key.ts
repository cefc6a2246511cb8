/**
 * The key of an answer: a digest of the whole effective request. Two requests have the same key only if the upstream reads
 * the same question in them. The session is no part of it, so that an operator's key means the same on every edge.
 */
import { hash } from 'node:crypto';
import type { Query } from '../../src/fga/query.ts';

/** `<store id>_<digest>`: one token of a NATS subject. */
export function cacheKey(query: Query, modelId: string): string {
  return `${query.storeId}_${hash('sha256', questionText(query, modelId), 'base64url')}`;
}

export function storeOfKey(key: string): string {
  const end = key.indexOf('_');
  return end < 0 ? key : key.slice(0, end);
}

function questionText(query: Query, modelId: string): string {
  const { method } = query;
  switch (query.method) {
    case 'Check':
      return canonical([method, modelId, query.tupleKey, query.contextualTuples, query.context]);
    case 'BatchCheck':
      return canonical([method, modelId, query.checks]);
    case 'ListObjects':
    case 'StreamedListObjects': {
      const { type, relation, user, contextualTuples, context } = query;
      return canonical([method, modelId, type, relation, user, contextualTuples, context]);
    }
    case 'ListUsers': {
      const { object, relation, userFilter, contextualTuples, context } = query;
      return canonical([method, modelId, object, relation, userFilter, contextualTuples, context]);
    }
    case 'Expand':
      return canonical([method, modelId, query.object, query.relation, query.contextualTuples]);
  }
}

/** JSON whose objects have their keys in order. Absent is not empty, and -0 is not 0: conditions can tell them apart. */
function canonical(value: unknown): string {
  if (value === undefined) return '~';
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}
