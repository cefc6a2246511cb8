/**
 * The fast way: where a relation is made of unions only and nothing below it asks for a condition, Check is
 * reachability, and its rewrites flatten into a list of lookups per object.
 */
import type { DirectNode, Plan, PlanNode, TtuNode } from './plan.ts';
import { eachChild, factsOf } from './plan-facts.ts';

export interface Flat {
  readonly plan: Plan;
  readonly type: string;
  /** Relations of the same object that a userset subject may name: it is then allowed by definition. */
  readonly selves: readonly string[];
  /** Relations to look the subject up on. */
  readonly exact: readonly string[];
  /** Relations to look `type:*` up on. */
  readonly everyone: readonly string[];
  readonly usersets: readonly FlatUsersets[];
  readonly parents: readonly FlatParents[];
  /** Some group below may be resolved by another strategy than the default one. */
  readonly planned: boolean;
  /** Some group below may be resolved by breadth-first recursion. */
  readonly recursive: boolean;
  readonly hops: number;
}

export interface FlatUsersets {
  readonly relation: string;
  readonly targets: readonly { readonly type: string; readonly relation: string; readonly plan: Plan }[];
}

export interface FlatParents {
  readonly tupleset: string;
  readonly byType: ReadonlyMap<string, Plan>;
}

/** Undefined where conditions, intersections or exclusions are involved. */
export function flatOf(plan: Plan): Flat | undefined {
  if (plan.flat === undefined) plan.flat = flatten(plan) ?? null;
  return (plan.flat as Flat | null) ?? undefined;
}

function flatten(plan: Plan): Flat | undefined {
  const { monotone, conditioned, hops } = factsOf(plan);
  if (!monotone || conditioned || !plan.node) return undefined;
  const directs: DirectNode[] = [];
  const ttus: TtuNode[] = [];
  const selves: string[] = [];
  collect(plan, { directs, ttus, selves });
  const strategies = strategiesBelow(plan);
  if (strategies.has('strays')) return undefined;
  return {
    plan,
    type: plan.relation.type,
    selves,
    exact: directs.filter(({ exact }) => exact).map(({ relation }) => relation.name),
    everyone: directs.filter(({ everyone }) => everyone).map(({ relation }) => relation.name),
    usersets: directs.filter(({ groups }) => groups.length > 0).map(flatUsersets),
    parents: ttus.map(({ tupleset, parents }) => ({ tupleset: tupleset.name, byType: parents })),
    planned: strategies.has('weight2') || strategies.has('recursive'),
    recursive: strategies.has('recursive'),
    hops,
  };
}

interface Collected {
  readonly directs: DirectNode[];
  readonly ttus: TtuNode[];
  readonly selves: string[];
}

function collect(plan: Plan, into: Collected): void {
  if (into.selves.includes(plan.relation.name)) return;
  into.selves.push(plan.relation.name);
  if (plan.node) collectNode(plan.node, into);
}

function collectNode(node: PlanNode, into: Collected): void {
  if (node.kind === 'direct') {
    if (!into.directs.includes(node)) into.directs.push(node);
  } else if (node.kind === 'ttu') into.ttus.push(node);
  else if (node.kind === 'computed') collect(node.plan, into);
  else if (node.kind === 'union') for (const child of node.children) collectNode(child, into);
}

function flatUsersets({ relation, groups }: DirectNode): FlatUsersets {
  const targets = new Map<string, FlatUsersets['targets'][number]>();
  for (const group of groups) {
    for (const target of group.targets) targets.set(`${target.type}#${target.relation}`, target);
  }
  return { relation: relation.name, targets: [...targets.values()] };
}

function strategiesBelow(plan: Plan): Set<string> {
  const strategies = new Set<string>();
  const seen = new Set<Plan>();
  const visitNode = (node: PlanNode): void => {
    const ways = node.kind === 'direct' ? node.groups : node.kind === 'ttu' ? [node] : [];
    for (const { strategy, strays } of ways) strategies.add(strays ? 'strays' : strategy);
    if (node.kind === 'union') node.children.forEach(visitNode);
  };
  const visit = (next: Plan): void => {
    if (seen.has(next) || !next.node) return;
    seen.add(next);
    visitNode(next.node);
    eachChild(next.node, visit);
  };
  visit(plan);
  return strategies;
}
