/**
 * All objects of one relation that the user is directly in, as upstream's reverse reads list them (`fastPathRewrite`):
 * one tuple per object, contextual before stored, and one iterator per `this` with its own masking of errors.
 */
import type { Tuple } from '../fga/tuple.ts';
import { judge, MET, REFUSED, type Verdict } from './admit-tuple.ts';
import type { CompiledRelation } from './compile.ts';
import { ALLOWED, DENIED, FAILED, type Outcomes } from './outcome.ts';
import type { Plan, PlanNode } from './plan.ts';
import { type Run, spend } from './run.ts';

export interface LeftSet {
  /** By object: surely in (ALLOWED), surely out (absent), or hidden by another tuple in some order (both). */
  readonly members: ReadonlyMap<string, Outcomes>;
  readonly error: 'no' | 'yes' | 'maybe';
  /** An operator raised the error, which ends the search at once. */
  readonly early: boolean;
}

const EMPTY: LeftSet = { members: new Map(), error: 'no', early: false };

export function leftOf(run: Run, plan: Plan): LeftSet {
  return plan.node ? leftOfNode(run, plan.node) : EMPTY;
}

/** Several lists read side by side. */
export function joinLeft(sets: readonly LeftSet[]): LeftSet {
  const [only] = sets;
  if (only && sets.length === 1) return only;
  const members = new Map<string, Outcomes>();
  for (const set of sets) {
    for (const [object, member] of set.members) {
      const known = members.get(object);
      members.set(object, known === ALLOWED || member === ALLOWED ? ALLOWED : ALLOWED | DENIED);
    }
  }
  return { members, error: worst(sets), early: sets.some(({ early }) => early) };
}

function worst(sets: readonly LeftSet[]): LeftSet['error'] {
  if (sets.some(({ error }) => error === 'yes')) return 'yes';
  return sets.some(({ error }) => error === 'maybe') ? 'maybe' : 'no';
}

function leftOfNode(run: Run, node: PlanNode): LeftSet {
  switch (node.kind) {
    case 'direct':
      return leftOfThis(run, node.relation);
    case 'computed':
      return leftOf(run, node.plan);
    case 'ttu':
      return EMPTY;
    case 'union':
      return operator(joinLeft(node.children.map((child) => leftOfNode(run, child))));
    case 'intersection':
      return operator(intersect(node.children.map((child) => leftOfNode(run, child))));
    case 'exclusion':
      return operator(subtract(leftOfNode(run, node.base), leftOfNode(run, node.subtract)));
  }
}

/** An operator's merge of sorted lists may end before it comes to the error, so it only may surface. */
function operator(set: LeftSet): LeftSet {
  return set.error === 'no' ? set : { members: set.members, error: 'maybe', early: true };
}

function intersect(sets: readonly LeftSet[]): LeftSet {
  const members = new Map<string, Outcomes>();
  for (const object of sets[0]?.members.keys() ?? []) {
    const found = sets.map((set) => set.members.get(object) ?? DENIED);
    if (found.every((member) => member === ALLOWED)) members.set(object, ALLOWED);
    else if (found.every((member) => (member & ALLOWED) !== 0)) members.set(object, ALLOWED | DENIED);
  }
  return { members, error: worst(sets), early: false };
}

function subtract(base: LeftSet, less: LeftSet): LeftSet {
  const members = new Map<string, Outcomes>();
  for (const [object, member] of base.members) {
    const taken = less.members.get(object) ?? DENIED;
    if (taken === ALLOWED) continue;
    members.set(object, member === ALLOWED && taken === DENIED ? ALLOWED : ALLOWED | DENIED);
  }
  return { members, error: worst([base, less]), early: false };
}

/** An error is masked when any tuple passes, and is not met where another tuple of the same object is the one seen. */
function leftOfThis(run: Run, relation: CompiledRelation): LeftSet {
  const members = new Map<string, Outcomes>();
  let surelyPassed = false;
  let mayFail = false;
  let surelyFailed = false;
  for (const [object, candidates] of candidatesOf(run, relation)) {
    const outcomes = candidates.reduce((all, tuple) => all | outcomeOf(judge(run, relation, tuple)), 0);
    if (outcomes & ALLOWED) members.set(object, outcomes === ALLOWED ? ALLOWED : ALLOWED | DENIED);
    surelyPassed ||= outcomes === ALLOWED;
    mayFail ||= (outcomes & FAILED) !== 0;
    surelyFailed ||= outcomes === FAILED;
  }
  if (!mayFail || surelyPassed) return { members, error: 'no', early: false };
  return { members, error: surelyFailed && members.size === 0 ? 'yes' : 'maybe', early: false };
}

function outcomeOf(verdict: Verdict): Outcomes {
  return verdict === MET ? ALLOWED : verdict === REFUSED ? FAILED : DENIED;
}

/** Per object, the tuples of which upstream sees one. A contextual tuple hides all stored ones on its object. */
function candidatesOf(run: Run, relation: CompiledRelation): ReadonlyMap<string, readonly Tuple[]> {
  const { subject, contextual } = run;
  const users = [subject.user];
  const open = relation.restrictions.some((r) => r.wildcard && r.type === subject.type);
  if (open && !subject.isWildcard) users.push(subject.everyone);
  const found = new Map<string, Tuple[]>();
  const add = (tuples: Iterable<Tuple>, hidden: ReadonlySet<string>) => {
    for (const tuple of tuples) {
      spend(run.meter);
      if (hidden.has(tuple.object)) continue;
      const known = found.get(tuple.object);
      if (known) known.push(tuple);
      else found.set(tuple.object, [tuple]);
    }
  };
  const mine = contextual?.all.filter(
    (t) => users.includes(t.user) && t.relation === relation.name && t.object.startsWith(`${relation.type}:`),
  );
  add(mine ?? [], new Set());
  const hidden = new Set(found.keys());
  for (const user of users) {
    add((contextual?.stored ?? run.reads).byUser(user, relation.name, relation.type), hidden);
  }
  return found;
}
