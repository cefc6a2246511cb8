/**
 * A model, compiled once per model id: maps instead of lists, rewrites with their operands resolved by name,
 * and the weighted graph by which upstream picks its strategies.
 */
import type { AuthorizationModel, TypeDefinition, Userset } from '../fga/model.ts';
import { type CompiledCondition, compileConditions } from './condition.ts';
import type { WeightedGraph } from './graph.ts';
import { buildWeightedGraph } from './weighted-graph.ts';

export interface CompiledModel {
  readonly id: string;
  readonly types: ReadonlyMap<string, CompiledType>;
  readonly conditions: ReadonlyMap<string, CompiledCondition>;
  readonly graph: WeightedGraph | undefined;
  /** Facts derived later and kept with the model, by owner (`subjects`, `reach`). */
  readonly derived: Map<string, unknown>;
}

export interface CompiledType {
  readonly name: string;
  readonly relations: ReadonlyMap<string, CompiledRelation>;
}

export interface CompiledRelation {
  readonly type: string;
  readonly name: string;
  /** `type#relation`. */
  readonly label: string;
  readonly rewrite: Rewrite;
  readonly restrictions: readonly Restriction[];
  /** Right-hand side of some `x from relation` on this type. */
  readonly isTupleset: boolean;
  /** Some restriction asks for a condition. */
  readonly conditioned: boolean;
}

export interface Restriction {
  readonly type: string;
  /** `''` unless the restriction is a userset. */
  readonly relation: string;
  readonly wildcard: boolean;
  /** `''`: none. */
  readonly condition: string;
}

export type Rewrite =
  | { readonly kind: 'this' }
  | { readonly kind: 'computed'; readonly relation: string }
  | { readonly kind: 'ttu'; readonly tupleset: string; readonly computed: string }
  | { readonly kind: 'union' | 'intersection'; readonly children: readonly Rewrite[] }
  | { readonly kind: 'exclusion'; readonly base: Rewrite; readonly subtract: Rewrite };

/** Undefined when this engine cannot stand for the model: an unknown schema, or a rewrite it does not know. */
export function compileModel(model: AuthorizationModel): CompiledModel | undefined {
  if (model.schema_version !== '1.1' && model.schema_version !== '1.2') return undefined;
  const types = new Map<string, CompiledType>();
  for (const definition of model.type_definitions) {
    const type = compileType(definition);
    if (!type || types.has(type.name)) return undefined;
    types.set(type.name, type);
  }
  if (![...types.values()].every((type) => isWhole(types, type))) return undefined;
  const conditions = compileConditions(model.conditions ?? {});
  return { id: model.id, types, conditions, graph: buildWeightedGraph(model), derived: new Map() };
}

/** The relation of a type, or undefined. */
export function relationOf(
  model: CompiledModel,
  type: string,
  relation: string,
): CompiledRelation | undefined {
  return model.types.get(type)?.relations.get(relation);
}

function compileType(definition: TypeDefinition): CompiledType | undefined {
  const relations = new Map<string, CompiledRelation>();
  const rewrites = Object.entries(definition.relations ?? {}).map(
    ([name, userset]) => [name, compileRewrite(userset)] as const,
  );
  const tuplesets = new Set<string>();
  for (const [, rewrite] of rewrites) if (rewrite) collectTuplesets(rewrite, tuplesets);
  for (const [name, rewrite] of rewrites) {
    if (!rewrite) return undefined;
    const restrictions = restrictionsOf(definition, name);
    if (!restrictions) return undefined;
    relations.set(name, {
      type: definition.type,
      name,
      label: `${definition.type}#${name}`,
      rewrite,
      restrictions,
      isTupleset: tuplesets.has(name),
      conditioned: restrictions.some(({ condition }) => condition !== ''),
    });
  }
  return { name: definition.type, relations };
}

/** Every relation that a rewrite or a restriction names exists. An empty `relation` member is upstream's own riddle. */
function isWhole(types: ReadonlyMap<string, CompiledType>, type: CompiledType): boolean {
  const targets = (rewrite: Rewrite): boolean => {
    if (rewrite.kind === 'computed') return type.relations.has(rewrite.relation);
    if (rewrite.kind === 'ttu') return type.relations.has(rewrite.tupleset);
    if (rewrite.kind === 'exclusion') return targets(rewrite.base) && targets(rewrite.subtract);
    return rewrite.kind === 'this' || rewrite.children.every(targets);
  };
  const known = ({ type: name, relation }: Restriction) =>
    relation === '' ? types.has(name) : types.get(name)?.relations.has(relation) === true;
  return [...type.relations.values()].every(
    ({ rewrite, restrictions }) => targets(rewrite) && restrictions.every(known),
  );
}

function restrictionsOf(definition: TypeDefinition, relation: string): Restriction[] | undefined {
  const references = definition.metadata?.relations?.[relation]?.directly_related_user_types ?? [];
  if (references.some((reference) => reference.relation === '')) return undefined;
  return references.map((reference) => ({
    type: reference.type,
    relation: reference.relation ?? '',
    wildcard: Boolean(reference.wildcard),
    condition: reference.condition ?? '',
  }));
}

function compileRewrite(userset: Userset): Rewrite | undefined {
  if (userset.this) return { kind: 'this' };
  if (userset.computedUserset) return { kind: 'computed', relation: userset.computedUserset.relation ?? '' };
  if (userset.tupleToUserset) {
    const { tupleset, computedUserset } = userset.tupleToUserset;
    return { kind: 'ttu', tupleset: tupleset.relation ?? '', computed: computedUserset.relation ?? '' };
  }
  if (userset.union) return compileOperands('union', userset.union.child);
  if (userset.intersection) return compileOperands('intersection', userset.intersection.child);
  if (!userset.difference) return undefined;
  const base = compileRewrite(userset.difference.base);
  const subtract = compileRewrite(userset.difference.subtract);
  return base && subtract ? { kind: 'exclusion', base, subtract } : undefined;
}

function compileOperands(kind: 'union' | 'intersection', usersets: readonly Userset[]): Rewrite | undefined {
  const children: Rewrite[] = [];
  for (const userset of usersets) {
    const child = compileRewrite(userset);
    if (!child) return undefined;
    children.push(child);
  }
  return { kind, children };
}

function collectTuplesets(rewrite: Rewrite, into: Set<string>): void {
  if (rewrite.kind === 'ttu') into.add(rewrite.tupleset);
  else if (rewrite.kind === 'exclusion') {
    collectTuplesets(rewrite.base, into);
    collectTuplesets(rewrite.subtract, into);
  } else if (rewrite.kind === 'union' || rewrite.kind === 'intersection') {
    for (const child of rewrite.children) collectTuplesets(child, into);
  }
}
