/**
 * Every relation must be reachable from some type of user (`hasEntrypoints` in `pkg/typesystem/typesystem.go`): of a union
 * one operand, of an intersection and a difference all.
 */
import type { Userset } from '../../../src/fga/model.ts';
import type { Relations } from './model-relations.ts';

export function entrypointProblem(relations: Relations, type: string, name: string): string | undefined {
  const rewrite = relations.get(type)?.get(name)?.rewrite;
  if (!rewrite) return undefined;
  try {
    const { found, loop } = entrypoints(relations, { type, name, seen: new Map() }, rewrite);
    if (found) return undefined;
    const cause = loop ? 'potential loop' : 'no entrypoints defined';
    return `the definition of relation '${name}' in object type '${type}' is invalid: ${cause}`;
  } catch (fault) {
    if (fault instanceof Undefined) return fault.message;
    throw fault;
  }
}

/** A rule broken elsewhere in the model, met on the way. */
class Undefined extends Error {}

interface Reached {
  readonly found: boolean;
  /** A relation that is computed from itself was met. */
  readonly loop: boolean;
}

interface At {
  readonly type: string;
  readonly name: string;
  /** Type → relation → whether it was found to have an entrypoint; a key is a relation on the way here. */
  readonly seen: ReadonlyMap<string, Map<string, boolean>>;
}

const FOUND: Reached = { found: true, loop: false };
const NOTHING: Reached = { found: false, loop: false };

function entrypoints(relations: Relations, at: At, rewrite: Userset): Reached {
  // Upstream copies the outer map alone: what one branch sees of a type already met, the other branches see too.
  const seen = new Map(at.seen);
  const ofType = seen.get(at.type) ?? new Map<string, boolean>();
  ofType.set(at.name, false);
  seen.set(at.type, ofType);
  const here = { ...at, seen };
  if (rewrite.computedUserset) return fromComputed(relations, here, rewrite.computedUserset.relation ?? '');
  if (rewrite.tupleToUserset) return fromTupleset(relations, here, rewrite.tupleToUserset);
  if (rewrite.union) return fromAny(relations, at, rewrite.union.child);
  if (rewrite.intersection) {
    atLeastTwo(at, 'intersection', rewrite.intersection.child);
    return fromAll(relations, at, rewrite.intersection.child);
  }
  if (rewrite.difference) {
    return fromAll(relations, at, [rewrite.difference.base, rewrite.difference.subtract]);
  }
  return fromThis(relations, here, ofType);
}

function fromThis(relations: Relations, at: At, ofType: Map<string, boolean>): Reached {
  for (const { type, relation, wildcard } of relationOf(relations, at.type, at.name).restrictions) {
    if (relation === undefined || wildcard !== undefined) {
      ofType.set(at.name, true);
      return FOUND;
    }
    const { rewrite } = relationOf(relations, type, relation);
    if (at.seen.get(type)?.has(relation)) continue;
    if (entrypoints(relations, { type, name: relation, seen: at.seen }, rewrite).found) return FOUND;
  }
  return NOTHING;
}

function fromComputed(relations: Relations, at: At, name: string): Reached {
  const { rewrite } = relationOf(relations, at.type, name);
  const known = at.seen.get(at.type)?.get(name);
  if (known !== undefined) return { found: known, loop: true };
  return entrypoints(relations, { ...at, name }, rewrite);
}

function fromTupleset(
  relations: Relations,
  at: At,
  { tupleset, computedUserset }: NonNullable<Userset['tupleToUserset']>,
): Reached {
  const name = computedUserset.relation ?? '';
  for (const { type } of relationOf(relations, at.type, tupleset.relation ?? '').restrictions) {
    const rewrite = relations.get(type)?.get(name)?.rewrite;
    if (!rewrite) continue;
    const known = at.seen.get(type)?.get(name);
    if (known === true) return FOUND;
    if (known === undefined && entrypoints(relations, { type, name, seen: at.seen }, rewrite).found) {
      return FOUND;
    }
  }
  return NOTHING;
}

function fromAny(relations: Relations, at: At, children: readonly Userset[]): Reached {
  atLeastTwo(at, 'union', children);
  let loop = false;
  for (const child of children) {
    const reached = entrypoints(relations, at, child);
    if (reached.found) return FOUND;
    loop ||= reached.loop;
  }
  return { found: false, loop };
}

function fromAll(relations: Relations, at: At, children: readonly Userset[]): Reached {
  for (const child of children) {
    const { found, loop } = entrypoints(relations, at, child);
    if (!found) return { found, loop };
  }
  return FOUND;
}

function atLeastTwo({ type, name }: At, kind: string, children: readonly Userset[]): void {
  if (children.length >= 2) return;
  throw new Undefined(`invalid relation: '${type}#${name}' as ${kind} has less than 2 children`);
}

function relationOf(relations: Relations, type: string, name: string) {
  const relation = relations.get(type)?.get(name);
  if (!relation) throw new Undefined(`undefined type definition for '${type}#${name}'`);
  return relation;
}
