/** Check, and each item of BatchCheck (contract section 4). */
import type { CheckAnswer, Declined, Outcome } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import type { TupleReader } from '../fga/reader.ts';
import type { JsonObject, Tuple, TupleKey } from '../fga/tuple.ts';
import { type CompiledModel, relationOf } from './compile.ts';
import { overlay } from './contextual.ts';
import { flatOf } from './flat.ts';
import { ALLOWED, CYCLE, DENIED, FAILED, type Outcomes, TOO_DEEP } from './outcome.ts';
import { planBook, planOf } from './plan.ts';
import { factsOf } from './plan-facts.ts';
import { resolve, resolveFlat } from './resolve.ts';
import type { Meter, Run } from './run.ts';
import { type Subject, subjectOf } from './subject.ts';
import { forbiddenIn } from './validate-context.ts';
import { contextualErrorOfCheck } from './validate-contextual.ts';
import { tupleKeyProblem } from './validate-names.ts';

export interface CheckParts {
  readonly tupleKey: TupleKey;
  readonly contextualTuples: readonly Tuple[];
  readonly context?: JsonObject | undefined;
}

export function check(
  model: CompiledModel,
  parts: CheckParts,
  view: TupleReader,
  meter: Meter,
): Outcome<CheckAnswer> {
  const error = checkError(model, parts);
  if (error) return { error };
  const { user } = parts.tupleKey;
  return checkIn(startRun(model, subjectOf(user), parts, view, meter), parts.tupleKey);
}

/** Steps 3 to 5 of contract section 4.1, with the codes and words of upstream. */
export function checkError(model: CompiledModel, parts: CheckParts): FgaError | undefined {
  const problem = tupleKeyProblem(model, parts.tupleKey);
  if (problem !== undefined) return new FgaError('validation_error', `invalid relation: ${problem}`);
  const forbidden = forbiddenIn(parts.context);
  if (forbidden !== undefined) return new FgaError('validation_error', `invalid context: ${forbidden}`);
  return contextualErrorOfCheck(model, parts.contextualTuples);
}

export function startRun(
  model: CompiledModel,
  subject: Subject,
  parts: Pick<CheckParts, 'contextualTuples' | 'context'>,
  view: TupleReader,
  meter: Meter,
): Run {
  const tuples = parts.contextualTuples;
  return {
    model,
    subject,
    reads: tuples.length === 0 ? view : overlay(view, tuples),
    contextual: tuples.length === 0 ? undefined : { all: tuples, stored: view },
    context: parts.context,
    meter,
    failure: undefined,
    wordless: false,
    careful: false,
    exact: false,
    memo: undefined,
    solved: undefined,
    path: [],
    cycles: 0,
    deepest: 0,
  };
}

/** One question within a run; runs may be shared by questions that differ in object and relation alone. */
export function checkIn(run: Run, key: Pick<TupleKey, 'object' | 'relation'>): Outcome<CheckAnswer> {
  run.failure = undefined;
  run.wordless = false;
  return conclude(run, outcomesOf(run, key));
}

export function outcomesOf(run: Run, { object, relation }: Pick<TupleKey, 'object' | 'relation'>): Outcomes {
  const target = relationOf(run.model, object.slice(0, object.indexOf(':')), relation);
  if (!target) return DENIED;
  const plan = planOf(planBook(run.model, run.subject), target);
  const flat = flatOf(plan);
  if (flat) return resolveFlat(run, flat, object, 0);
  const { hops, monotone } = factsOf(plan);
  run.careful = hops === Number.POSITIVE_INFINITY && !monotone;
  return resolve(run, plan, object, 0);
}

/** Answers where all possible outcomes agree. */
function conclude(run: Run, outcomes: Outcomes): Outcome<CheckAnswer> {
  if (outcomes === ALLOWED) return ANSWER_YES;
  if ((outcomes & ~(DENIED | CYCLE)) === 0) return ANSWER_NO;
  if (outcomes === TOO_DEEP) return { error: tooComplex() };
  if (outcomes === FAILED && run.failure && !run.wordless) return { error: run.failure };
  return declined(outcomes);
}

const ANSWER_YES: Outcome<CheckAnswer> = { answer: { method: 'Check', allowed: true } };
const ANSWER_NO: Outcome<CheckAnswer> = { answer: { method: 'Check', allowed: false } };

export function tooComplex(): FgaError {
  return new FgaError(
    'authorization_model_resolution_too_complex',
    'Authorization Model resolution required too many rewrite rules to be resolved. Check your authorization model for infinite recursion or too much nesting',
  );
}

function declined(outcomes: Outcomes): Declined {
  if (outcomes === FAILED)
    return { declined: 'condition', detail: 'a condition fails in words not known here' };
  const reason = outcomes & TOO_DEEP ? 'depth' : outcomes & FAILED ? 'condition' : 'cycle';
  return { declined: reason, detail: 'upstream would answer by the strategy it happens to pick' };
}
