/** The fields that every query has: store, model, consistency. */
import type { QueryScope } from '../../fga/query.ts';
import type { Fields } from './body.ts';
import { consistency, text } from './fields.ts';
import { RULES, type Violations } from './rules.ts';

/** The store in the path replaces one in the body, which only has to be a string. */
export function checkStore(fields: Fields, storeId: string, violations: Violations): void {
  text(fields, 'store_id');
  violations.match('StoreId', storeId, RULES.ulid);
}

/** `''` is the latest model. */
export function modelIdOf(fields: Fields, violations: Violations): string {
  const modelId = text(fields, 'authorization_model_id');
  violations.matchIfSet('AuthorizationModelId', modelId, RULES.ulid);
  return modelId;
}

export function scope(fields: Fields, storeId: string, modelId: string): QueryScope {
  const word = consistency(fields);
  return modelId === '' ? { storeId, consistency: word } : { storeId, modelId, consistency: word };
}
