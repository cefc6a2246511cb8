/**
 * Check as breadth-first reachability over flat plans: shallow matches are found first, each node is read once.
 * Where nothing is found, the walk knows enough to say what upstream's strategies would make of cycles and depth.
 */
import { RESOLVE_NODE_LIMIT } from '../fga/limits.ts';
import { type Flat, flatOf } from './flat.ts';
import { longestPath } from './longest-path.ts';
import { ALLOWED, CYCLE, DENIED, type Outcomes, TOO_DEEP } from './outcome.ts';
import type { Plan } from './plan.ts';
import { type Run, spend } from './run.ts';

export function flatCheck(run: Run, flat: Flat, object: string, depth: number): Outcomes {
  if (flat.hops === 0) return lookUp(run, flat, object, false);
  const walk = startWalk(run, flat, object, depth);
  for (let i = 0; i < walk.objects.length; i++) {
    const here = walk.flats[i] as Flat;
    const at = walk.objects[i] as string;
    if ((walk.depths[i] as number) >= RESOLVE_NODE_LIMIT) {
      walk.tooDeep = true;
      walk.doubt ||= flat.planned && lookUp(run, here, at, false) !== DENIED;
      continue;
    }
    const found = lookUp(run, here, at, i > 0 && flat.planned);
    if (found === ALLOWED) return allowed(walk, i);
    walk.doubt ||= found !== DENIED;
    if (expand(walk, i, here, at)) return allowed(walk, walk.objects.length - 1);
  }
  return settle(walk, depth);
}

interface Walk {
  readonly run: Run;
  readonly root: Flat;
  readonly objects: string[];
  readonly flats: Flat[];
  readonly depths: number[];
  /** `from, to` pairs of indices; only where the model recurses. */
  readonly edges: number[] | undefined;
  seen: Map<string, number> | undefined;
  tooDeep: boolean;
  /** Levels that may lie below nodes known from another question of the run. */
  skipped: number;
  /** Some strategy may allow what another denies. */
  doubt: boolean;
}

function startWalk(run: Run, root: Flat, object: string, depth: number): Walk {
  const edges = root.hops === Number.POSITIVE_INFINITY ? [] : undefined;
  const first = { objects: [object], flats: [root], depths: [depth] };
  return { run, root, ...first, edges, seen: undefined, tooDeep: false, skipped: 0, doubt: false };
}

const NO_RELATIONS: readonly string[] = [];

/** Self-definition, exact tuple, public tuple. Nothing here is conditioned, so a conditioned tuple is not valid. */
function lookUp(run: Run, flat: Flat, object: string, shadows: boolean): Outcomes {
  const { subject, reads, meter } = run;
  if (subject.isUserset && object === subject.object && flat.selves.includes(subject.relation))
    return ALLOWED;
  // `type:*` as the user is assigned where everyone is, and nowhere else
  for (const relation of subject.isWildcard ? NO_RELATIONS : flat.exact) {
    spend(meter);
    const tuple = reads.tuple(object, relation, subject.user);
    if (tuple && !tuple.condition) {
      return shadows && flat.everyone.includes(relation)
        ? unlessShadowed(run, flat, object, relation)
        : ALLOWED;
    }
  }
  for (const relation of flat.everyone) {
    spend(meter);
    const tuple = reads.tuple(object, relation, subject.everyone);
    if (tuple && !tuple.condition) return shadows ? unlessShadowed(run, flat, object, relation) : ALLOWED;
  }
  return DENIED;
}

/**
 * Reverse reads see one tuple per object: an invalid tuple of the user hides a valid public one, or the other way
 * round, depending on the datastore's order. Upstream's strategies then differ.
 */
function unlessShadowed(run: Run, flat: Flat, object: string, relation: string): Outcomes {
  const { reads, subject } = run;
  if (subject.isWildcard) return ALLOWED;
  const own = reads.tuple(object, relation, subject.user);
  if (own && (own.condition || !flat.exact.includes(relation))) return ALLOWED | DENIED;
  return reads.tuple(object, relation, subject.everyone)?.condition ? ALLOWED | DENIED : ALLOWED;
}

/** True when a node was reached that another question of this run has found allowed. */
function expand(walk: Walk, index: number, flat: Flat, object: string): boolean {
  const { run } = walk;
  for (const { relation, targets } of flat.usersets) {
    for (const { user, condition } of run.reads.usersets(object, relation)) {
      spend(run.meter);
      if (condition) continue;
      const hash = user.lastIndexOf('#');
      for (const target of targets) {
        if (!user.endsWith(target.relation) || user.length !== hash + 1 + target.relation.length) continue;
        if (user.charCodeAt(target.type.length) !== COLON || !user.startsWith(target.type)) continue;
        if (push(walk, index, target.plan, user.slice(0, hash))) return true;
        break;
      }
    }
  }
  for (const { tupleset, byType } of flat.parents) {
    for (const { user, condition } of run.reads.tuples(object, tupleset)) {
      spend(run.meter);
      if (condition || user.includes('#')) continue;
      const plan = byType.get(user.slice(0, user.indexOf(':')));
      if (plan && !user.endsWith(':*') && push(walk, index, plan, user)) return true;
    }
  }
  return false;
}

const COLON = 0x3a;
/** Below this many nodes a scan is cheaper than a map. */
const SMALL = 12;

function push(walk: Walk, from: number, plan: Plan, object: string): boolean {
  const depth = (walk.depths[from] as number) + 1;
  const flat = flatOf(plan);
  if (!flat) {
    walk.tooDeep ||= depth >= RESOLVE_NODE_LIMIT;
    return false;
  }
  const solved = walk.run.careful ? undefined : walk.run.solved?.get(`${plan.id} ${object}`);
  if (solved !== undefined && depth + Math.abs(solved) < RESOLVE_NODE_LIMIT) {
    walk.skipped += Math.abs(solved);
    if (solved < 0) return false;
    append(walk, flat, object, depth + solved - 1);
    return true;
  }
  const known = find(walk, flat, object);
  walk.edges?.push(from, known ?? walk.objects.length);
  if (known === undefined) append(walk, flat, object, depth);
  return false;
}

function append(walk: Walk, flat: Flat, object: string, depth: number): void {
  walk.seen?.set(`${flat.plan.id} ${object}`, walk.objects.length);
  walk.objects.push(object);
  walk.flats.push(flat);
  walk.depths.push(depth);
}

/**
 * Keeps what was found for the other questions of this run: the root, and how far below it the match was. A match on
 * the root itself was read by name; from above it may be listed, and hidden then.
 */
function allowed(walk: Walk, at: number): Outcomes {
  const { run, root, objects, depths } = walk;
  if (!run.solved) return ALLOWED;
  const object = objects[0] as string;
  if (at > 0 || lookUp(run, root, object, true) === ALLOWED) {
    run.solved.set(`${root.plan.id} ${object}`, (depths[at] as number) - (depths[0] as number) + 1);
  }
  return ALLOWED;
}

/** Nothing found at all: then nothing is found from any node seen, however deep it is met again within the bound. */
function denied(walk: Walk): Outcomes {
  const { run, flats, objects } = walk;
  if (run.solved && !run.careful && !walk.doubt) {
    const bound = -(objects.length + walk.skipped);
    for (let i = 0; i < objects.length; i++) {
      run.solved.set(`${(flats[i] as Flat).plan.id} ${objects[i]}`, bound);
    }
  }
  return DENIED;
}

function find(walk: Walk, flat: Flat, object: string): number | undefined {
  const { objects, flats } = walk;
  if (walk.seen) return walk.seen.get(`${flat.plan.id} ${object}`);
  for (let i = 0; i < objects.length; i++) if (objects[i] === object && flats[i] === flat) return i;
  if (objects.length >= SMALL) {
    walk.seen = new Map(objects.map((known, i) => [`${(flats[i] as Flat).plan.id} ${known}`, i]));
  }
  return undefined;
}

/** Nothing certain was found. What remains is what cycles and depth make of it, in each strategy. */
function settle(walk: Walk, depth: number): Outcomes {
  const { run, root, edges } = walk;
  const doubt = walk.doubt ? ALLOWED | DENIED : 0;
  const nodes = walk.objects.length;
  run.deepest = Math.max(run.deepest, walk.depths[nodes - 1] as number);
  // strategies that list from the user's side may deny without going down at all
  if (walk.tooDeep) return doubt | TOO_DEEP | (root.planned ? DENIED : 0);
  const near = depth + nodes >= RESOLVE_NODE_LIMIT;
  if (!edges || (!near && !run.careful)) return doubt | denied(walk);
  const longest = depth + longestPath(edges, nodes);
  const cyclic = longest === Number.POSITIVE_INFINITY;
  if (cyclic && near) return doubt | DENIED | CYCLE | TOO_DEEP;
  if (cyclic) return doubt | CYCLE | (root.recursive ? DENIED : 0);
  const deepest = walk.depths[nodes - 1] as number;
  const byDispatch = longest >= RESOLVE_NODE_LIMIT ? TOO_DEEP : DENIED;
  const byLevels = deepest + 1 >= RESOLVE_NODE_LIMIT ? TOO_DEEP : DENIED;
  return doubt | byDispatch | (root.recursive ? byLevels : 0);
}
