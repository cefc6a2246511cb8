/**
 * What an evaluation may read, from the model alone: for the hot tier's completeness proof and the warm tier's
 * generations. Taken over the type restrictions, so contextual tuples lead nowhere else, and so do invalid ones.
 */
import type { AuthorizationModel } from '../fga/model.ts';
import type { Query } from '../fga/query.ts';
import type { ModelReader } from '../fga/reader.ts';
import {
  type CompiledModel,
  type CompiledRelation,
  compileModel,
  type Rewrite,
  relationOf,
} from './compile.ts';

export interface Reach {
  /** Object types whose tuples may be read. */
  readonly types: ReadonlySet<string>;
  /** `type#relation` of the tuples that may be read. */
  readonly pairs: ReadonlySet<string>;
  /** A cycle may be met under a subtract, where upstream's own answer depends on its strategy (contract section 4.4). */
  readonly unsteady: boolean;
}

export interface ReachBook {
  /** Undefined when the model is not known here, or not understood. A query that names nothing known reads nothing. */
  of(query: Query, models: ModelReader): Reach | undefined;
}

/** Keeps what it found by the model as the reader gives it: the id alone does not say that this store has it. */
export function createReachBook(): ReachBook {
  const models = new Map<AuthorizationModel, CompiledModel | null>();
  return {
    of(query, reader) {
      const id = query.modelId ?? reader.latestModelId();
      const source = id === undefined ? undefined : reader.model(id);
      if (!source) return undefined;
      let model = models.get(source);
      if (model === undefined) {
        model = compileModel(source) ?? null;
        if (models.size >= MAX_MODELS) models.clear();
        models.set(source, model);
      }
      return model ? reachOfQuery(model, query) : undefined;
    },
  };
}

export function reachOfQuery(model: CompiledModel, query: Query): Reach {
  switch (query.method) {
    case 'Check':
      return reachOf(model, typeOfObject(query.tupleKey.object), query.tupleKey.relation);
    case 'BatchCheck':
      return join(
        query.checks.map(({ tupleKey }) => reachOf(model, typeOfObject(tupleKey.object), tupleKey.relation)),
      );
    case 'ListObjects':
    case 'StreamedListObjects':
      return reachOf(model, query.type, query.relation);
    case 'ListUsers':
      return reachOf(model, query.object.type, query.relation);
    case 'Expand':
      return oneLevel(model, typeOfObject(query.object), query.relation);
  }
}

export function reachOf(model: CompiledModel, type: string, relation: string): Reach {
  const target = relationOf(model, type, relation);
  if (!target) return NOTHING;
  const cache = cacheOf(model);
  const known = cache.get(target.label);
  if (known) return known;
  const search = startSearch(model);
  visit(search, target);
  const reach = fromPairs(search.pairs, search.subtracts.some(isRecursiveIn(model)));
  cache.set(target.label, reach);
  return reach;
}

/** The completeness proof: types that may be read and are not kept. Empty: everything that may be read is here. */
export function missingTypes(reach: Reach, isKept: (type: string) => boolean): readonly string[] {
  const missing: string[] = [];
  for (const type of reach.types) if (!isKept(type)) missing.push(type);
  return missing;
}

const MAX_MODELS = 256;
const NOTHING: Reach = { types: new Set(), pairs: new Set(), unsteady: false };

interface Search {
  readonly model: CompiledModel;
  readonly pairs: Set<string>;
  readonly visited: Set<CompiledRelation>;
  /** On the way from the start to here. */
  readonly open: Set<CompiledRelation>;
  /** A relation leads back to itself. */
  recursive: boolean;
  readonly subtracts: { readonly relation: CompiledRelation; readonly rewrite: Rewrite }[];
}

function startSearch(model: CompiledModel): Search {
  const sets = {
    pairs: new Set<string>(),
    visited: new Set<CompiledRelation>(),
    open: new Set<CompiledRelation>(),
  };
  return { model, ...sets, recursive: false, subtracts: [] };
}

function isRecursiveIn(model: CompiledModel): (subtract: Search['subtracts'][number]) => boolean {
  return ({ relation, rewrite }) => {
    const below = startSearch(model);
    visitRewrite(below, relation, rewrite);
    return below.recursive;
  };
}

function visit(search: Search, relation: CompiledRelation): void {
  if (search.open.has(relation)) search.recursive = true;
  if (search.visited.has(relation)) return;
  search.visited.add(relation);
  search.open.add(relation);
  visitRewrite(search, relation, relation.rewrite);
  search.open.delete(relation);
}

function visitRewrite(search: Search, relation: CompiledRelation, rewrite: Rewrite): void {
  switch (rewrite.kind) {
    case 'this':
      search.pairs.add(relation.label);
      for (const r of relation.restrictions) {
        if (r.relation === '') continue;
        visitNamed(search, r.type, r.relation);
        // upstream's recursion reads a relation of the same name there, wherever the userset points
        readNamed(search, r.type, relation.name);
      }
      return;
    case 'computed':
      visitNamed(search, relation.type, rewrite.relation);
      return;
    case 'ttu':
      readNamed(search, relation.type, rewrite.tupleset);
      for (const { type } of relationOf(search.model, relation.type, rewrite.tupleset)?.restrictions ?? []) {
        visitNamed(search, type, rewrite.computed);
        readNamed(search, type, rewrite.tupleset);
      }
      return;
    case 'exclusion':
      search.subtracts.push({ relation, rewrite: rewrite.subtract });
      visitRewrite(search, relation, rewrite.base);
      visitRewrite(search, relation, rewrite.subtract);
      return;
    default:
      for (const child of rewrite.children) visitRewrite(search, relation, child);
  }
}

function visitNamed(search: Search, type: string, name: string): void {
  const relation = relationOf(search.model, type, name);
  if (relation) visit(search, relation);
}

function readNamed(search: Search, type: string, name: string): void {
  const relation = relationOf(search.model, type, name);
  if (relation) search.pairs.add(relation.label);
}

/** Expand reads the relation's own tuples and its tuplesets, and follows nothing. */
function oneLevel(model: CompiledModel, type: string, name: string): Reach {
  const relation = relationOf(model, type, name);
  if (!relation) return NOTHING;
  const pairs = new Set<string>();
  const walk = (rewrite: Rewrite): void => {
    if (rewrite.kind === 'this') pairs.add(relation.label);
    else if (rewrite.kind === 'ttu') pairs.add(`${type}#${rewrite.tupleset}`);
    else if (rewrite.kind === 'exclusion') [rewrite.base, rewrite.subtract].forEach(walk);
    else if (rewrite.kind !== 'computed') rewrite.children.forEach(walk);
  };
  walk(relation.rewrite);
  return fromPairs(pairs, false);
}

function join(reaches: readonly Reach[]): Reach {
  const pairs = new Set(reaches.flatMap((reach) => [...reach.pairs]));
  return fromPairs(
    pairs,
    reaches.some(({ unsteady }) => unsteady),
  );
}

function fromPairs(pairs: ReadonlySet<string>, unsteady: boolean): Reach {
  return { pairs, unsteady, types: new Set([...pairs].map((pair) => pair.slice(0, pair.indexOf('#')))) };
}

function typeOfObject(object: string): string {
  const colon = object.indexOf(':');
  return colon < 0 ? '' : object.slice(0, colon);
}

function cacheOf(model: CompiledModel): Map<string, Reach> {
  const known = model.derived.get('reach');
  if (known) return known as Map<string, Reach>;
  const cache = new Map<string, Reach>();
  model.derived.set('reach', cache);
  return cache;
}
