/** ListObjectsRequest, StreamedListObjectsRequest and ListUsersRequest (contract section 1.2). */
import type { ListObjectsQuery, ListUsersQuery } from '../../fga/query.ts';
import type { Fields } from './body.ts';
import { message, messages, struct, text } from './fields.ts';
import { REQUIRED, RULES, utf8Length, Violations } from './rules.ts';
import { checkStore, modelIdOf, scope } from './scope.ts';
import { bareContextualTuples, contextualTuples } from './tuples.ts';

export function listObjectsQuery(
  fields: Fields,
  storeId: string,
  violations: Violations,
): Omit<ListObjectsQuery, 'method'> {
  checkStore(fields, storeId, violations);
  const modelId = modelIdOf(fields, violations);
  const wanted = {
    type: text(fields, 'type'),
    relation: text(fields, 'relation'),
    user: text(fields, 'user'),
  };
  violations.match('Type', wanted.type, RULES.type);
  violations.match('Relation', wanted.relation, RULES.relation);
  const length = utf8Length(wanted.user);
  if (length < 1 || length > 512) {
    violations.add('User', 'value length must be between 1 and 512 bytes, inclusive');
  }
  const tuples = contextualTuples(fields, violations);
  const context = struct(fields, 'context');
  const query = { ...scope(fields, storeId, modelId), ...wanted, contextualTuples: tuples };
  return context === undefined ? query : { ...query, context };
}

export function listUsersQuery(fields: Fields, storeId: string, violations: Violations): ListUsersQuery {
  checkStore(fields, storeId, violations);
  const modelId = modelIdOf(fields, violations);
  const object = objectOf(fields, violations);
  const relation = text(fields, 'relation');
  violations.match('Relation', relation, RULES.relation);
  const userFilter = userFilterOf(fields, violations);
  const tuples = bareContextualTuples(fields, violations);
  const context = struct(fields, 'context');
  const query = {
    ...scope(fields, storeId, modelId),
    object,
    relation,
    userFilter,
    contextualTuples: tuples,
  };
  return context === undefined
    ? { method: 'ListUsers', ...query }
    : { method: 'ListUsers', ...query, context };
}

function objectOf(fields: Fields, violations: Violations): ListUsersQuery['object'] {
  const object = message(fields, 'object');
  if (object === undefined) {
    violations.add('Object', REQUIRED);
    return { type: '', id: '' };
  }
  const own = new Violations('Object');
  const parts = { type: text(object, 'type'), id: text(object, 'id') };
  own.match('Type', parts.type, RULES.type);
  own.match('Id', parts.id, RULES.objectId);
  violations.nested('Object', own);
  return parts;
}

function userFilterOf(fields: Fields, violations: Violations): ListUsersQuery['userFilter'] {
  const filters = messages(fields, 'user_filters');
  if (filters.length !== 1) violations.add('UserFilters', 'value must contain exactly 1 item(s)');
  const read = filters.map((filter, index) => {
    const own = new Violations('UserTypeFilter');
    const type = text(filter, 'type');
    const relation = text(filter, 'relation');
    own.match('Type', type, RULES.type);
    own.matchIfSet('Relation', relation, RULES.relation);
    violations.nested(`UserFilters[${index}]`, own);
    return relation === '' ? { type } : { type, relation };
  });
  return read[0] ?? { type: '' };
}
