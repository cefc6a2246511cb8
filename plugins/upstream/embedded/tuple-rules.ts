/** A tuple judged as a Write judges it (`ValidateTupleForWrite`): by names, then by restrictions and condition. */
import type { CompiledModel } from '../../../src/engine/compile.ts';
import { problemOf, relationOfTuple } from '../../../src/engine/tuple-validity.ts';
import { tupleKeyProblem } from '../../../src/engine/validate-names.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';

/** Upstream's message, or undefined when the tuple may be written under the model. */
export function tupleError(model: CompiledModel, tuple: Tuple): string | undefined {
  const key = `${tuple.object}#${tuple.relation}@${tuple.user}`;
  const reason = tupleKeyProblem(model, tuple);
  if (reason !== undefined) return `Invalid tuple '${key}'. Reason: ${reason}`;
  const relation = relationOfTuple(model, tuple);
  const problem = relation && problemOf(model, relation, tuple);
  if (!problem) return undefined;
  const named =
    problem.kind === 'condition' && tuple.condition ? `${key} (condition ${tuple.condition.name})` : key;
  return `Invalid tuple '${named}'. Reason: ${problem.reason}`;
}
