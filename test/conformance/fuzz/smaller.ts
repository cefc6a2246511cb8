/** What a mismatch may be reduced to in one step: fewer models and tuples, a shorter query, simpler rewrites. */
import type { RelationReference, TypeDefinition, Userset } from '../../../src/fga/model.ts';
import type { Query } from '../../../src/fga/query.ts';
import type { ModelBody } from '../../support/datasets.ts';
import type { Recipe } from './tuples.ts';

export interface Mismatch {
  readonly recipe: Recipe;
  /** Which model the query names; undefined: the latest. */
  readonly modelIndex: number | undefined;
  readonly query: Query;
}

/** Candidates, the boldest first. */
export function* smaller(mismatch: Mismatch): Generator<Mismatch> {
  yield* fewerModels(mismatch);
  yield* fewerTuples(mismatch);
  for (const query of smallerQueries(mismatch.query)) yield { ...mismatch, query };
  yield* smallerModels(mismatch);
}

/** The named model alone, with all tuples. */
function* fewerModels({ recipe, modelIndex, query }: Mismatch): Generator<Mismatch> {
  const used = modelIndex ?? recipe.length - 1;
  const model = recipe[used]?.model;
  if (model === undefined) return;
  const tuples = recipe.flatMap((step) => step.tuples);
  if (recipe.length > 1) yield { recipe: [{ model, tuples }], modelIndex: undefined, query };
  if (recipe.length === 1 && modelIndex !== undefined) yield { recipe, modelIndex: undefined, query };
  for (let drop = 0; recipe.length > 1 && drop < recipe.length; drop++) {
    if (drop === used) continue;
    yield { recipe: recipe.filter((_, i) => i !== drop), modelIndex: used > drop ? used - 1 : used, query };
  }
}

function* fewerTuples(mismatch: Mismatch): Generator<Mismatch> {
  for (const [index, step] of mismatch.recipe.entries()) {
    const { tuples } = step;
    for (let size = tuples.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at + size <= tuples.length; at += size) {
        const left = tuples.toSpliced(at, size);
        yield { ...mismatch, recipe: mismatch.recipe.with(index, { ...step, tuples: left }) };
      }
    }
    for (const [at, { condition, ...key }] of tuples.entries()) {
      if (condition === undefined) continue;
      yield { ...mismatch, recipe: mismatch.recipe.with(index, { ...step, tuples: tuples.with(at, key) }) };
    }
  }
}

function* smallerQueries(query: Query): Generator<Query> {
  if (query.method === 'BatchCheck') {
    const [check] = query.checks;
    if (check === undefined) return;
    const { correlationId, ...rest } = check;
    const { checks, ...scope } = query;
    yield { ...scope, ...rest, method: 'Check' };
    for (const smallerCheck of smallerExtras(rest))
      yield { ...query, checks: [{ ...smallerCheck, correlationId }] };
    return;
  }
  yield* smallerExtras(query);
  if (query.method === 'StreamedListObjects') yield { ...query, method: 'ListObjects' };
}

type Extras = Pick<Extract<Query, { method: 'Check' }>, 'contextualTuples'> & { readonly context?: object };

function* smallerExtras<T extends Extras>(from: T): Generator<T> {
  for (const at of from.contextualTuples.keys()) {
    yield { ...from, contextualTuples: from.contextualTuples.toSpliced(at, 1) };
  }
  if (from.context === undefined) return;
  const { context, ...without } = from;
  yield without as unknown as T;
  for (const key of Object.keys(context)) {
    yield { ...from, context: Object.fromEntries(Object.entries(context).filter(([name]) => name !== key)) };
  }
}

function* smallerModels(mismatch: Mismatch): Generator<Mismatch> {
  for (const [index, step] of mismatch.recipe.entries()) {
    for (const model of simplerModels(step.model)) {
      yield { ...mismatch, recipe: mismatch.recipe.with(index, { ...step, model }) };
    }
  }
}

function* simplerModels(model: ModelBody): Generator<ModelBody> {
  const types = model.type_definitions;
  for (const at of types.keys()) yield { ...model, type_definitions: types.toSpliced(at, 1) };
  for (const [at, type] of types.entries()) {
    for (const simpler of simplerTypes(type)) yield { ...model, type_definitions: types.with(at, simpler) };
  }
  for (const name of Object.keys(model.conditions ?? {})) {
    const { [name]: _, ...conditions } = model.conditions ?? {};
    yield { ...model, conditions };
  }
}

function* simplerTypes(type: TypeDefinition): Generator<TypeDefinition> {
  const relations = type.relations ?? {};
  const metadata = type.metadata?.relations ?? {};
  for (const [name, rewrite] of Object.entries(relations)) {
    const { [name]: _, ...others } = relations;
    const { [name]: own, ...otherMetadata } = metadata;
    yield { ...type, relations: others, metadata: { relations: otherMetadata } };
    const restrictions = own?.directly_related_user_types ?? [];
    for (const simpler of simplerRewrites(rewrite)) {
      const kept = JSON.stringify(simpler).includes('"this"') ? restrictions : [];
      yield withRelation(type, name, simpler, kept);
    }
    for (const list of simplerRestrictions(restrictions)) yield withRelation(type, name, rewrite, list);
  }
}

function withRelation(
  type: TypeDefinition,
  name: string,
  rewrite: Userset,
  restrictions: readonly RelationReference[],
): TypeDefinition {
  const metadata = { ...type.metadata?.relations, [name]: { directly_related_user_types: restrictions } };
  return { ...type, relations: { ...type.relations, [name]: rewrite }, metadata: { relations: metadata } };
}

function* simplerRestrictions(list: readonly RelationReference[]): Generator<readonly RelationReference[]> {
  for (const [at, { condition, ...plain }] of list.entries()) {
    if (list.length > 1) yield list.toSpliced(at, 1);
    if (condition !== undefined) yield list.with(at, plain);
  }
}

/** A child in place of its parent, one child fewer, or a simpler child. */
function* simplerRewrites(rewrite: Userset): Generator<Userset> {
  const { union, intersection, difference } = rewrite;
  for (const [word, operator] of Object.entries({ union, intersection })) {
    const children = operator?.child ?? [];
    yield* children;
    for (const [at, child] of children.entries()) {
      if (children.length > 2) yield { [word]: { child: children.toSpliced(at, 1) } };
      for (const simpler of simplerRewrites(child)) yield { [word]: { child: children.with(at, simpler) } };
    }
  }
  if (difference === undefined) return;
  const { base, subtract } = difference;
  yield base;
  yield subtract;
  for (const simpler of simplerRewrites(base)) yield { difference: { base: simpler, subtract } };
  for (const simpler of simplerRewrites(subtract)) yield { difference: { base, subtract: simpler } };
}
