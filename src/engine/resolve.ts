/**
 * The exact way: a node of the query graph as the set of its possible outcomes, following upstream's `LocalChecker`
 * (`internal/graph/check.go`, default strategy), joined by what its other strategies could make of the same node.
 */
import { RESOLVE_NODE_LIMIT } from '../fga/limits.ts';
import type { Tuple } from '../fga/tuple.ts';
import { judge, MET, REFUSED } from './admit-tuple.ts';
import { type Flat, flatOf } from './flat.ts';
import { flatCheck } from './flat-check.ts';
import {
  ALLOWED,
  CYCLE,
  DENIED,
  exclusion,
  FAILED,
  intersection,
  type Outcomes,
  TOO_DEEP,
  union,
} from './outcome.ts';
import type { DirectNode, Plan, PlanNode, TtuNode, UsersetGroup } from './plan.ts';
import { factsOf } from './plan-facts.ts';
import { type Run, spend } from './run.ts';
import { parentsOtherwise, usersetsOtherwise } from './strategies.ts';

export function resolve(run: Run, plan: Plan, object: string, depth: number): Outcomes {
  if (depth > run.deepest) run.deepest = depth;
  if (depth >= RESOLVE_NODE_LIMIT) return TOO_DEEP;
  const { subject } = run;
  if (subject.isUserset && subject.relation === plan.relation.name && subject.object === object)
    return ALLOWED;
  if (!plan.node) return DENIED;
  const { hops } = factsOf(plan);
  if (hops === 0) return resolveHere(run, plan, plan.node, object, depth);
  if (hops === Number.POSITIVE_INFINITY && closesCycle(run, plan, object)) return CYCLE;
  return remembered(run, plan, plan.node, object, depth);
}

function resolveHere(run: Run, plan: Plan, node: PlanNode, object: string, depth: number): Outcomes {
  const flat = run.exact ? undefined : flatOf(plan);
  return flat ? resolveFlat(run, flat, object, depth) : resolveNode(run, node, object, depth);
}

/** The fast way; where it comes near the depth limit and strategies may differ, the exact one after it. */
export function resolveFlat(run: Run, flat: Flat, object: string, depth: number): Outcomes {
  const outcomes = flatCheck(run, flat, object, depth);
  const { node } = flat.plan;
  if (!(outcomes & TOO_DEEP) || outcomes === TOO_DEEP || !node) return outcomes;
  run.exact = true;
  const exact = remembered(run, flat.plan, node, object, depth);
  run.exact = false;
  return exact;
}

/** A node met again on its own path. */
function closesCycle(run: Run, plan: Plan, object: string): boolean {
  if (!run.path.some((place) => place.plan === plan && place.object === object)) return false;
  run.cycles++;
  return true;
}

/**
 * Solves a node once per query. Not kept: what met a cycle, since that holds for its path alone, unless it is plainly
 * allowed (such a result rests on no cycle). Used again only where depth cannot change it.
 */
function remembered(run: Run, plan: Plan, node: PlanNode, object: string, depth: number): Outcomes {
  run.memo ??= new Map();
  const key = `${run.careful ? '!' : ''}${plan.id} ${object}`;
  const known = run.memo.get(key);
  if (known !== undefined) {
    const outcomes = known & 0xff;
    const height = (known >> 8) & 0xff;
    const sameDepth = known >> 16 === depth;
    if (sameDepth || (!(outcomes & TOO_DEEP) && depth + height < RESOLVE_NODE_LIMIT - 1)) {
      run.deepest = Math.max(run.deepest, depth + height);
      return outcomes;
    }
  }
  const { deepest, cycles } = run;
  run.deepest = depth;
  run.path.push({ plan, object });
  const outcomes = resolveHere(run, plan, node, object, depth);
  run.path.pop();
  // the words of a failure are not kept, so neither is the failure
  if (outcomes === ALLOWED || (run.cycles === cycles && !(outcomes & FAILED))) {
    run.memo.set(key, outcomes | ((run.deepest - depth) << 8) | (depth << 16));
  }
  run.deepest = Math.max(deepest, run.deepest);
  return outcomes;
}

function resolveNode(run: Run, node: PlanNode, object: string, depth: number): Outcomes {
  switch (node.kind) {
    case 'direct':
      return resolveDirect(run, node, object, depth);
    case 'computed':
      return resolve(run, node.plan, object, depth);
    case 'ttu':
      return resolveParents(run, node, object, depth);
    case 'union':
      return resolveUnion(run, node.children, object, depth);
    case 'intersection':
      return resolveIntersection(run, node.children, object, depth);
    case 'exclusion': {
      const base = resolveNode(run, node.base, object, depth);
      if (base === DENIED && !run.careful) return DENIED;
      return exclusion(base, resolveNode(run, node.subtract, object, depth));
    }
  }
}

function resolveUnion(run: Run, children: readonly PlanNode[], object: string, depth: number): Outcomes {
  let outcomes: Outcomes = DENIED;
  for (const child of children) {
    outcomes = union(outcomes, resolveNode(run, child, object, depth));
    if (outcomes === ALLOWED) return ALLOWED;
  }
  return outcomes;
}

function resolveIntersection(
  run: Run,
  children: readonly PlanNode[],
  object: string,
  depth: number,
): Outcomes {
  let outcomes: Outcomes = ALLOWED;
  for (const child of children) {
    outcomes = intersection(outcomes, resolveNode(run, child, object, depth));
    if (outcomes === DENIED && !run.careful) return DENIED;
  }
  return outcomes;
}

function resolveDirect(run: Run, node: DirectNode, object: string, depth: number): Outcomes {
  let outcomes: Outcomes = DENIED;
  const { relation } = node;
  if (node.exact) {
    outcomes = exactTuple(run, node, run.reads.tuple(object, relation.name, run.subject.user));
    if (outcomes === ALLOWED) return ALLOWED;
  }
  if (node.everyone) {
    outcomes = union(outcomes, publicTuples(run, node, object));
    if (outcomes === ALLOWED) return ALLOWED;
  }
  for (const group of node.groups) {
    outcomes = union(outcomes, resolveUsersets(run, node, group, object, depth));
    if (outcomes === ALLOWED) return ALLOWED;
  }
  return outcomes;
}

function exactTuple(run: Run, node: DirectNode, tuple: Tuple | undefined): Outcomes {
  spend(run.meter);
  if (!tuple) return DENIED;
  const verdict = judge(run, node.relation, tuple);
  return verdict === MET ? ALLOWED : verdict === REFUSED ? FAILED : DENIED;
}

/** Contextual and stored `type:*` both count: upstream reads them as a list. An error shows only if neither passes. */
function publicTuples(run: Run, node: DirectNode, object: string): Outcomes {
  const { everyone } = run.subject;
  const { name } = node.relation;
  const found = run.contextual?.all.filter(
    (t) => t.user === everyone && t.relation === name && t.object === object,
  );
  const stored = (run.contextual?.stored ?? run.reads).tuple(object, name, everyone);
  let outcomes: Outcomes = DENIED;
  for (const tuple of [...(found ?? []), stored]) outcomes = union(outcomes, exactTuple(run, node, tuple));
  return outcomes;
}

/** One iterator: an error shows only if no tuple of it passed (contract 4.6). */
function resolveUsersets(
  run: Run,
  node: DirectNode,
  group: UsersetGroup,
  object: string,
  depth: number,
): Outcomes {
  let outcomes: Outcomes = DENIED;
  let passed = false;
  let failed = false;
  for (const tuple of run.reads.usersets(object, node.relation.name)) {
    spend(run.meter);
    const hash = tuple.user.lastIndexOf('#');
    const relation = tuple.user.slice(hash + 1);
    const type = tuple.user.slice(0, tuple.user.indexOf(':'));
    const target = group.targets.find((t) => t.relation === relation && t.type === type);
    if (!target) continue;
    const verdict = judge(run, node.relation, tuple);
    failed ||= verdict === REFUSED;
    if (verdict !== MET) continue;
    passed = true;
    if (outcomes !== ALLOWED) {
      outcomes = union(outcomes, resolve(run, target.plan, tuple.user.slice(0, hash), depth + 1));
    }
    if (outcomes === ALLOWED && group.strategy === 'default') return ALLOWED;
  }
  if (failed && !passed) outcomes = union(outcomes, FAILED);
  return outcomes | usersetsOtherwise(run, node, group, { object, depth, outcomes });
}

function resolveParents(run: Run, node: TtuNode, object: string, depth: number): Outcomes {
  let outcomes: Outcomes = DENIED;
  let passed = false;
  let failed = false;
  for (const tuple of run.reads.tuples(object, node.tupleset.name)) {
    spend(run.meter);
    const verdict = judge(run, node.tupleset, tuple);
    failed ||= verdict === REFUSED;
    if (verdict !== MET) continue;
    passed = true;
    const plan = node.parents.get(tuple.user.slice(0, tuple.user.indexOf(':')));
    if (plan && outcomes !== ALLOWED) outcomes = union(outcomes, resolve(run, plan, tuple.user, depth + 1));
    if (outcomes === ALLOWED && node.strategy === 'default') return ALLOWED;
  }
  if (failed && !passed) outcomes = union(outcomes, FAILED);
  return outcomes | parentsOtherwise(run, node, { object, depth, outcomes });
}
