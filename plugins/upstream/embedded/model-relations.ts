/** A model's relations by type and name, for the rules that walk them. */
import type { RelationReference, Userset } from '../../../src/fga/model.ts';

export interface Relation {
  readonly rewrite: Userset;
  readonly restrictions: readonly RelationReference[];
}

export type Relations = ReadonlyMap<string, ReadonlyMap<string, Relation>>;

/** Of a union, an intersection or a difference; undefined for all else. */
export function operands(rewrite: Userset): readonly Userset[] | undefined {
  if (rewrite.union) return rewrite.union.child;
  if (rewrite.intersection) return rewrite.intersection.child;
  return rewrite.difference && [rewrite.difference.base, rewrite.difference.subtract];
}

/** Tuples may be written: `this` stands somewhere in the rewrite. */
export function isDirect(rewrite: Userset): boolean {
  return rewrite.this !== undefined || (operands(rewrite)?.some(isDirect) ?? false);
}
