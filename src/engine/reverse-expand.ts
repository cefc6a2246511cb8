/**
 * ListObjects the older way, which upstream takes for usersets and `type:*` as users, and for models without a weighted
 * graph (`pkg/server/commands/reverseexpand`, `list_objects.go`): candidates from the user upwards, those below
 * intersections and exclusions confirmed by Check.
 */
import { FgaError } from '../fga/error.ts';
import { RESOLVE_NODE_LIMIT } from '../fga/limits.ts';
import type { Tuple } from '../fga/tuple.ts';
import { judge, MET, REFUSED } from './admit-tuple.ts';
import { outcomesOf, startRun, tooComplex } from './check.ts';
import { type CompiledRelation, relationOf } from './compile.ts';
import { Decline } from './decline.ts';
import type { Listing } from './listing.ts';
import { longestPath } from './longest-path.ts';
import { ALLOWED, CYCLE, DENIED, FAILED, TOO_DEEP } from './outcome.ts';
import { planBook, planOf } from './plan.ts';
import { factsOf } from './plan-facts.ts';
import { type RelationshipEdge, relationshipEdges, type SourceKind } from './relationship-edges.ts';
import { type Run, spend } from './run.ts';
import { forbiddenIn } from './validate-context.ts';

export function listByReverseExpansion(run: Run, target: CompiledRelation): Listing {
  const walk = startWalk(run, target);
  for (const step of walk.queue) expand(walk, step);
  // the Check of a candidate fails on such a context, in words that are not a client's business
  if (forbiddenIn(run.context) !== undefined && walk.doubted) {
    return { declined: 'request', detail: 'control characters in the context' };
  }
  const [failure, ...others] = walk.failures;
  const found = walk.candidates.size;
  if (others.length > 0 || (walk.tooDeep && failure)) return chance();
  if (walk.tooDeep) return { error: tooComplex(), found };
  if (mayBeDeeper(walk)) return { declined: 'depth' };
  if (failure) return { error: new FgaError('validation_error', failure.join('\n')), found };
  return confirm(walk);
}

interface Step {
  readonly index: number;
  /** `type:id`; of the wildcard subject `type:*`. */
  readonly object: string;
  readonly source: SourceKind;
  readonly unsure: boolean;
  readonly level: number;
}

interface Walk {
  readonly run: Run;
  readonly target: CompiledRelation;
  readonly queue: Step[];
  /** Object and edge → index of the step. */
  readonly visited: Map<string, number>;
  readonly links: number[];
  /** Candidate → must be confirmed. */
  readonly candidates: Map<string, boolean>;
  /** The errors of each iterator that had any. Where there are several, which one upstream meets first is chance. */
  readonly failures: string[][];
  tooDeep: boolean;
  /** Some way upwards asks for a Check of what it finds, whatever the others do. */
  doubted: boolean;
}

function startWalk(run: Run, target: CompiledRelation): Walk {
  const { subject } = run;
  const source = { type: subject.type, relation: subject.relation, wildcard: subject.isWildcard };
  const first: Step = { index: 0, object: subject.object, source, unsure: false, level: 0 };
  return {
    run,
    target,
    queue: [first],
    visited: new Map(),
    links: [],
    candidates: new Map(),
    failures: [],
    tooDeep: false,
    doubted: false,
  };
}

function expand(walk: Walk, step: Step): void {
  const { run, target } = walk;
  const { source, object } = step;
  spend(run.meter);
  if (source.relation === target.name && source.type === target.type) {
    walk.candidates.set(object, (walk.candidates.get(object) ?? true) && step.unsure);
  }
  for (const edge of relationshipEdges(run.model, target, source)) {
    for (const next of edge.kind === 'computed' ? [object] : read(walk, step, edge))
      push(walk, step, edge, next);
  }
}

function push(walk: Walk, from: Step, edge: RelationshipEdge, object: string): void {
  if (from.level >= RESOLVE_NODE_LIMIT) {
    walk.tooDeep = true;
    return;
  }
  walk.doubted ||= from.unsure || edge.unsure;
  const key = `${object} ${edge.kind} ${edge.target.label} ${edge.tupleset}`;
  const known = walk.visited.get(key);
  const index = known ?? walk.queue.length;
  walk.links.push(from.index, index);
  if (known !== undefined) return;
  walk.visited.set(key, index);
  const { type, name } = edge.target;
  const source = { type, relation: name, wildcard: false };
  walk.queue.push({ index, object, source, unsure: from.unsure || edge.unsure, level: from.level + 1 });
}

/** Objects whose tuples name the step's user: one iterator, where each error is kept. */
function read(walk: Walk, step: Step, edge: RelationshipEdge): readonly string[] {
  const { run } = walk;
  const { target } = edge;
  const relation = edge.kind === 'ttu' ? relationOf(run.model, target.type, edge.tupleset) : target;
  const found: string[] = [];
  const errors: string[] = [];
  if (!relation) return found;
  const take = (tuple: Tuple) => {
    spend(run.meter);
    const verdict = judge(run, relation, tuple);
    if (verdict === MET) found.push(tuple.object);
    if (verdict === REFUSED) errors.push(run.failure?.message ?? '');
    if (verdict === REFUSED && run.wordless) throw new Decline('condition', 'an error in unknown words');
  };
  for (const user of usersOf(step, edge)) {
    for (const tuple of run.reads.byUser(user, relation.name, target.type)) take(tuple);
  }
  if (errors.length > 0) walk.failures.push(errors);
  return found;
}

function usersOf({ object, source }: Step, edge: RelationshipEdge): readonly string[] {
  if (edge.kind === 'ttu') return [object];
  if (source.relation !== '') return [`${object}#${source.relation}`];
  const everyone = `${source.type}:*`;
  const open = edge.target.restrictions.some((r) => r.wildcard && r.type === source.type);
  return open && !source.wildcard ? [everyone, object] : [object];
}

/** Upstream meets a node by whichever way is first; only where all ways are short is its depth certain. */
function mayBeDeeper({ run, target, queue, links }: Walk): boolean {
  if (queue.length <= RESOLVE_NODE_LIMIT) return false;
  const { hops } = factsOf(planOf(planBook(run.model, run.subject), target));
  return hops === Number.POSITIVE_INFINITY && longestPath(links, queue.length) > RESOLVE_NODE_LIMIT;
}

function confirm({ run, target, candidates }: Walk): Listing {
  const objects = new Set<string>();
  const { contextual, context, subject, model, meter } = run;
  const parts = { contextualTuples: contextual?.all ?? [], context };
  const check = startRun(model, subject, parts, contextual?.stored ?? run.reads, meter);
  check.solved = new Map();
  let errors = 0;
  for (const [object, unsure] of candidates) {
    const outcomes = unsure ? outcomesOf(check, { object, relation: target.name }) : ALLOWED;
    if (outcomes === ALLOWED) objects.add(object);
    else if (outcomes === FAILED || outcomes === TOO_DEEP) errors |= outcomes;
    else if (outcomes & ~(DENIED | CYCLE)) return chance();
  }
  if (errors === 0) return { objects };
  const found = objects.size;
  if (errors === TOO_DEEP) return { error: tooComplex(), found };
  if (errors !== FAILED || check.wordless || !check.failure) return chance();
  return { error: check.failure, found };
}

function chance(): Listing {
  return { declined: 'cycle', detail: 'upstream would answer by what it happens to meet first' };
}
