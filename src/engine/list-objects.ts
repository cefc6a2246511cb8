/** ListObjects and StreamedListObjects (contract section 5.1). */
import type { ListObjectsAnswer, Outcome } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import { LIST_MAX_RESULTS } from '../fga/limits.ts';
import type { ListObjectsQuery } from '../fga/query.ts';
import type { TupleReader } from '../fga/reader.ts';
import { startRun } from './check.ts';
import { type CompiledModel, relationOf } from './compile.ts';
import type { Listing } from './listing.ts';
import { listByPipeline } from './pipeline.ts';
import { listByReverseExpansion } from './reverse-expand.ts';
import type { Meter } from './run.ts';
import { subjectOf } from './subject.ts';
import { contextualErrorOfList } from './validate-contextual.ts';
import { relationNotFound, typeNotFound, userProblem } from './validate-names.ts';

export function listObjects(
  model: CompiledModel,
  query: ListObjectsQuery,
  view: TupleReader,
  meter: Meter,
): Outcome<ListObjectsAnswer> {
  const error = listError(model, query);
  if (error) return { error };
  const subject = subjectOf(query.user);
  const target = relationOf(model, query.type, query.relation);
  if (!target) return { declined: 'request' };
  const run = startRun(model, subject, query, view, meter);
  const byPipeline = model.graph !== undefined && subject.relation === '' && subject.id !== '*';
  const listing: Listing = byPipeline
    ? listByPipeline(run, model.graph, target, query.method === 'StreamedListObjects')
    : listByReverseExpansion(run, target);
  return conclude(query, listing);
}

function listError(model: CompiledModel, query: ListObjectsQuery): FgaError | undefined {
  const { type, relation, user } = query;
  const error = contextualErrorOfList(model, query.contextualTuples);
  if (error) return error;
  if (!model.types.has(type)) return new FgaError('type_not_found', typeNotFound(type));
  if (!relationOf(model, type, relation)) {
    return new FgaError('relation_not_found', relationNotFound(type, relation));
  }
  const problem = userProblem(model, user);
  return problem === undefined
    ? undefined
    : new FgaError('validation_error', `invalid 'user' value: ${problem}`);
}

/** The unary method cuts at the cap: which objects it keeps is chance, and whether it comes to an error before that. */
function conclude({ method }: ListObjectsQuery, listing: Listing): Outcome<ListObjectsAnswer> {
  if ('declined' in listing) return listing;
  const capped = method === 'ListObjects';
  if ('error' in listing) {
    return capped && listing.found >= LIST_MAX_RESULTS ? { declined: 'truncated' } : { error: listing.error };
  }
  if (capped && listing.objects.size > LIST_MAX_RESULTS) return { declined: 'truncated' };
  return { answer: { method, objects: [...listing.objects] } };
}
