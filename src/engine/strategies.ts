/**
 * What upstream's other strategies could make of a node: `weight2` (two sorted lists, intersected) and `recursive`
 * (breadth-first from the object, met with all that the user has). Sources: `internal/graph/weight_two_resolver.go`,
 * `recursive_resolver.go`. They differ from the default strategy in errors, in cycle flags, at the depth limit, and
 * where one of several tuples on an object hides the others.
 */
import { RESOLVE_NODE_LIMIT } from '../fga/limits.ts';
import { type Tuple, typeOf } from '../fga/tuple.ts';
import { judge, MET, REFUSED } from './admit-tuple.ts';
import { type CompiledRelation, relationOf } from './compile.ts';
import { joinLeft, type LeftSet, leftOf } from './left-set.ts';
import { ALLOWED, CYCLE, DENIED, FAILED, type Outcomes, TOO_DEEP } from './outcome.ts';
import type { DirectNode, Plan, TtuNode, UsersetGroup } from './plan.ts';
import { factsOf } from './plan-facts.ts';
import { type Run, spend } from './run.ts';

export interface At {
  readonly object: string;
  readonly depth: number;
  /** What the default strategy came to. */
  readonly outcomes: Outcomes;
}

/** Outcomes to add for a group of usersets; 0 where no other strategy could differ. */
export function usersetsOtherwise(run: Run, node: DirectNode, group: UsersetGroup, at: At): Outcomes {
  if (group.strategy === 'default') return 0;
  const source: Source = {
    relation: node.relation,
    strays: group.strays,
    list: (object) => run.reads.usersets(object, node.relation.name),
    objectOf: ({ user }) => usersetObject(group, user),
    plans: group.targets.map(({ plan }) => plan),
  };
  if (group.strategy === 'weight2') return weightTwo(run, source, at);
  const self = group.targets.filter(({ plan }) => plan.relation === node.relation);
  return recursive(run, { ...source, plans: self.slice(0, 1).map(({ plan }) => plan) }, at);
}

/** Outcomes to add for the parents of a tuple-to-userset. */
export function parentsOtherwise(run: Run, node: TtuNode, at: At): Outcomes {
  if (node.strategy === 'default') return 0;
  const source: Source = {
    relation: node.tupleset,
    strays: node.strays,
    list: (object) => run.reads.tuples(object, node.tupleset.name),
    objectOf: ({ user }) => user,
    plans: [...node.parents.values()],
  };
  return node.strategy === 'weight2' ? weightTwo(run, source, at) : recursive(run, source, at);
}

interface Source {
  /** The relation whose tuples lead from an object to the next ones. */
  readonly relation: CompiledRelation;
  /** The recursion can reach objects of other types and read a relation of the same name there. */
  readonly strays: boolean;
  list(object: string): Iterable<Tuple>;
  objectOf(tuple: Tuple): string | undefined;
  /** Relations whose members are listed from the user's side. */
  readonly plans: readonly Plan[];
}

interface Step {
  readonly objects: ReadonlySet<string>;
  /** No tuple passed and one could not be evaluated. */
  readonly failed: boolean;
}

function usersetObject(group: UsersetGroup, user: string): string | undefined {
  const hash = user.lastIndexOf('#');
  const relation = user.slice(hash + 1);
  const type = user.slice(0, user.indexOf(':'));
  const wanted = group.targets.some((target) => target.relation === relation && target.type === type);
  return wanted ? user.slice(0, hash) : undefined;
}

/** One level down from an object: one iterator, with its own masking of errors. */
function step(run: Run, source: Source, object: string): Step {
  const objects = new Set<string>();
  const relation = relationOf(run.model, typeOf(object), source.relation.name);
  if (!relation) return { objects, failed: false };
  let failed = false;
  for (const tuple of source.list(object)) {
    spend(run.meter);
    const next = source.objectOf(tuple);
    if (next === undefined) continue;
    const verdict = judge(run, relation, tuple);
    failed ||= verdict === REFUSED;
    if (verdict === MET) objects.add(next);
  }
  return { objects, failed: failed && objects.size === 0 };
}

/** Without conditions and public tuples on the user's side, both strategies see the same tuples. */
function sameForBoth(plans: readonly Plan[]): boolean {
  return plans.every((plan) => !factsOf(plan).conditioned && !mayShadow(plan));
}

function mayShadow(plan: Plan): boolean {
  return plan.relation.restrictions.some(({ wildcard }) => wildcard) || plan.relation.rewrite.kind !== 'this';
}

function weightTwo(run: Run, source: Source, at: At): Outcomes {
  const atLimit = at.depth + 1 >= RESOLVE_NODE_LIMIT;
  if (!atLimit && sameForBoth(source.plans)) return 0;
  const right = step(run, source, at.object);
  if (right.objects.size === 0) return right.failed ? FAILED : DENIED;
  return meet(right.objects, joinLeft(source.plans.map((plan) => leftOf(run, plan))));
}

/** A certain match outweighs errors, unless an operator may have raised one before the match was seen. */
function meet(right: ReadonlySet<string>, left: LeftSet): Outcomes {
  let possible = false;
  for (const object of right) {
    const member = left.members.get(object);
    if (member === ALLOWED) return left.early ? ALLOWED | FAILED : ALLOWED;
    possible ||= member !== undefined && (member & ALLOWED) !== 0;
  }
  const rest = left.error === 'yes' ? FAILED : left.error === 'maybe' ? FAILED | DENIED : DENIED;
  return possible ? rest | ALLOWED : rest;
}

function recursive(run: Run, source: Source, at: At): Outcomes {
  const flags = at.outcomes & CYCLE ? DENIED : 0;
  const nearLimit = run.deepest >= RESOLVE_NODE_LIMIT - 1;
  if (!nearLimit && !source.strays && !source.relation.conditioned && sameForBoth(source.plans)) return flags;
  const first = step(run, source, at.object);
  if (first.objects.size === 0) return first.failed ? FAILED : DENIED;
  const left = joinLeft(source.plans.map((plan) => leftOf(run, plan)));
  if (left.members.size === 0)
    return left.error === 'no' ? DENIED : left.error === 'yes' ? FAILED : FAILED | DENIED;
  const met = meet(first.objects, left);
  if (met !== DENIED) return met;
  return breadthFirst(run, source, first.objects, left, at.depth);
}

function breadthFirst(
  run: Run,
  source: Source,
  first: ReadonlySet<string>,
  left: LeftSet,
  depth: number,
): Outcomes {
  const visited = new Set<string>();
  let level: ReadonlySet<string> = first;
  let outcomes: Outcomes = DENIED;
  for (let at = depth + 1; at < RESOLVE_NODE_LIMIT; at++) {
    if (level.size === 0) return outcomes;
    const next = new Set<string>();
    for (const object of level) {
      if (visited.has(object)) continue;
      visited.add(object);
      const below = step(run, source, object);
      if (below.failed) outcomes = FAILED;
      const met = meet(below.objects, left);
      if (met === ALLOWED) return ALLOWED;
      if (met !== DENIED) outcomes |= met;
      for (const found of below.objects) next.add(found);
    }
    level = next;
  }
  return TOO_DEEP | (outcomes & (ALLOWED | FAILED));
}
