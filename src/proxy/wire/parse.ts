/** HTTP JSON → Query: the door where an unknown body becomes typed words, an upstream error, or "forward it". */
import type { Declined } from '../../fga/answer.ts';
import type { FgaError } from '../../fga/error.ts';
import type { Query, QueryMethod } from '../../fga/query.ts';
import { type Fields, NotUnderstood, readBody } from './body.ts';
import { batchCheckQuery, checkQuery } from './check.ts';
import { expandQuery } from './expand.ts';
import { listObjectsQuery, listUsersQuery } from './list.ts';
import { Violations } from './rules.ts';

export type ParsedQuery = { readonly query: Query } | { readonly error: FgaError } | Declined;

/**
 * `error` is the code and message that the upstream answers to this body, whatever the store holds. Declined (`request`)
 * is all that only the upstream can word: malformed JSON, wrong JSON types, duplicate keys.
 * `storeId` comes from the path, already decoded.
 */
export function parseQuery(method: QueryMethod, storeId: string, body: Uint8Array): ParsedQuery {
  return parseFields(method, storeId, () => readBody(body));
}

/** The same from any wire; `fields` may throw `NotUnderstood`. */
export function parseFields(method: QueryMethod, storeId: string, fields: () => Fields): ParsedQuery {
  try {
    return read(method, storeId, fields());
  } catch (fault) {
    if (fault instanceof NotUnderstood) return { declined: 'request', detail: fault.message };
    throw fault;
  }
}

function read(method: QueryMethod, storeId: string, fields: Fields): ParsedQuery {
  const violations = new Violations(`${method}Request`);
  const query = queryOf(method, storeId, fields, violations);
  const error = violations.error();
  return error === undefined ? { query } : { error };
}

function queryOf(method: QueryMethod, storeId: string, fields: Fields, violations: Violations): Query {
  switch (method) {
    case 'Check':
      return checkQuery(fields, storeId, violations);
    case 'BatchCheck':
      return batchCheckQuery(fields, storeId, violations);
    case 'ListObjects':
    case 'StreamedListObjects':
      return { method, ...listObjectsQuery(fields, storeId, violations) };
    case 'ListUsers':
      return listUsersQuery(fields, storeId, violations);
    case 'Expand':
      return expandQuery(fields, storeId, violations);
  }
}
