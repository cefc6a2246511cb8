/** Questions to a sample: objects and users that its tuples name, relations that its model has. */
import type { Query, QueryScope } from '../../../src/fga/query.ts';
import { type JsonObject, type Tuple, typeOf, userKind } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import type { Sample } from './sample.ts';

export interface Asked {
  readonly sample: Sample;
  readonly model: ModelBody;
  readonly tuples: readonly Tuple[];
  readonly scope: QueryScope;
}

/** `count` of each list and Expand, ten times as many Checks. */
export function questions(asked: Asked, count: number, chance: Chance): Query[] {
  const times = (n: number, make: () => Query) => Array.from({ length: n }, make);
  const words = wordsOf(asked);
  const one = () => question(asked, words, chance);
  return [
    ...times(count / 5, () => ({
      method: 'BatchCheck',
      ...asked.scope,
      checks: Array.from({ length: 50 }, (_, n) => ({ correlationId: `${n}`, ...checkOf(one()) })),
    })),
    ...times(count, () => ({ method: 'Check', ...asked.scope, ...checkOf(one()) })),
    ...times(count, () => ({ method: 'ListObjects', ...asked.scope, ...listOf(one()) })),
    ...times(count / 4, () => ({ method: 'StreamedListObjects', ...asked.scope, ...listOf(one()) })),
    ...times(count, () => ({ method: 'ListUsers', ...asked.scope, ...usersOf(one(), words, chance) })),
    ...times(count, () => ({ method: 'Expand', ...asked.scope, ...expandOf(one()) })),
  ];
}

interface Question {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
  readonly contextualTuples: readonly Tuple[];
  readonly context?: JsonObject;
}

interface Words {
  /** `type#relation` of the model. */
  readonly relations: readonly (readonly [type: string, relation: string])[];
  readonly objects: ReadonlyMap<string, readonly string[]>;
  readonly users: readonly string[];
}

function question({ sample, tuples }: Asked, words: Words, chance: Chance): Question {
  const [type, relation] = chance.pick(words.relations);
  const objects = words.objects.get(type) ?? [`${type}:none`];
  const near = { user: chance.pick(words.users), relation, object: chance.pick(objects) };
  const contextualTuples = chance.next() < 0.1 ? [chance.pick(tuples)] : [];
  const context = sample.context?.(chance);
  return context === undefined ? { ...near, contextualTuples } : { ...near, contextualTuples, context };
}

function checkOf({ user, relation, object, ...extras }: Question) {
  return { tupleKey: { user, relation, object }, ...extras };
}

function listOf({ object, ...rest }: Question) {
  return { type: typeOf(object), ...rest };
}

function usersOf({ user, object, ...rest }: Question, words: Words, chance: Chance) {
  const type = typeOf(object);
  const [filterType, filterRelation] = chance.pick(words.relations);
  const userset = { type: filterType, relation: filterRelation };
  const userFilter = chance.next() < 0.75 ? { type: typeOf(user) } : userset;
  return { ...rest, object: { type, id: object.slice(type.length + 1) }, userFilter };
}

function expandOf({ object, relation, contextualTuples }: Question) {
  return { object, relation, contextualTuples };
}

function wordsOf({ model, tuples }: Asked): Words {
  const relations = model.type_definitions.flatMap(({ type, relations }) =>
    Object.keys(relations ?? {}).map((relation) => [type, relation] as const),
  );
  const objects = Map.groupBy(new Set(tuples.map((tuple) => tuple.object)), typeOf);
  const users = new Set(tuples.map((tuple) => tuple.user));
  const plain = [...users].filter((user) => userKind(user) === 'object');
  // Plain users are asked for more often than usersets and wildcards.
  return { relations, objects, users: [...plain, ...plain, ...plain, ...users] };
}
