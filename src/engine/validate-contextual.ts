/**
 * Contextual tuples obey the rules of a write. Check and BatchCheck wrap the reason in an error without a tuple, the
 * other methods name it; and only there do problems with a condition have a code of their own (contract 3.4).
 */
import { FgaError } from '../fga/error.ts';
import type { Tuple } from '../fga/tuple.ts';
import type { CompiledModel } from './compile.ts';
import { tupleText } from './proto-text.ts';
import { problemOf, relationOfTuple, type TupleProblem } from './tuple-validity.ts';
import { tupleKeyProblem } from './validate-names.ts';

/** What is wrong with the first invalid contextual tuple, as `ValidateTupleForWrite` words it. */
export function contextualProblem(model: CompiledModel, tuples: readonly Tuple[]): string | undefined {
  for (const tuple of tuples) {
    const problem = writeProblem(model, tuple);
    if (problem) return `Invalid tuple '${problemText(tuple, problem)}'. Reason: ${problem.reason}`;
  }
  return undefined;
}

/** The error that Check gives for it. Upstream formats a nil tuple here; the odd text is its own. */
export function contextualErrorOfCheck(model: CompiledModel, tuples: readonly Tuple[]): FgaError | undefined {
  const problem = contextualProblem(model, tuples);
  if (problem === undefined) return undefined;
  return new FgaError('invalid_tuple', `Invalid tuple '%!s(<nil>)'. Reason: invalid tuple: ${problem}`);
}

/** The same for ListObjects, ListUsers and Expand. */
export function contextualErrorOfList(model: CompiledModel, tuples: readonly Tuple[]): FgaError | undefined {
  for (const tuple of tuples) {
    const problem = writeProblem(model, tuple);
    if (!problem) continue;
    if (problem.kind === 'condition') {
      return new FgaError(
        'validation_error',
        `Invalid tuple '${problemText(tuple, problem)}'. Reason: ${problem.reason}`,
      );
    }
    return new FgaError('invalid_tuple', `Invalid tuple '${tupleText(tuple)}'. Reason: ${problem.reason}`);
  }
  return undefined;
}

function writeProblem(model: CompiledModel, tuple: Tuple): TupleProblem | undefined {
  const reason = tupleKeyProblem(model, tuple);
  if (reason !== undefined) return { kind: 'tuple', reason };
  const relation = relationOfTuple(model, tuple);
  return relation && problemOf(model, relation, tuple);
}

function problemText(tuple: Tuple, problem: TupleProblem): string {
  const key = `${tuple.object}#${tuple.relation}@${tuple.user}`;
  return problem.kind === 'condition' && tuple.condition ? `${key} (condition ${tuple.condition.name})` : key;
}
