/**
 * The weighted graph of a model, as `openfga/language` v0.2.1 builds it (`pkg/go/graph/weighted_graph_builder.go`).
 * Upstream picks its strategies by it, and those decide which errors surface; so the engine needs the same graph.
 * A weight counts the tuple reads from a node down to a terminal type; `Infinity` means recursion.
 */

import type { AuthorizationModel, TypeDefinition, Userset } from '../fga/model.ts';
import type { EdgeKind, GraphEdge, GraphNode, NodeKind, WeightedGraph } from './graph.ts';
import { assignWeights } from './graph-weights.ts';

/** The graph, or undefined where upstream refuses to build it (it then never uses the strategies that need it). */
export function buildWeightedGraph(model: AuthorizationModel): WeightedGraph | undefined {
  const builder: Builder = { nodes: new Map(), types: typesByName(model), operators: 0 };
  const sorted = [...model.type_definitions].sort((a, b) => (a.type < b.type ? -1 : 1));
  for (const type of sorted) if (!addType(builder, type)) return undefined;
  return assignWeights(builder.nodes) ? builder.nodes : undefined;
}

interface Builder {
  readonly nodes: Map<string, GraphNode>;
  readonly types: ReadonlyMap<string, TypeDefinition>;
  operators: number;
}

interface Place {
  readonly type: TypeDefinition;
  readonly relation: string;
  readonly definition: string;
}

function typesByName(model: AuthorizationModel): Map<string, TypeDefinition> {
  return new Map(model.type_definitions.map((type) => [type.type, type]));
}

function addType(builder: Builder, type: TypeDefinition): boolean {
  node(builder, type.type, 'type');
  for (const relation of Object.keys(type.relations ?? {}).sort()) {
    const definition = `${type.type}#${relation}`;
    const parent = node(builder, definition, 'relation');
    const rewrite = type.relations?.[relation];
    if (!rewrite || !addRewrite(builder, parent, rewrite, { type, relation, definition })) return false;
  }
  return true;
}

function addRewrite(builder: Builder, parent: GraphNode, rewrite: Userset, place: Place): boolean {
  if (rewrite.computedUserset) {
    const target = node(builder, `${place.type.type}#${rewrite.computedUserset.relation ?? ''}`, 'relation');
    addEdge(parent, target, parent.kind === 'relation' ? 'computed' : 'rewrite', place);
    return true;
  }
  if (rewrite.tupleToUserset) return addTupleToUserset(builder, parent, rewrite.tupleToUserset, place);
  if (rewrite.union) return addOperator(builder, parent, 'union', rewrite.union.child, place);
  if (rewrite.intersection)
    return addOperator(builder, parent, 'intersection', rewrite.intersection.child, place);
  if (rewrite.difference) {
    const { base, subtract } = rewrite.difference;
    return addOperator(builder, parent, 'exclusion', [base, subtract], place);
  }
  addThis(builder, parent, place);
  return true;
}

function addOperator(
  builder: Builder,
  parent: GraphNode,
  kind: NodeKind,
  children: readonly Userset[],
  place: Place,
): boolean {
  const operator = node(builder, `${kind}:${builder.operators++}`, kind);
  addEdge(parent, operator, 'rewrite', place);
  return children.every((child) => addRewrite(builder, operator, child, place));
}

function addThis(builder: Builder, parent: GraphNode, place: Place): void {
  const restrictions = place.type.metadata?.relations?.[place.relation]?.directly_related_user_types ?? [];
  let from = parent;
  if (parent.kind !== 'relation' && restrictions.length > 1) {
    from = node(builder, `${place.type.type}#direct:${place.relation}`, 'grouping');
    addEdge(parent, from, 'direct-logical', place);
  }
  for (const restriction of restrictions) {
    const label = restriction.relation
      ? `${restriction.type}#${restriction.relation}`
      : restriction.wildcard
        ? `${restriction.type}:*`
        : restriction.type;
    const kind = restriction.relation ? 'relation' : restriction.wildcard ? 'wildcard' : 'type';
    const to = node(builder, label, kind);
    const known = findEdge(from, to, 'direct', '');
    const condition = restriction.condition ?? '';
    if (!known) addEdge(from, to, 'direct', place, '', [condition]);
    else if (!known.conditions.includes(condition)) known.conditions.push(condition);
  }
}

function addTupleToUserset(
  builder: Builder,
  parent: GraphNode,
  rewrite: NonNullable<Userset['tupleToUserset']>,
  place: Place,
): boolean {
  const tupleset = rewrite.tupleset.relation ?? '';
  const computed = rewrite.computedUserset.relation ?? '';
  const restrictions = place.type.metadata?.relations?.[tupleset]?.directly_related_user_types ?? [];
  if (restrictions.length === 0) return false;
  const label = `${place.type.type}#${tupleset}`;
  let from = parent;
  if (parent.kind !== 'relation' && restrictions.length > 1) {
    from = node(builder, `${place.type.type}#ttu:${tupleset}#${computed}`, 'grouping');
    addEdge(parent, from, 'ttu-logical', place, label);
  }
  for (const restriction of restrictions) {
    if (!builder.types.get(restriction.type)?.relations?.[computed]) return false;
    const to = node(builder, `${restriction.type}#${computed}`, 'relation');
    if (!findEdge(from, to, 'ttu', label))
      addEdge(from, to, 'ttu', place, label, [restriction.condition ?? '']);
  }
  return true;
}

function node(builder: Builder, label: string, kind: NodeKind): GraphNode {
  const known = builder.nodes.get(label);
  if (known) return known;
  const made: GraphNode = { label, kind, edges: [], weights: new Map(), recursive: '', tupleCycle: false };
  builder.nodes.set(label, made);
  return made;
}

function findEdge(from: GraphNode, to: GraphNode, kind: EdgeKind, tupleset: string): GraphEdge | undefined {
  return from.edges.find((edge) => edge.to === to && edge.kind === kind && edge.tupleset === tupleset);
}

function addEdge(
  from: GraphNode,
  to: GraphNode,
  kind: EdgeKind,
  place: Place,
  tupleset = '',
  conditions: string[] = [''],
): void {
  const { definition } = place;
  const fresh = { weights: new Map<string, number>(), recursive: '', tupleCycle: false };
  from.edges.push({ from, to, kind, definition, tupleset, conditions, ...fresh });
}
