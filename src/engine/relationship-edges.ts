/**
 * The last steps on the schema's ways from a source to a target relation (`internal/graph/graph.go`,
 * `GetPrunedRelationshipEdges`). Of an intersection only the first operand is followed, of an exclusion the base; what
 * is found that way is marked, and must be confirmed by Check.
 */
import { type CompiledModel, type CompiledRelation, type Rewrite, relationOf } from './compile.ts';

export interface SourceKind {
  readonly type: string;
  /** `''` unless the source is a userset. */
  readonly relation: string;
  readonly wildcard: boolean;
}

export interface RelationshipEdge {
  readonly kind: 'direct' | 'computed' | 'ttu';
  readonly target: CompiledRelation;
  /** `''` unless a tuple-to-userset. */
  readonly tupleset: string;
  /** Something on the way intersects or excludes. */
  unsure: boolean;
}

export function relationshipEdges(
  model: CompiledModel,
  target: CompiledRelation,
  source: SourceKind,
): readonly RelationshipEdge[] {
  const cache = cacheOf(model);
  const key = `${target.label} ${source.type}#${source.relation}${source.wildcard ? '*' : ''}`;
  const known = cache.get(key);
  if (known) return known;
  const edges = edgesTo({ model, source, visited: new Set() }, target);
  cache.set(key, edges);
  return edges;
}

interface Search {
  readonly model: CompiledModel;
  readonly source: SourceKind;
  readonly visited: Set<CompiledRelation>;
}

function cacheOf(model: CompiledModel): Map<string, readonly RelationshipEdge[]> {
  const known = model.derived.get('edges');
  if (known) return known as Map<string, readonly RelationshipEdge[]>;
  const cache = new Map<string, readonly RelationshipEdge[]>();
  model.derived.set('edges', cache);
  return cache;
}

function edgesTo(search: Search, target: CompiledRelation): RelationshipEdge[] {
  if (search.visited.has(target)) return [];
  search.visited.add(target);
  return edgesOf(search, target, target.rewrite);
}

function edgesOf(search: Search, target: CompiledRelation, rewrite: Rewrite): RelationshipEdge[] {
  switch (rewrite.kind) {
    case 'this':
      return directEdges(search, target);
    case 'computed':
      return computedEdges(search, target, rewrite.relation);
    case 'ttu':
      return parentEdges(search, target, rewrite);
    case 'union':
      return rewrite.children.flatMap((child) => edgesOf(search, target, child));
    case 'intersection':
      return rewrite.children.slice(0, 1).flatMap((child) => unsure(edgesOf(search, target, child)));
    case 'exclusion':
      return unsure(edgesOf(search, target, rewrite.base));
  }
}

function unsure(edges: RelationshipEdge[]): RelationshipEdge[] {
  for (const edge of edges) edge.unsure = true;
  return edges;
}

function directEdges(search: Search, target: CompiledRelation): RelationshipEdge[] {
  const { model, source } = search;
  const edges: RelationshipEdge[] = [];
  const matches = target.restrictions.some((r) => {
    if (r.type !== source.type) return false;
    if (r.wildcard) return true;
    return !source.wildcard && r.relation === source.relation;
  });
  if (matches) edges.push({ kind: 'direct', target, tupleset: '', unsure: false });
  for (const { type, relation } of target.restrictions) {
    const userset = relation === '' ? undefined : relationOf(model, type, relation);
    if (userset) edges.push(...edgesTo(search, userset));
  }
  return edges;
}

function computedEdges(search: Search, target: CompiledRelation, relation: string): RelationshipEdge[] {
  const { model, source } = search;
  const edges: RelationshipEdge[] = [];
  if (target.type === source.type && relation === source.relation) {
    edges.push({ kind: 'computed', target, tupleset: '', unsure: false });
  }
  const next = relationOf(model, target.type, relation);
  return next ? [...edges, ...edgesTo(search, next)] : edges;
}

function parentEdges(
  search: Search,
  target: CompiledRelation,
  rewrite: { readonly tupleset: string; readonly computed: string },
): RelationshipEdge[] {
  const { model, source } = search;
  const edges: RelationshipEdge[] = [];
  for (const { type } of relationOf(model, target.type, rewrite.tupleset)?.restrictions ?? []) {
    const parent = relationOf(model, type, rewrite.computed);
    if (!parent) continue;
    if (type === source.type && rewrite.computed === source.relation) {
      const { tupleset } = rewrite;
      edges.push({ kind: 'ttu', target, tupleset, unsure: involvesOperator(model, parent, new Set()) });
    }
    edges.push(...edgesTo(search, parent));
  }
  return edges;
}

/** Whether anything that the relation is made of intersects or excludes. */
function involvesOperator(
  model: CompiledModel,
  relation: CompiledRelation,
  seen: Set<CompiledRelation>,
): boolean {
  if (seen.has(relation)) return false;
  seen.add(relation);
  const follow = (type: string, name: string): boolean => {
    const next = relationOf(model, type, name);
    return next !== undefined && involvesOperator(model, next, seen);
  };
  const walk = (rewrite: Rewrite): boolean => {
    if (rewrite.kind === 'computed') return follow(relation.type, rewrite.relation);
    if (rewrite.kind === 'this') return false;
    if (rewrite.kind === 'ttu') {
      const parents = relationOf(model, relation.type, rewrite.tupleset)?.restrictions ?? [];
      return parents.some(({ type }) => follow(type, rewrite.computed));
    }
    return rewrite.kind !== 'union' || rewrite.children.some(walk);
  };
  if (walk(relation.rewrite)) return true;
  return relation.restrictions.some((r) => r.relation !== '' && follow(r.type, r.relation));
}
