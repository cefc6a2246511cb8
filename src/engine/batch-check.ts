/**
 * BatchCheck: each item is a Check of its own. Items that differ in object and relation alone share one run, so that
 * what they have in common is solved once.
 */
import type { BatchCheckAnswer, Declined, Outcome } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import { MAX_CHECKS_PER_BATCH } from '../fga/limits.ts';
import type { BatchCheckItem, BatchCheckQuery } from '../fga/query.ts';
import type { TupleReader } from '../fga/reader.ts';
import { checkIn, startRun } from './check.ts';
import type { CompiledModel } from './compile.ts';
import type { Meter, Run } from './run.ts';
import { subjectOf } from './subject.ts';
import { forbiddenIn } from './validate-context.ts';
import { contextualProblem } from './validate-contextual.ts';
import { tupleKeyProblem } from './validate-names.ts';

export function batchCheck(
  model: CompiledModel,
  query: BatchCheckQuery,
  view: TupleReader,
  meter: Meter,
): Outcome<BatchCheckAnswer> {
  const error = batchError(query);
  if (error) return { error };
  const result = new Map<string, ItemResult>();
  const batch: Batch = { model, view, meter, runs: new Map() };
  for (const item of query.checks) {
    const outcome = checkItem(batch, item);
    if ('declined' in outcome) return outcome;
    result.set(item.correlationId, outcome);
  }
  return { answer: { method: 'BatchCheck', result } };
}

type ItemResult = { readonly allowed: boolean } | { readonly error: FgaError };

interface Batch {
  readonly model: CompiledModel;
  readonly view: TupleReader;
  readonly meter: Meter;
  /** By user, contextual tuples and context. */
  readonly runs: Map<string, Run>;
}

function batchError({ checks }: BatchCheckQuery): FgaError | undefined {
  if (checks.length > MAX_CHECKS_PER_BATCH) {
    const allowed = `the maximum allowed is ${MAX_CHECKS_PER_BATCH}`;
    return new FgaError('validation_error', `batchCheck received ${checks.length} checks, ${allowed}`);
  }
  if (checks.length === 0) {
    return new FgaError(
      'validation_error',
      'batch check requires at least one check to evaluate, no checks were received',
    );
  }
  const seen = new Set<string>();
  for (const { correlationId } of checks) {
    if (seen.has(correlationId)) {
      return new FgaError('validation_error', `received duplicate correlation id: ${correlationId}`);
    }
    seen.add(correlationId);
  }
  return undefined;
}

function checkItem(batch: Batch, item: BatchCheckItem): ItemResult | Declined {
  const error = itemError(batch.model, item);
  if (error) return { error };
  const outcome = checkIn(runOf(batch, item), item.tupleKey);
  if ('answer' in outcome) return { allowed: outcome.answer.allowed };
  if (!('error' in outcome)) return outcome;
  const tooDeep = outcome.error.code === 'authorization_model_resolution_too_complex';
  return { error: tooDeep ? new FgaError(outcome.error.code, 'resolution depth exceeded') : outcome.error };
}

/** The command's own words: unlike Check, an item's error does not pass through the server's formatting. */
function itemError(model: CompiledModel, item: BatchCheckItem): FgaError | undefined {
  const problem = tupleKeyProblem(model, item.tupleKey);
  if (problem !== undefined) return new FgaError('validation_error', `invalid relation: ${problem}`);
  const forbidden = forbiddenIn(item.context);
  if (forbidden !== undefined) return new FgaError('validation_error', `invalid context: ${forbidden}`);
  const tuple = contextualProblem(model, item.contextualTuples);
  return tuple === undefined ? undefined : new FgaError('invalid_tuple', `invalid tuple: ${tuple}`);
}

function runOf(batch: Batch, item: BatchCheckItem): Run {
  const { user } = item.tupleKey;
  const plain = item.contextualTuples.length === 0 && !item.context;
  const key = plain ? user : JSON.stringify([user, item.contextualTuples, item.context]);
  const known = batch.runs.get(key);
  if (known) return known;
  const run = startRun(batch.model, subjectOf(user), item, batch.view, batch.meter);
  run.solved = new Map();
  batch.runs.set(key, run);
  return run;
}
