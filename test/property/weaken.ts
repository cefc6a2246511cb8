/** Models of which something is overlooked: what a proof sees that is made with a mistake. */
import type { AuthorizationModel, RelationReference, TypeDefinition, Userset } from '../../src/fga/model.ts';
import type { Chance } from '../support/chance.ts';

/** One mistake, picked by chance. */
export function weakened(model: AuthorizationModel, chance: Chance): AuthorizationModel {
  const changes: readonly Change[] = [
    { rewrite: withoutSubtract },
    { rewrite: firstOfIntersection },
    { restrictions: wildcardsAlone },
    { restrictions: withoutUsersets },
  ];
  return changed(model, chance.pick(changes));
}

export interface Change {
  readonly rewrite?: (rewrite: Userset) => Userset;
  readonly restrictions?: (
    list: readonly RelationReference[],
    type: string,
    relation: string,
  ) => readonly RelationReference[];
}

export function changed(model: AuthorizationModel, change: Change): AuthorizationModel {
  return { ...model, type_definitions: model.type_definitions.map((type) => changedType(type, change)) };
}

function changedType(type: TypeDefinition, change: Change): TypeDefinition {
  const { rewrite = (same) => same, restrictions = (same) => same } = change;
  const relations = Object.entries(type.relations ?? {}).map(([name, own]) => [name, rewrite(own)] as const);
  const metadata = Object.entries(type.metadata?.relations ?? {}).map(([name, own]) => {
    const list = restrictions(own.directly_related_user_types ?? [], type.type, name);
    return [name, { ...own, directly_related_user_types: list }] as const;
  });
  return {
    ...type,
    relations: Object.fromEntries(relations),
    metadata: { ...type.metadata, relations: Object.fromEntries(metadata) },
  };
}

export function withoutSubtract(rewrite: Userset): Userset {
  if (rewrite.difference) return withoutSubtract(rewrite.difference.base);
  return childrenOf(rewrite, withoutSubtract);
}

export function firstOfIntersection(rewrite: Userset): Userset {
  const [first] = rewrite.intersection?.child ?? [];
  return first ? firstOfIntersection(first) : childrenOf(rewrite, firstOfIntersection);
}

function childrenOf(rewrite: Userset, change: (child: Userset) => Userset): Userset {
  const { union, intersection, difference } = rewrite;
  if (union) return { union: { child: union.child.map(change) } };
  if (intersection) return { intersection: { child: intersection.child.map(change) } };
  if (difference)
    return { difference: { base: change(difference.base), subtract: change(difference.subtract) } };
  return rewrite;
}

export function direct(): Userset {
  return { this: {} };
}

export function wildcardsAlone(list: readonly RelationReference[]): readonly RelationReference[] {
  const wildcards = list.filter(({ wildcard }) => wildcard);
  return wildcards.length > 0 ? wildcards : list;
}

export function withoutUsersets(list: readonly RelationReference[]): readonly RelationReference[] {
  return list.filter(({ relation }) => relation === undefined || relation === '');
}
