/**
 * Which tuples count under a model (`internal/validation/validation.go`). Stored tuples are never judged when they
 * arrive: a query may name an older model. `problemOf` says why a tuple would be refused, in upstream's words.
 */
import type { Tuple } from '../fga/tuple.ts';
import { type CompiledModel, type CompiledRelation, relationOf } from './compile.ts';
import { contextProblem } from './condition.ts';
import { hasControl, isObject, isTypedWildcard, isUserset, userParts } from './names.ts';

export interface TupleProblem {
  /** Upstream has two errors: `InvalidTupleError` and `InvalidConditionalTupleError`. */
  readonly kind: 'tuple' | 'condition';
  readonly reason: string;
}

export function countsUnder(model: CompiledModel, relation: CompiledRelation, tuple: Tuple): boolean {
  if (!tuple.condition) return plainUserCounts(relation, tuple.user);
  return problemOf(model, relation, tuple) === undefined;
}

/** `ValidateTupleForRead`, for a tuple on an object of the relation's type. */
export function problemOf(
  model: CompiledModel,
  relation: CompiledRelation,
  tuple: Tuple,
): TupleProblem | undefined {
  const reason = tuplesetProblem(relation, tuple.user) ?? restrictionProblem(relation, tuple.user);
  if (reason !== undefined) return { kind: 'tuple', reason };
  const conditional = conditionProblem(model, relation, tuple);
  return conditional === undefined ? undefined : { kind: 'condition', reason: conditional };
}

/** Unconditioned tuples make up most of a store; what decides is the kind of user alone. */
export function plainUserCounts(relation: CompiledRelation, user: string): boolean {
  return (
    tuplesetProblem(relation, user) === undefined &&
    restrictionProblem(relation, user) === undefined &&
    plainRestrictionMatches(relation, user)
  );
}

function tuplesetProblem(relation: CompiledRelation, user: string): string | undefined {
  if (!relation.isTupleset) return undefined;
  const { label } = relation;
  if (relation.rewrite.kind !== 'this')
    return `unexpected rewrite encountered with tupleset relation '${label}'`;
  if (user === '*' || isTypedWildcard(user)) {
    return `unexpected wildcard relationship with tupleset relation '${label}'`;
  }
  return isObject(user) ? undefined : `unexpected user '${user}' with tupleset relation '${label}'`;
}

function restrictionProblem(relation: CompiledRelation, user: string): string | undefined {
  const { type, relation: userRelation } = userParts(user);
  const { restrictions, label } = relation;
  if (isUserset(user)) {
    if (restrictions.some((r) => r.type === type && r.relation === userRelation)) return undefined;
    return `'${type}#${userRelation}' is not an allowed type restriction for '${label}'`;
  }
  if (isTypedWildcard(user)) {
    if (restrictions.some((r) => r.type === type && r.wildcard)) return undefined;
    return `the typed wildcard '${user}' is not an allowed type restriction for '${label}'`;
  }
  if (restrictions.some((r) => r.type === type && !r.wildcard && r.relation === '')) return undefined;
  return `type '${type}' is not an allowed type restriction for '${label}'`;
}

/** Lenient as upstream is: an unconditioned `group` lets an unconditioned `group:1#member` pass (contract 4.5). */
function plainRestrictionMatches(relation: CompiledRelation, user: string): boolean {
  const { type, relation: userRelation } = userParts(user);
  const wildcard = isTypedWildcard(user);
  return relation.restrictions.some((r) => {
    if (r.condition !== '' || r.type !== type) return false;
    if (r.relation !== '') return r.relation === userRelation;
    return r.wildcard === wildcard;
  });
}

function conditionProblem(
  model: CompiledModel,
  relation: CompiledRelation,
  tuple: Tuple,
): string | undefined {
  const { condition } = tuple;
  if (!condition) return plainRestrictionMatches(relation, tuple.user) ? undefined : 'condition is missing';
  if (hasControl(condition.name)) return 'condition name contains forbidden characters';
  const compiled = model.conditions.get(condition.name);
  if (!compiled) return 'undefined condition';
  const { type } = userParts(tuple.user);
  if (!relation.restrictions.some((r) => r.type === type && r.condition === condition.name)) {
    return 'invalid condition for type restriction';
  }
  return contextProblem(compiled, condition.context);
}

/** The relation that a tuple is on, under this model. */
export function relationOfTuple(model: CompiledModel, tuple: Tuple): CompiledRelation | undefined {
  return relationOf(model, tuple.object.slice(0, tuple.object.indexOf(':')), tuple.relation);
}
