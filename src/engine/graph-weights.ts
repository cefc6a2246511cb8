/**
 * Weights and cycles of the weighted graph (`openfga/language` v0.2.1, `weighted_graph.go`, `AssignWeights`).
 * Upstream visits nodes in map order, which is random; here it is the order of insertion.
 */
import type { GraphEdge, GraphNode } from './graph.ts';

/** False where upstream answers with an error: a cycle through `and` or `but not`, an intersection without common type. */
export function assignWeights(nodes: ReadonlyMap<string, GraphNode>): boolean {
  const state: State = { nodes, visited: new Set(), path: [], dependencies: new Map() };
  try {
    for (const node of nodes.values()) {
      if (isLogical(node) || state.visited.has(node)) continue;
      if (weighNode(state, node).length > 0) return false;
    }
  } catch (error) {
    if (error instanceof GraphRefused) return false;
    throw error;
  }
  return true;
}

class GraphRefused extends Error {}

interface State {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly visited: Set<GraphNode>;
  readonly path: GraphEdge[];
  /** Label of a cycle's reference node → edges that wait for its weight. */
  readonly dependencies: Map<string, GraphEdge[]>;
}

const REFERENCE = 'R#';

function isLogical(node: GraphNode): boolean {
  return node.kind !== 'relation' && node.kind !== 'type' && node.kind !== 'wildcard';
}

function isUnion(node: GraphNode): boolean {
  return node.kind === 'union' || node.kind === 'grouping';
}

/** Returns the labels of the cycles that are still open. */
function weighNode(state: State, node: GraphNode): string[] {
  if (state.visited.has(node) || node.kind === 'type' || node.kind === 'wildcard') return [];
  state.visited.add(node);
  const cycles: string[] = [];
  for (const edge of node.edges) {
    if (edge.weights.size > 0) continue;
    if (edge.to.kind === 'type') edge.weights.set(edge.to.label, 1);
    else if (edge.to.kind === 'wildcard') edge.weights.set(edge.to.label.slice(0, -2), 1);
    else cycles.push(...weighEdge(state, edge));
  }
  return settleNode(state, node, cycles);
}

function weighEdge(state: State, edge: GraphEdge): string[] {
  const { to } = edge;
  if (edge.from === to) {
    edge.weights = new Map([[REFERENCE + to.label, Infinity]]);
    depend(state, to.label, edge);
    markRecursive([edge], to.label);
    return [to.label];
  }
  state.path.push(edge);
  const cycles = weighNode(state, to);
  const path = [...state.path];
  state.path.pop();
  if (to.weights.size === 0) {
    if (!closesTupleCycle(to, path)) throw new GraphRefused('model cycle');
    edge.weights = new Map([[REFERENCE + to.label, Infinity]]);
    depend(state, to.label, edge);
    return [...cycles, to.label];
  }
  const wasCycle = cycles.length > 0;
  for (const label of [...cycles]) depend(state, label, edge);
  const adds = edge.kind === 'ttu' || edge.kind === 'direct' ? 1 : 0;
  for (const [key, weight] of to.weights) {
    if (!wasCycle && key.startsWith(REFERENCE)) {
      const label = key.slice(REFERENCE.length);
      depend(state, label, edge);
      cycles.push(label);
    }
    edge.weights.set(key, weight + adds);
  }
  return cycles;
}

function depend(state: State, label: string, edge: GraphEdge): void {
  const known = state.dependencies.get(label);
  if (known) known.push(edge);
  else state.dependencies.set(label, [edge]);
}

/** A cycle through a tuple read, or (false) one through the model alone. Marks what lies on it. */
function closesTupleCycle(node: GraphNode, path: readonly GraphEdge[]): boolean {
  const start = path.findIndex((edge) => edge.from === node);
  if (start < 0) return false;
  const cycle = path.slice(start);
  let relation = node.kind === 'relation' ? node.label : '';
  let recursion = true;
  let throughTuples = false;
  for (const edge of cycle) {
    if (edge.kind === 'ttu' || (edge.kind === 'direct' && edge.to.kind === 'relation')) throughTuples = true;
    if (edge.to.kind !== 'relation') continue;
    if (relation === '') relation = edge.to.label;
    else if (edge.to.label !== relation) recursion = false;
  }
  if (throughTuples && recursion) markRecursive(cycle, relation);
  else if (throughTuples) markTupleCycle(cycle);
  return throughTuples;
}

function markRecursive(edges: readonly GraphEdge[], relation: string): void {
  for (const edge of edges) {
    edge.from.recursive = relation;
    edge.to.recursive = relation;
    edge.recursive = relation;
  }
}

function markTupleCycle(edges: readonly GraphEdge[]): void {
  for (const edge of edges) {
    edge.from.tupleCycle = true;
    edge.to.tupleCycle = true;
    edge.tupleCycle = true;
  }
}

function settleNode(state: State, node: GraphNode, cycles: string[]): string[] {
  if (node.edges.length === 0) throw new GraphRefused('no terminal type');
  if (cycles.length === 0) {
    if (node.kind === 'intersection') node.weights = commonWeights(node);
    else if (node.kind === 'exclusion') node.weights = exclusionWeights(node);
    else node.weights = greatestWeights(node);
    return cycles;
  }
  if ((node.kind === 'relation' || isUnion(node)) && cycles.includes(node.label)) {
    resolveCycle(state, node);
    return cycles.filter((label) => label !== node.label);
  }
  if (isLogical(node) && !isUnion(node)) throw new GraphRefused('cycle through an operator');
  node.weights = greatestWeights(node);
  return cycles;
}

function greatestWeights(node: GraphNode): Map<string, number> {
  const weights = new Map<string, number>();
  for (const edge of node.edges) {
    for (const [key, weight] of edge.weights) weights.set(key, Math.max(weight, weights.get(key) ?? 0));
  }
  return weights;
}

function commonWeights(node: GraphNode): Map<string, number> {
  let common: Map<string, number> | undefined;
  for (const edge of node.edges) {
    const kept = new Map<string, number>();
    for (const [key, weight] of common ?? edge.weights) {
      const other = edge.weights.get(key);
      if (other !== undefined) kept.set(key, Math.max(weight, other));
    }
    common = kept;
  }
  if (!common || common.size === 0) throw new GraphRefused('no common type');
  return common;
}

function exclusionWeights(node: GraphNode): Map<string, number> {
  const [base, subtract] = node.edges;
  if (!base || !subtract || node.edges.length !== 2) throw new GraphRefused('not two operands');
  const weights = new Map(base.weights);
  for (const [key, weight] of subtract.weights) {
    const known = weights.get(key);
    if (known !== undefined) weights.set(key, Math.max(known, weight));
  }
  return weights;
}

/** The node closes its own cycle: everything it reaches is infinitely far, and what waited for it takes its weights. */
function resolveCycle(state: State, node: GraphNode): void {
  const reference = REFERENCE + node.label;
  const weights = new Map<string, number>();
  let openReferences = false;
  for (const edge of node.edges) {
    for (const key of edge.weights.keys()) {
      if (key === reference) continue;
      if (key.startsWith(REFERENCE)) openReferences = true;
      weights.set(key, Infinity);
    }
  }
  node.weights = weights;
  const waiting = [...(state.dependencies.get(node.label) ?? [])];
  for (const edge of waiting) {
    edge.weights = substitute(edge.weights, reference, node);
    if (node.tupleCycle) edge.tupleCycle = true;
    if (!openReferences) continue;
    for (const key of weights.keys()) if (key.startsWith(REFERENCE)) depend(state, key.slice(2), edge);
  }
  for (const edge of waiting) {
    edge.from.weights = substitute(edge.from.weights, reference, node);
    if (node.tupleCycle) edge.from.tupleCycle = true;
  }
  state.dependencies.delete(node.label);
}

function substitute(
  weights: ReadonlyMap<string, number>,
  reference: string,
  node: GraphNode,
): Map<string, number> {
  const result = new Map<string, number>();
  for (const [key, weight] of weights) {
    if (key !== reference) result.set(key, Math.max(weight, result.get(key) ?? 0));
    else
      for (const [other, value] of node.weights) result.set(other, Math.max(value, result.get(other) ?? 0));
  }
  return result;
}
