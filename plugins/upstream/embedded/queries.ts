/** Check, BatchCheck, ListObjects, ListUsers and Expand, on the engine. */
import type { DeclineReason } from '../../../src/fga/answer.ts';
import { FgaError } from '../../../src/fga/error.ts';
import { MAX_CHECKS_PER_BATCH, MAX_REQUEST_BYTES } from '../../../src/fga/limits.ts';
import type { QueryMethod } from '../../../src/fga/query.ts';
import { type Call, GatewayError, type Handler, invalid, type Reply } from './call.ts';
import { isFields, readFields, refuseTooLarge, textField } from './json.ts';
import { resolveModel } from './resolve-model.ts';
import { dataOf } from './world.ts';

export function queryHandler(method: QueryMethod): Handler {
  return (call) => {
    const parsed = call.parseQuery(method, call.storeId, call.body);
    if ('error' in parsed) throw parsed.error;
    if ('declined' in parsed) throw refusal(call, method, parsed.detail ?? parsed.declined);
    const { query } = parsed;
    resolveModel(call, query.modelId ?? '');
    const outcome = call.engine.answer(query, dataOf(call.world, call.storeId).view);
    if ('error' in outcome) throw outcome.error;
    if ('declined' in outcome) throw declined(outcome.declined, outcome.detail);
    return reply(method, call.renderAnswer(outcome.answer));
  };
}

function reply(method: QueryMethod, body: string): Reply {
  if (method !== 'StreamedListObjects') return { status: 200, body };
  // Without a line the type of the call behind the gateway shows (contract section 1.6).
  return body === ''
    ? { status: 200, body, contentType: 'application/grpc', streamed: true }
    : { status: 200, body, streamed: true };
}

/** There is nobody else to ask. Near the depth limit upstream most often says that the model is too complex. */
function declined(reason: DeclineReason, detail = ''): FgaError {
  if (reason === 'depth') {
    return new FgaError(
      'authorization_model_resolution_too_complex',
      'Authorization Model resolution required too many rewrite rules to be resolved. Check your authorization model for infinite recursion or too much nesting',
    );
  }
  return new FgaError('internal_error', `the embedded upstream cannot answer this: ${reason} (${detail})`);
}

/** What the reader of queries left to the server. */
function refusal(call: Call, method: QueryMethod, detail: string): FgaError {
  if (call.body.length > MAX_REQUEST_BYTES) refuseTooLarge(call.body.length);
  const fields = readFields(call.body);
  if (method === 'BatchCheck') {
    const refused = refusedBatch(call, fields.checks, textField(fields, 'authorization_model_id'));
    if (refused) return refused;
  }
  if (detail.startsWith('a body of')) return declined('request', detail);
  return new GatewayError('validation_error', detail);
}

/** Judged once the model is resolved. */
function refusedBatch(call: Call, checks: unknown, modelId: string): FgaError | undefined {
  if (!Array.isArray(checks) || !checks.every(isFields)) return undefined;
  const ids = checks.map((check) => textField(check, 'correlation_id'));
  const repeated = ids.find((id, index) => ids.indexOf(id) < index);
  if (checks.length <= MAX_CHECKS_PER_BATCH && repeated === undefined) return undefined;
  resolveModel(call, modelId);
  return checks.length > MAX_CHECKS_PER_BATCH
    ? invalid(`batchCheck received ${checks.length} checks, the maximum allowed is ${MAX_CHECKS_PER_BATCH}`)
    : invalid(`received duplicate correlation id: ${repeated}`);
}
