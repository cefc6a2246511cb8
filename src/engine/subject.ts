/** The user of a query, taken apart once. */
import { isTypedWildcard, isUserset, userParts } from './names.ts';

export interface Subject {
  /** As the query names it. */
  readonly user: string;
  readonly type: string;
  readonly id: string;
  /** `''` unless it is a userset. */
  readonly relation: string;
  /** `type` or `type#relation`: all subjects of one kind share a plan. */
  readonly kind: string;
  /** `type:id` of a userset; else the user itself. */
  readonly object: string;
  readonly isUserset: boolean;
  readonly isWildcard: boolean;
  /** `type:*`. */
  readonly everyone: string;
}

export function subjectOf(user: string): Subject {
  const { type, id, relation } = userParts(user);
  return {
    user,
    type,
    id,
    relation,
    kind: relation === '' ? type : `${type}#${relation}`,
    object: relation === '' ? user : `${type}:${id}`,
    isUserset: isUserset(user),
    isWildcard: isTypedWildcard(user),
    everyone: `${type}:*`,
  };
}
