/** CheckRequest and BatchCheckRequest (contract section 1.2). The rules run in the order of upstream's validation. */
import { MAX_CHECKS_PER_BATCH } from '../../fga/limits.ts';
import type { BatchCheckItem, BatchCheckQuery, CheckQuery } from '../../fga/query.ts';
import type { TupleKey } from '../../fga/tuple.ts';
import { type Fields, NotUnderstood } from './body.ts';
import { checkFlag, message, messages, struct, text } from './fields.ts';
import { REQUIRED, RULES, Violations } from './rules.ts';
import { checkStore, modelIdOf, scope } from './scope.ts';
import { checkTupleKey, contextualTuples } from './tuples.ts';

const NO_KEY: TupleKey = Object.freeze({ user: '', relation: '', object: '' });

export function checkQuery(fields: Fields, storeId: string, violations: Violations): CheckQuery {
  checkStore(fields, storeId, violations);
  const key = requiredTupleKey(fields, violations);
  const tuples = contextualTuples(fields, violations);
  const modelId = modelIdOf(fields, violations);
  checkFlag(fields, 'trace');
  const context = struct(fields, 'context');
  const query = { ...scope(fields, storeId, modelId), tupleKey: key, contextualTuples: tuples };
  return context === undefined ? { method: 'Check', ...query } : { method: 'Check', ...query, context };
}

/**
 * Too many checks and repeated ids are refused only after the model was found, which is not known here: such a batch is
 * not understood, and the upstream refuses it.
 */
export function batchCheckQuery(fields: Fields, storeId: string, violations: Violations): BatchCheckQuery {
  checkStore(fields, storeId, violations);
  const items = messages(fields, 'checks');
  if (items.length === 0) violations.add('Checks', 'value must contain at least 1 item(s)');
  const checks = items.map((item, index) => batchItem(item, index, violations));
  const modelId = modelIdOf(fields, violations);
  const query = { method: 'BatchCheck', ...scope(fields, storeId, modelId), checks } as const;
  const refused = checks.length > MAX_CHECKS_PER_BATCH || repeatsAnId(checks);
  if (refused && violations.text() === undefined)
    throw new NotUnderstood('too many checks, or a repeated id');
  return query;
}

function batchItem(item: Fields, index: number, violations: Violations): BatchCheckItem {
  const own = new Violations('BatchCheckItem');
  const key = requiredTupleKey(item, own);
  const tuples = contextualTuples(item, own);
  const context = struct(item, 'context');
  const correlationId = text(item, 'correlation_id');
  own.match('CorrelationId', correlationId, RULES.correlationId);
  violations.nested(`Checks[${index}]`, own);
  const check = { correlationId, tupleKey: key, contextualTuples: tuples };
  return context === undefined ? check : { ...check, context };
}

function requiredTupleKey(fields: Fields, violations: Violations): TupleKey {
  const key = message(fields, 'tuple_key');
  if (key !== undefined) return checkTupleKey(key, violations);
  violations.add('TupleKey', REQUIRED);
  return NO_KEY;
}

function repeatsAnId(checks: readonly BatchCheckItem[]): boolean {
  return new Set(checks.map((check) => check.correlationId)).size < checks.length;
}
