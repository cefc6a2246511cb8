/**
 * Which strategies upstream may pick for a userset or a tuple-to-userset (`pkg/typesystem/typesystem.go`,
 * `…UseWeight2Resolver`, `…UseRecursiveResolver`). Where two are possible, a learning planner picks at run time.
 */
import type { CompiledModel, CompiledRelation, Restriction } from './compile.ts';
import type { GraphEdge, GraphNode } from './graph.ts';

export type Strategy = 'default' | 'weight2' | 'recursive';

export function usersetIsWeightTwo(
  model: CompiledModel,
  relation: CompiledRelation,
  restriction: Restriction,
  userType: string,
): boolean {
  const node = model.graph?.get(relation.label);
  if (!node || node.tupleCycle || node.recursive !== '') return false;
  return model.graph?.get(`${restriction.type}#${restriction.relation}`)?.weights.get(userType) === 1;
}

export function usersetIsRecursive(
  model: CompiledModel,
  relation: CompiledRelation,
  userType: string,
): boolean {
  const node = recursiveNode(model, relation, userType);
  return node !== undefined && onlyRecursion(node, userType, 'direct', 'direct-logical');
}

export function ttuStrategy(
  model: CompiledModel,
  relation: CompiledRelation,
  ttu: { readonly tupleset: string; readonly computed: string },
  userType: string,
): Strategy {
  if (ttuIsWeightTwo(model, relation, ttu, userType)) return 'weight2';
  const node = recursiveNode(model, relation, userType);
  return node && onlyRecursion(node, userType, 'ttu', 'ttu-logical') ? 'recursive' : 'default';
}

function ttuIsWeightTwo(
  model: CompiledModel,
  relation: CompiledRelation,
  ttu: { readonly tupleset: string; readonly computed: string },
  userType: string,
): boolean {
  const node = model.graph?.get(relation.label);
  if (!node?.weights.has(userType)) return false;
  const tupleset = `${relation.type}#${ttu.tupleset}`;
  let level: readonly GraphEdge[] = node.edges;
  while (level.length > 0) {
    let found = false;
    const inner: GraphEdge[] = [];
    for (const edge of level) {
      if (edge.kind === 'rewrite') inner.push(...edge.to.edges);
      if (edge.kind !== 'ttu' || edge.tupleset !== tupleset || !edge.to.label.endsWith(`#${ttu.computed}`))
        continue;
      const weight = edge.weights.get(userType);
      if (weight === undefined) continue;
      if (weight > 2) return false;
      found = true;
    }
    if (found) return true;
    level = inner;
  }
  return false;
}

/** The relation's node if it recurses into itself and only into itself for this type of user. */
function recursiveNode(
  model: CompiledModel,
  relation: CompiledRelation,
  userType: string,
): GraphNode | undefined {
  const node = model.graph?.get(relation.label);
  if (node?.weights.get(userType) !== Infinity) return undefined;
  return node.recursive === node.label && !node.tupleCycle ? node : undefined;
}

/** One recursive edge of `kind`; everything beside it is one read away from the user. */
function onlyRecursion(
  node: GraphNode,
  userType: string,
  kind: GraphEdge['kind'],
  logical: GraphEdge['kind'],
): boolean {
  let found = false;
  let level: readonly GraphEdge[] = node.edges;
  while (level.length > 0) {
    const inner: GraphEdge[] = [];
    for (const edge of level) {
      const weight = edge.weights.get(userType);
      if (weight === undefined) continue;
      if (edge.recursive === node.label) {
        if (edge.kind === kind && edge.to === node && !found) {
          found = true;
          continue;
        }
        if (edge.kind === 'rewrite' || edge.kind === logical) {
          inner.push(...edge.to.edges);
          continue;
        }
      }
      if (weight > 1) return false;
    }
    level = inner;
  }
  return found;
}
