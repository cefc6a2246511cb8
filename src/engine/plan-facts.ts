/** What holds for a plan and everything below it; computed on first use, kept on the plan. */
import type { Plan, PlanFacts, PlanNode } from './plan.ts';

export function factsOf(plan: Plan): PlanFacts {
  return plan.facts ?? computeFacts(plan);
}

/** The plans that a node refers to, and whether a dispatch (one level of depth) leads there. */
export function eachChild(node: PlanNode, visit: (child: Plan, dispatch: boolean) => void): void {
  switch (node.kind) {
    case 'computed':
      visit(node.plan, false);
      return;
    case 'direct':
      for (const group of node.groups) for (const target of group.targets) visit(target.plan, true);
      return;
    case 'ttu':
      for (const parent of node.parents.values()) visit(parent, true);
      return;
    case 'exclusion':
      eachChild(node.base, visit);
      eachChild(node.subtract, visit);
      return;
    default:
      for (const child of node.children) eachChild(child, visit);
  }
}

function computeFacts(plan: Plan): PlanFacts {
  const closure = new Set<Plan>();
  const queue: Plan[] = [plan];
  let monotone = true;
  let conditioned = false;
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (closure.has(next)) continue;
    closure.add(next);
    if (!next.node) continue;
    monotone &&= isMonotone(next.node);
    conditioned ||= readsConditioned(next.node);
    eachChild(next.node, (child) => queue.push(child));
  }
  const facts = { monotone, conditioned, hops: hopsOf(plan, new Map()) };
  plan.facts = facts;
  return facts;
}

function isMonotone(node: PlanNode): boolean {
  if (node.kind === 'union') return node.children.every(isMonotone);
  return node.kind !== 'intersection' && node.kind !== 'exclusion';
}

function readsConditioned(node: PlanNode): boolean {
  if (node.kind === 'direct') return node.relation.conditioned;
  if (node.kind === 'ttu') return node.tupleset.conditioned;
  if (node.kind === 'exclusion') return readsConditioned(node.base) || readsConditioned(node.subtract);
  return node.kind !== 'computed' && node.children.some(readsConditioned);
}

/** Longest way down in dispatches. A plan met again on the way is a recursion. */
function hopsOf(plan: Plan, known: Map<Plan, number | 'open'>): number {
  const seen = known.get(plan);
  if (seen !== undefined) return seen === 'open' ? Number.POSITIVE_INFINITY : seen;
  if (!plan.node) return 0;
  known.set(plan, 'open');
  let most = 0;
  eachChild(plan.node, (child, dispatch) => {
    most = Math.max(most, hopsOf(child, known) + (dispatch ? 1 : 0));
  });
  known.set(plan, most);
  return most;
}
