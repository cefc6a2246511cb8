/**
 * What a model must satisfy beyond its fields (contract section 4.9; source: `pkg/typesystem/typesystem.go`), in upstream's
 * order and words. Types and relations are judged in the order of their names, so the first problem is always the same.
 */
import { compileProgram } from '../../../src/engine/cel/program.ts';
import { type CompiledCondition, compileConditions } from '../../../src/engine/condition.ts';
import { Decline } from '../../../src/engine/decline.ts';
import { MAX_CONDITION_COST } from '../../../src/fga/limits.ts';
import type {
  AuthorizationModel,
  RelationReference,
  TypeDefinition,
  Userset,
} from '../../../src/fga/model.ts';
import { celTypeOf, conditionTypeProblem } from './cel-check.ts';
import { entrypointProblem } from './model-entrypoints.ts';
import { isDirect, operands, type Relation, type Relations } from './model-relations.ts';

/** Undefined when the model is fine. */
export function modelProblem(model: AuthorizationModel): string | undefined {
  if (model.schema_version !== '1.1' && model.schema_version !== '1.2') return 'invalid schema version';
  const names = model.type_definitions.map(({ type }) => type);
  if (new Set(names).size < names.length) return 'an authorization model cannot contain duplicate types';
  return nameProblem(model) ?? relationsProblem(model) ?? conditionsProblem(model);
}

function nameProblem({ type_definitions: types }: AuthorizationModel): string | undefined {
  for (const { type, relations } of types) {
    if (isReserved(type)) return `the definition of type '${type}' is invalid`;
    for (const relation of Object.keys(relations ?? {})) {
      if (isReserved(relation)) {
        return invalidRelation(type, relation, 'self and this are reserved keywords');
      }
    }
  }
  return undefined;
}

function isReserved(name: string): boolean {
  return name === 'self' || name === 'this';
}

function relationsProblem(model: AuthorizationModel): string | undefined {
  const relations: Relations = new Map(model.type_definitions.map((type) => [type.type, relationsOf(type)]));
  const conditions = new Set(Object.keys(model.conditions ?? {}));
  for (const [type, ofType] of [...relations].sort(byName)) {
    for (const [name, relation] of [...ofType].sort(byName)) {
      const place = { type, name, relation, relations, conditions };
      const problem =
        rewriteProblem(place, relation.rewrite) ??
        restrictionsProblem(place) ??
        entrypointProblem(relations, type, name) ??
        cycleProblem(place);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

interface Place {
  readonly type: string;
  readonly name: string;
  readonly relation: Relation;
  readonly relations: Relations;
  readonly conditions: ReadonlySet<string>;
}

function relationsOf({ relations, metadata }: TypeDefinition): Map<string, Relation> {
  return new Map(
    Object.entries(relations ?? {}).map(([name, rewrite]) => {
      const restrictions = metadata?.relations?.[name]?.directly_related_user_types ?? [];
      return [name, { rewrite, restrictions }];
    }),
  );
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function rewriteProblem(place: Place, rewrite: Userset): string | undefined {
  const { type, name, relations } = place;
  const isKnown = (relation: string) => relations.get(type)?.has(relation) === true;
  if (rewrite.computedUserset) {
    const target = rewrite.computedUserset.relation ?? '';
    if (target === name) return invalidRelation(type, name, 'invalid userset rewrite definition');
    return isKnown(target) ? undefined : `'${type}#${target}' relation is undefined`;
  }
  if (rewrite.tupleToUserset) {
    const { tupleset, computedUserset } = rewrite.tupleToUserset;
    return tupleToUsersetProblem(place, tupleset.relation ?? '', computedUserset.relation ?? '');
  }
  const parts = operands(rewrite);
  if (parts) return firstOf(parts, (part) => rewriteProblem(place, part));
  return rewrite.this ? undefined : invalidRelation(type, name, 'invalid userset rewrite definition');
}

function tupleToUsersetProblem(
  { type, relations }: Place,
  tupleset: string,
  computed: string,
): string | undefined {
  const found = relations.get(type)?.get(tupleset);
  if (!found) return `'${type}#${tupleset}' relation is undefined`;
  if (!found.rewrite.this) {
    return `the '${type}#${tupleset}' relation is referenced in at least one tupleset and thus must be a direct relation`;
  }
  if (found.restrictions.some((reference) => relations.get(reference.type)?.has(computed))) return undefined;
  const shown = found.restrictions.map(referenceText).join(' ');
  return `undefined relation: ${computed} does not appear as a relation in any of the directly related user types [${shown}]`;
}

/** As Go prints the message. Upstream's spacing varies by build. */
function referenceText({ type, relation, wildcard, condition }: RelationReference): string {
  const parts = [`type:"${type}"`];
  if (relation !== undefined) parts.push(`relation:"${relation}"`);
  if (wildcard !== undefined) parts.push('wildcard:{}');
  if (condition) parts.push(`condition:"${condition}"`);
  return parts.join('  ');
}

function restrictionsProblem(place: Place): string | undefined {
  const { type, name, relation } = place;
  const isAssignable = isDirect(relation.rewrite);
  if (isAssignable && relation.restrictions.length === 0) {
    return `the assignable relation '${name}' in object type '${type}' must contain at least one relation type`;
  }
  if (!isAssignable && relation.restrictions.length > 0) {
    return `the non-assignable relation '${name}' in object type '${type}' should not contain a relation type`;
  }
  return firstOf(relation.restrictions, (reference) => restrictionProblem(place, reference));
}

function restrictionProblem(place: Place, reference: RelationReference): string | undefined {
  const { type, name, relations, conditions } = place;
  const related = relations.get(reference.type);
  const isPlain = reference.relation === undefined && reference.wildcard === undefined;
  const isKnown = !reference.relation || related?.has(reference.relation) === true;
  if (!related || !isKnown || (!isPlain && isTupleset(place))) {
    const shown = reference.relation ? `${reference.type}#${reference.relation}` : reference.type;
    return `the relation type '${shown}' on '${name}' in object type '${type}' is not valid`;
  }
  if (!reference.condition || conditions.has(reference.condition)) return undefined;
  return `condition ${reference.condition} is undefined for relation ${name}`;
}

/** Some `x from name` on this type. */
function isTupleset({ type, name, relations }: Place): boolean {
  const uses = (rewrite: Userset): boolean =>
    rewrite.tupleToUserset?.tupleset?.relation === name || (operands(rewrite)?.some(uses) ?? false);
  return [...(relations.get(type)?.values() ?? [])].some(({ rewrite }) => uses(rewrite));
}

function cycleProblem({ type, name, relation, relations }: Place): string | undefined {
  const returns = (rewrite: Userset, seen: readonly string[]): boolean => {
    if (rewrite.computedUserset) {
      const target = rewrite.computedUserset.relation ?? '';
      const next = relations.get(type)?.get(target);
      return seen.includes(target) || (next !== undefined && returns(next.rewrite, [...seen, target]));
    }
    return operands(rewrite)?.some((part) => returns(part, seen)) ?? false;
  };
  if (!returns(relation.rewrite, [name])) return undefined;
  return invalidRelation(type, name, 'an authorization model cannot contain a cycle');
}

/** Every condition compiles. The reason is not worded as upstream's. */
function conditionsProblem({ conditions = {} }: AuthorizationModel): string | undefined {
  const compiled = compileConditions(conditions);
  for (const [key, { name }] of Object.entries(conditions)) {
    if (key !== name) return `condition key '${key}' does not match condition name '${name}'`;
    const found = compiled.get(key);
    const reason = found && compilationProblem(found);
    if (reason !== undefined) return `failed to compile expression on condition '${name}' - ${reason}`;
  }
  return undefined;
}

function compilationProblem({ expression, names, types }: CompiledCondition): string | undefined {
  if (!types) return 'failed to decode parameter type';
  const declared = types.map(({ cel }) => cel);
  const parameters = new Map(names.map((name, i) => [name, celTypeOf(declared[i])]));
  const problem = conditionTypeProblem(expression, parameters);
  if (problem !== undefined) return problem;
  try {
    const program = compileProgram(expression, names, declared, MAX_CONDITION_COST);
    return program === undefined ? 'it is not understood here' : undefined;
  } catch (fault) {
    // Valid, and beyond this engine: a query that meets it says so.
    if (fault instanceof Decline) return undefined;
    throw fault;
  }
}

function invalidRelation(type: string, relation: string, cause: string): string {
  return `the definition of relation '${relation}' in object type '${type}' is invalid: ${cause}`;
}

function firstOf<Item>(
  items: readonly Item[],
  problem: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
