/**
 * Conditions: parameters cast, contexts merged, the expression evaluated, and errors in upstream's words
 * (`internal/condition/condition.go`, `eval/eval.go`; contract section 4.6).
 */
import { FgaError } from '../fga/error.ts';
import { MAX_CONDITION_COST } from '../fga/limits.ts';
import type { ConditionDefinition } from '../fga/model.ts';
import type { JsonObject, Tuple } from '../fga/tuple.ts';
import { CostExceeded } from './cel/node.ts';
import { CastError, type ParameterType, parameterType } from './cel/params.ts';
import { compileProgram, type Program } from './cel/program.ts';
import { type CelValue, Failure, UNKNOWN } from './cel/values.ts';
import { Decline } from './decline.ts';
import { forbiddenIn } from './validate-context.ts';

export interface CompiledCondition {
  readonly name: string;
  readonly expression: string;
  readonly names: readonly string[];
  /** Undefined where a type is not known here. */
  readonly types: readonly ParameterType[] | undefined;
  /** Compiled on first use; null when it cannot be. */
  program: Program | null | undefined;
}

/** Met or not; or the error that upstream gives; or `failed`, where the error is certain but not its words. */
export type ConditionOutcome = boolean | FgaError | 'failed';

export function compileConditions(
  conditions: Readonly<Record<string, ConditionDefinition>>,
): ReadonlyMap<string, CompiledCondition> {
  return new Map(
    Object.entries(conditions).map(([name, definition]) => [name, compileCondition(name, definition)]),
  );
}

function compileCondition(name: string, { expression, parameters }: ConditionDefinition): CompiledCondition {
  const entries = Object.entries(parameters ?? {});
  const types = entries.map(([, definition]) => parameterType(definition));
  return {
    name,
    expression,
    names: entries.map(([parameter]) => parameter),
    types: types.every((type) => type !== undefined) ? types : undefined,
    program: undefined,
  };
}

/** Why a tuple with this stored context would be refused, or undefined (`validateCondition`). */
export function contextProblem(
  condition: CompiledCondition,
  context: JsonObject | undefined,
): string | undefined {
  if (!context) return undefined;
  const forbidden = forbiddenIn(context);
  if (forbidden !== undefined) return forbidden;
  const keys = Object.keys(context);
  if (keys.length === 0) return undefined;
  try {
    castAll(condition, context, keys.length);
  } catch (error) {
    if (error instanceof CastError) return error.message;
    throw error;
  }
  const extra = keys.find((key) => !condition.names.includes(key));
  return extra === undefined ? undefined : `found invalid context parameter: ${extra}`;
}

/** The stored context wins over the request's, key by key. */
export function evaluateCondition(
  condition: CompiledCondition | undefined,
  tuple: Tuple,
  requestContext: JsonObject | undefined,
): ConditionOutcome {
  const name = tuple.condition?.name ?? '';
  if (!condition) return evaluationError(`'${name}' - condition was not found`);
  const context = { ...requestContext, ...tuple.condition?.context };
  try {
    const values = castAll(condition, context, Object.keys(context).length);
    const missing = condition.names.filter((_, i) => values[i] === UNKNOWN);
    const result = programOf(condition).run(values);
    if (result instanceof Failure) return failure(name, result);
    if (missing.length === 0) return typeof result === 'boolean' ? result : 'failed';
    const key = `${tuple.object}#${tuple.relation}@${tuple.user}`;
    return evaluationError(
      `'${name}' - tuple '${key}' is missing context parameters '[${missing.join(' ')}]'`,
    );
  } catch (error) {
    if (error instanceof CastError) return evaluationError(error.message);
    if (error instanceof CostExceeded) return failure(name, new Failure(error.message));
    throw error;
  }
}

function failure(name: string, { message }: Failure): ConditionOutcome {
  if (message === undefined) return 'failed';
  return evaluationError(`'${name}' - failed to evaluate condition expression: ${message}`);
}

function evaluationError(reason: string): FgaError {
  return new FgaError('validation_error', `failed to evaluate relationship condition: ${reason}`);
}

/** One value per declared parameter; `UNKNOWN` where it is absent. */
function castAll(condition: CompiledCondition, context: JsonObject, size: number): CelValue[] {
  const { names, types, name } = condition;
  if (!types) throw new Decline('condition', `condition '${name}' has a parameter of an unknown type`);
  const failed = `parameter type error on condition '${name}' -`;
  if (size > 0 && names.length === 0)
    throw new CastError(`${failed} no parameters defined for the condition`);
  return names.map((parameter, i) => {
    const value = Object.hasOwn(context, parameter) ? context[parameter] : undefined;
    if (value === undefined) return UNKNOWN;
    try {
      return (types[i] as ParameterType).cast(value);
    } catch (error) {
      if (!(error instanceof CastError)) throw error;
      throw new CastError(`${failed} failed to convert context parameter '${parameter}': ${error.message}`);
    }
  });
}

function programOf(condition: CompiledCondition): Program {
  if (condition.program === undefined) {
    const types = (condition.types ?? []).map(({ cel }) => cel);
    condition.program =
      compileProgram(condition.expression, condition.names, types, MAX_CONDITION_COST) ?? null;
  }
  if (condition.program) return condition.program;
  throw new Decline('condition', `condition '${condition.name}' is not evaluated here`);
}
