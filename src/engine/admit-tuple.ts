/** Whether a tuple that was read counts: valid under the model, and its condition met. */
import type { Tuple } from '../fga/tuple.ts';
import type { CompiledRelation } from './compile.ts';
import { evaluateCondition } from './condition.ts';
import type { Run } from './run.ts';
import { countsUnder } from './tuple-validity.ts';

export type Verdict = 0 | 1 | 2;
/** Not valid under the model, or its condition is not met. */
export const UNMET = 0;
export const MET = 1;
/** The condition could not be evaluated; the error is in `run.failure`. */
export const REFUSED = 2;

export function judge(run: Run, relation: CompiledRelation, tuple: Tuple): Verdict {
  if (!countsUnder(run.model, relation, tuple)) return UNMET;
  return tuple.condition ? judgeCondition(run, tuple) : MET;
}

/** The condition alone, as the reverse walk of ListObjects judges it before validity. */
export function judgeCondition(run: Run, tuple: Tuple): Verdict {
  const condition = run.model.conditions.get(tuple.condition?.name ?? '');
  const outcome = evaluateCondition(condition, tuple, run.context);
  if (typeof outcome === 'boolean') return outcome ? MET : UNMET;
  if (outcome !== 'failed') run.failure = outcome;
  else run.wordless = true;
  return REFUSED;
}
