/** ExpandRequest (contract section 1.2). It has no context: Expand evaluates no conditions. */
import type { ExpandQuery } from '../../fga/query.ts';
import type { Fields } from './body.ts';
import { message, text } from './fields.ts';
import { REQUIRED, RULES, Violations } from './rules.ts';
import { checkStore, modelIdOf, scope } from './scope.ts';
import { contextualTuples } from './tuples.ts';

/** An empty object or relation passes: it is refused after the model was found. */
export function expandQuery(fields: Fields, storeId: string, violations: Violations): ExpandQuery {
  checkStore(fields, storeId, violations);
  const { object, relation } = tupleKeyOf(fields, violations);
  const modelId = modelIdOf(fields, violations);
  const tuples = contextualTuples(fields, violations);
  const query = { ...scope(fields, storeId, modelId), object, relation, contextualTuples: tuples };
  return { method: 'Expand', ...query };
}

function tupleKeyOf(fields: Fields, violations: Violations): { object: string; relation: string } {
  const key = message(fields, 'tuple_key');
  if (key === undefined) {
    violations.add('TupleKey', REQUIRED);
    return { object: '', relation: '' };
  }
  const own = new Violations('ExpandRequestTupleKey');
  const parts = { object: text(key, 'object'), relation: text(key, 'relation') };
  own.matchIfSet('Relation', parts.relation, RULES.relation);
  own.matchIfSet('Object', parts.object, RULES.object);
  violations.nested('TupleKey', own);
  return parts;
}
