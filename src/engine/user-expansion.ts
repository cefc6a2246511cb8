/** The walk of ListUsers from an object down to its users, node by node as `listUsersQuery.expand` makes it. */
import { RESOLVE_NODE_LIMIT } from '../fga/limits.ts';
import type { Tuple } from '../fga/tuple.ts';
import { judge, MET, REFUSED } from './admit-tuple.ts';
import { type CompiledRelation, type Rewrite, relationOf } from './compile.ts';
import { type Run, spend } from './run.ts';
import {
  found,
  intersect,
  joinFailures,
  type Messages,
  NO_MESSAGES,
  subtract,
  together,
  unite,
} from './user-set.ts';

export interface UserFilter {
  readonly type: string;
  /** `''` for plain users. */
  readonly relation: string;
}

export function expandUsers(
  run: Run,
  filter: UserFilter,
  target: CompiledRelation,
  object: string,
): Messages {
  const walk: Walk = {
    run,
    filter,
    wildcard: `${filter.type}:*`,
    memo: new Map(),
    path: [],
    cycles: 0,
    deepest: 0,
  };
  return expand(walk, target, object, 0);
}

interface Walk {
  readonly run: Run;
  readonly filter: UserFilter;
  readonly wildcard: string;
  /** By relation and object; only what met no cycle, with how deep it went below. */
  readonly memo: Map<string, { readonly messages: Messages; readonly height: number }>;
  readonly path: string[];
  cycles: number;
  deepest: number;
}

/** Every expansion counts towards the limit, computed relations too. */
function expand(walk: Walk, relation: CompiledRelation, object: string, depth: number): Messages {
  const { run, filter, memo, path } = walk;
  spend(run.meter);
  walk.deepest = Math.max(walk.deepest, depth);
  if (depth >= RESOLVE_NODE_LIMIT) return { ...NO_MESSAGES, tooDeep: true };
  const key = `${object}#${relation.name}`;
  if (path.includes(key)) {
    walk.cycles++;
    return { ...NO_MESSAGES, cycle: true };
  }
  const known = memo.get(key);
  if (known && depth + known.height < RESOLVE_NODE_LIMIT) {
    walk.deepest = Math.max(walk.deepest, depth + known.height);
    return known.messages;
  }
  const { cycles, deepest } = walk;
  walk.deepest = depth;
  path.push(key);
  const below = expandRewrite(walk, relation, relation.rewrite, { object, depth });
  path.pop();
  const self = relation.type === filter.type && relation.name === filter.relation;
  const messages = self ? { ...together([found(key), below]), cycle: below.cycle } : below;
  if (walk.cycles === cycles && !messages.tooDeep) memo.set(key, { messages, height: walk.deepest - depth });
  walk.deepest = Math.max(deepest, walk.deepest);
  return messages;
}

interface At {
  readonly object: string;
  readonly depth: number;
}

function expandRewrite(walk: Walk, relation: CompiledRelation, rewrite: Rewrite, at: At): Messages {
  const child = (operand: Rewrite) => expandRewrite(walk, relation, operand, at);
  switch (rewrite.kind) {
    case 'this':
      return expandDirect(walk, relation, at);
    case 'computed':
      return dispatch(walk, relation.type, rewrite.relation, { ...at, depth: at.depth + 1 });
    case 'ttu':
      return expandParents(walk, relation, rewrite, at);
    case 'union':
      return unite(rewrite.children.map(child));
    case 'intersection':
      return intersect(rewrite.children.map(child), walk.wildcard);
    case 'exclusion':
      return subtract(child(rewrite.base), child(rewrite.subtract), walk.wildcard);
  }
}

/** A relation that the type lacks yields nothing; but its depth is looked at first. */
function dispatch(walk: Walk, type: string, name: string, { object, depth }: At): Messages {
  const relation = relationOf(walk.run.model, type, name);
  if (relation) return expand(walk, relation, object, depth);
  return depth >= RESOLVE_NODE_LIMIT ? { ...NO_MESSAGES, tooDeep: true } : NO_MESSAGES;
}

function expandDirect(walk: Walk, relation: CompiledRelation, { object, depth }: At): Messages {
  const { filter } = walk;
  const { met, failure } = tuplesOf(walk, relation, object);
  const parts: Messages[] = [];
  for (const { user } of met) {
    const type = user.slice(0, user.indexOf(':'));
    const hash = user.lastIndexOf('#');
    if (hash >= 0)
      parts.push(
        dispatch(walk, type, user.slice(hash + 1), { object: user.slice(0, hash), depth: depth + 1 }),
      );
    else if (type === filter.type) parts.push(found(user));
  }
  const all = together(parts);
  return { ...all, failure: joinFailures(failure, all.failure) };
}

/** Unlike a userset, a parent does not hand on that it met a cycle. */
function expandParents(
  walk: Walk,
  relation: CompiledRelation,
  rewrite: { readonly tupleset: string; readonly computed: string },
  { object, depth }: At,
): Messages {
  const tupleset = relationOf(walk.run.model, relation.type, rewrite.tupleset);
  if (!tupleset) return NO_MESSAGES;
  const { met, failure } = tuplesOf(walk, tupleset, object);
  const parts = met.map(({ user }) => {
    const type = user.slice(0, user.indexOf(':'));
    return dispatch(walk, type, rewrite.computed, { object: user, depth: depth + 1 });
  });
  const all = together(parts);
  return { ...all, cycle: false, failure: joinFailures(all.failure, failure) };
}

interface Tuples {
  readonly met: readonly Tuple[];
  readonly failure: string | undefined;
}

/** Here every condition error is kept, whether another tuple passed or not. */
function tuplesOf(walk: Walk, relation: CompiledRelation, object: string): Tuples {
  const { run } = walk;
  const met: Tuple[] = [];
  let failure: string | undefined;
  for (const tuple of run.reads.tuples(object, relation.name)) {
    spend(run.meter);
    const verdict = judge(run, relation, tuple);
    if (verdict === MET) met.push(tuple);
    if (verdict === REFUSED) failure = joinFailures(failure, run.failure?.message);
  }
  return { met, failure };
}
