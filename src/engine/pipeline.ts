/**
 * ListObjects from the subject upwards, over the weighted graph (`internal/listobjects/pipeline`).
 *
 * It differs from Check in what it makes of tuples: a condition is evaluated before the tuple's validity is judged, the
 * first error ends the whole query, and a contextual tuple stands beside the stored one instead of replacing it.
 */
import { FgaError } from '../fga/error.ts';
import { type Tuple, typeOf } from '../fga/tuple.ts';
import { judgeCondition, MET, REFUSED } from './admit-tuple.ts';
import { type CompiledRelation, relationOf } from './compile.ts';
import type { GraphEdge, GraphNode, WeightedGraph } from './graph.ts';
import type { Listing } from './listing.ts';
import { type Run, spend } from './run.ts';
import { countsUnder, plainUserCounts } from './tuple-validity.ts';

export function listByPipeline(
  run: Run,
  graph: WeightedGraph | undefined,
  target: CompiledRelation,
  streamed: boolean,
): Listing {
  const root = graph?.get(target.label);
  if (!graph || !root) return { declined: 'model', detail: 'not in the weighted graph' };
  const work: Work = { run, graph, sets: new Map(), error: 'no' };
  const objects = objectsOf(work, root);
  if (work.error === 'no') return { objects };
  if (work.error === 'maybe' || run.wordless || !run.failure) {
    return { declined: 'condition', detail: 'whether upstream meets the error is chance' };
  }
  const message = streamed ? `iterator: ${run.failure.message}` : HIDDEN;
  const error = new FgaError('validation_error', message, streamed ? {} : { grpc: HIDDEN_GRPC });
  return { error, found: objects.size };
}

/** The unary method hides the reason behind the server's own text, which gRPC says with all that is around it. */
const HIDDEN = 'Internal Server Error';
const HIDDEN_GRPC = { status: 2000, message: `rpc error: code = Code(4000) desc = ${HIDDEN}` };

interface Work {
  readonly run: Run;
  readonly graph: WeightedGraph;
  readonly sets: Map<GraphNode, ReadonlySet<string>>;
  error: 'no' | 'maybe' | 'yes';
}

const NOTHING: ReadonlySet<string> = new Set();

function objectsOf(work: Work, node: GraphNode): ReadonlySet<string> {
  const known = work.sets.get(node);
  if (known) return known;
  const found = compute(work, node);
  work.sets.set(node, found);
  return work.sets.get(node) ?? found;
}

function compute(work: Work, node: GraphNode): ReadonlySet<string> {
  const { subject } = work.run;
  switch (node.kind) {
    case 'type':
      return node.label === subject.type ? new Set([subject.user]) : NOTHING;
    case 'wildcard':
      return node.label === subject.everyone ? new Set([subject.everyone]) : NOTHING;
    case 'intersection':
      return intersect(work, node);
    case 'exclusion':
      return subtract(work, node);
    default: {
      const members = cycleOf(node);
      return members ? solveCycle(work, node, members) : unite(work, node);
    }
  }
}

function unite(work: Work, node: GraphNode): ReadonlySet<string> {
  const live = node.edges.filter((edge) => leadsToSubject(work, edge));
  const [only] = live;
  if (only && live.length === 1 && only.kind !== 'direct' && only.kind !== 'ttu')
    return objectsOf(work, only.to);
  const found = new Set<string>();
  for (const edge of live) if (follow(work, edge, objectsOf(work, edge.to), found)) work.error = 'yes';
  return found;
}

/** Nodes that reach each other: filled together, each new object carried on until nothing is new. */
function solveCycle(work: Work, start: GraphNode, members: ReadonlySet<GraphNode>): ReadonlySet<string> {
  const sets = new Map<GraphNode, Set<string>>();
  const fresh: { node: GraphNode; objects: ReadonlySet<string> }[] = [];
  const add = (node: GraphNode, found: ReadonlySet<string>) => {
    const known = sets.get(node) ?? new Set<string>();
    sets.set(node, known);
    const news = new Set<string>();
    for (const object of found) if (!known.has(object)) news.add(object);
    for (const object of news) known.add(object);
    if (news.size > 0) fresh.push({ node, objects: news });
  };
  const inner: GraphEdge[] = [];
  for (const node of members) {
    sets.set(node, new Set());
    for (const edge of node.edges) {
      if (!leadsToSubject(work, edge)) continue;
      if (members.has(edge.to)) inner.push(edge);
      else add(node, along(work, edge, objectsOf(work, edge.to)));
    }
  }
  for (let next = fresh.pop(); next; next = fresh.pop()) {
    for (const edge of inner) if (edge.to === next.node) add(edge.from, along(work, edge, next.objects));
  }
  for (const [node, found] of sets) work.sets.set(node, found);
  return sets.get(start) ?? NOTHING;
}

function along(work: Work, edge: GraphEdge, from: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  if (follow(work, edge, from, found)) work.error = 'yes';
  return found;
}

const cycles = new WeakMap<GraphNode, ReadonlySet<GraphNode> | null>();

/** The nodes that this one reaches and that reach it, itself among them; undefined if it does not reach itself. */
function cycleOf(start: GraphNode): ReadonlySet<GraphNode> | undefined {
  const known = cycles.get(start);
  if (known !== undefined) return known ?? undefined;
  const members = new Set([...reach(start)].filter((node) => reach(node).has(start)));
  const found = members.has(start) ? members : undefined;
  cycles.set(start, found ?? null);
  return found;
}

function reach(start: GraphNode): Set<GraphNode> {
  const seen = new Set<GraphNode>();
  const queue = [start];
  for (let node = queue.pop(); node; node = queue.pop()) {
    for (const { to } of node.edges) {
      if (seen.has(to)) continue;
      seen.add(to);
      queue.push(to);
    }
  }
  return seen;
}

/** An operand without results stops the others, so an error in one of them may or may not have been met. */
function intersect(work: Work, node: GraphNode): ReadonlySet<string> {
  const operands = node.edges.map((edge) => {
    const found = new Set<string>();
    const failed = leadsToSubject(work, edge) && follow(work, edge, objectsOf(work, edge.to), found);
    return { found, failed };
  });
  const stopped = operands.some(({ found, failed }) => found.size === 0 && !failed);
  if (operands.some(({ failed }) => failed)) raise(work, stopped ? 'maybe' : 'yes');
  const [first, ...others] = operands.map(({ found }) => found).sort((a, b) => a.size - b.size);
  return new Set([...(first ?? [])].filter((object) => others.every((found) => found.has(object))));
}

/** A base that is given nothing stops the subtracted operand in the same way. */
function subtract(work: Work, node: GraphNode): ReadonlySet<string> {
  const [baseEdge, lessEdge] = node.edges;
  const base = new Set<string>();
  const less = new Set<string>();
  let idle = true;
  if (baseEdge && leadsToSubject(work, baseEdge)) {
    const from = objectsOf(work, baseEdge.to);
    idle = from.size === 0;
    if (follow(work, baseEdge, from, base)) raise(work, 'yes');
  }
  if (lessEdge && leadsToSubject(work, lessEdge)) {
    if (follow(work, lessEdge, objectsOf(work, lessEdge.to), less)) raise(work, idle ? 'maybe' : 'yes');
  }
  for (const object of less) base.delete(object);
  return base;
}

function raise(work: Work, error: 'maybe' | 'yes'): void {
  if (work.error !== 'yes') work.error = error;
}

function leadsToSubject(work: Work, edge: GraphEdge): boolean {
  return edge.weights.has(work.run.subject.type);
}

/** Adds what an edge leads to; true when a condition could not be evaluated. */
function follow(work: Work, edge: GraphEdge, from: ReadonlySet<string>, into: Set<string>): boolean {
  if (edge.kind !== 'direct' && edge.kind !== 'ttu') {
    for (const object of from) into.add(object);
    return false;
  }
  const source = edge.kind === 'direct' ? directSource(edge) : tuplesetSource(work, edge);
  const relation = relationOf(work.run.model, source.type, source.relation);
  if (!relation) return false;
  let failed = false;
  for (const object of from) {
    if (readBy(work.run, { ...source, relation, user: object + source.suffix }, into)) failed = true;
  }
  return failed;
}

interface Source {
  readonly type: string;
  readonly relation: string;
  /** `#relation` where the users are usersets. */
  readonly suffix: string;
  /** Names of conditions that stored tuples may carry; `''` for none. */
  readonly conditions: readonly string[];
}

function directSource(edge: GraphEdge): Source {
  const [type = '', relation = ''] = edge.definition.split('#');
  const hash = edge.to.label.indexOf('#');
  return { type, relation, suffix: hash < 0 ? '' : edge.to.label.slice(hash), conditions: edge.conditions };
}

/** The conditions are those of the tupleset's own edge to the parent's type. */
function tuplesetSource(work: Work, edge: GraphEdge): Source {
  const [type = '', relation = ''] = edge.tupleset.split('#');
  const parent = typeOf(edge.to.label.replace('#', ':'));
  const own = work.graph.get(edge.tupleset)?.edges.find(({ to }) => to.label === parent);
  return { type, relation, suffix: '', conditions: own?.conditions ?? [''] };
}

function readBy(
  run: Run,
  source: Omit<Source, 'relation'> & { readonly relation: CompiledRelation; readonly user: string },
  into: Set<string>,
): boolean {
  const { user, relation, type, conditions } = source;
  const stored = run.contextual?.stored ?? run.reads;
  // all have one user, so that without a condition they count all or none
  const counts = plainUserCounts(relation, user);
  const open = conditions.includes('');
  let failed = false;
  const take = (tuple: Tuple) => {
    const verdict = tuple.condition ? judgeCondition(run, tuple) : MET;
    failed ||= verdict === REFUSED;
    if (verdict !== MET) return;
    if (tuple.condition ? countsUnder(run.model, relation, tuple) : counts) into.add(tuple.object);
  };
  for (const tuple of run.contextual?.all ?? []) {
    if (tuple.user !== user || tuple.relation !== relation.name || typeOf(tuple.object) !== type) continue;
    spend(run.meter);
    take(tuple);
  }
  for (const tuple of stored.byUser(user, relation.name, type)) {
    spend(run.meter);
    if (tuple.condition ? conditions.includes(tuple.condition.name) : open) take(tuple);
  }
  return failed;
}
