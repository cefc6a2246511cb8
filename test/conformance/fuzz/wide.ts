/**
 * Shapes that the plain generator never makes: names that mean something to JavaScript or begin alike, several tuplesets
 * in a type, one type under several conditions, `this` more than once in a relation, a condition that another model
 * defines otherwise; and odd questions. All are made of plain ones, so that the seeds of these mean what they meant.
 */
import type { RelationReference, TypeDefinition, Userset } from '../../../src/fga/model.ts';
import type { Query } from '../../../src/fga/query.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { condition } from './conditions.ts';

/** Plain name → odd name; the same in all models of a world. */
export type Renames = ReadonlyMap<string, string>;

const ODD_TYPES = [
  'document2',
  'doc',
  'a.b',
  'x*y',
  'ünit',
  'constructor',
  '__proto__',
  'user2',
  '%',
  'group_',
];
const ODD_RELATIONS = ['member2', 'mem', 'view*', 'toString', '__proto__', 'ö/b', 'viewer_', '%', 'can-view'];

export function randomRenames(chance: Chance): Renames {
  const from = (names: readonly string[], odd: readonly string[]) => {
    const left = [...odd];
    return names.flatMap((name): [string, string][] => {
      if (chance.next() > 0.25) return [];
      return [[name, left.splice(chance.below(left.length), 1)[0] ?? name]];
    });
  };
  return new Map([
    ...from(['group', 'folder', 'document', 'org'], ODD_TYPES),
    ...from(['member', 'owner', 'editor', 'viewer', 'blocked', 'admin', 'parent'], ODD_RELATIONS),
  ]);
}

/** May be invalid; the server is the judge. */
export function widened(model: ModelBody, renames: Renames, chance: Chance): ModelBody {
  const conditions = Object.keys(model.conditions ?? {});
  const types = model.type_definitions.map((type) => widenedType(type, conditions, chance));
  const swapped = conditions.map((name) => {
    const body = chance.next() < 0.15 ? condition(chance.pick(conditions)) : condition(name);
    return [name, { ...body, name }] as const;
  });
  return {
    ...model,
    schema_version: chance.next() < 0.3 ? '1.2' : '1.1',
    type_definitions: types.map((type) => renamedType(type, renames)),
    conditions: Object.fromEntries(swapped),
  };
}

/** What a relation is made of, by name. */
interface Parts {
  readonly rewrites: Map<string, Userset>;
  readonly restrictions: Map<string, readonly RelationReference[]>;
}

const SECOND = 'holder';

function widenedType(type: TypeDefinition, conditions: readonly string[], chance: Chance): TypeDefinition {
  const rewrites = new Map(Object.entries(type.relations ?? {}));
  if (rewrites.size === 0) return type;
  const listed = [...rewrites.keys()].map(
    (name) => [name, type.metadata?.relations?.[name]?.directly_related_user_types ?? []] as const,
  );
  const parts: Parts = { rewrites, restrictions: new Map(listed) };
  if (chance.next() < 0.4) addTupleset(parts, chance);
  for (const [name, rewrite] of parts.rewrites) {
    if (chance.next() < 0.15) parts.rewrites.set(name, withMoreThis(rewrite, chance));
  }
  for (const [name, list] of parts.restrictions) {
    if (chance.next() < 0.2) parts.restrictions.set(name, withMoreConditions(list, conditions, chance));
  }
  const metadata = [...parts.restrictions].map(([name, list]) => [
    name,
    { directly_related_user_types: list },
  ]);
  return {
    type: type.type,
    relations: Object.fromEntries(parts.rewrites),
    metadata: { relations: Object.fromEntries(metadata) },
  };
}

/** Some of what came from the parent comes from somebody else as well, or instead. */
function addTupleset({ rewrites, restrictions }: Parts, chance: Chance): void {
  const parents = restrictions.get('parent');
  if (parents === undefined || parents.length === 0) return;
  const plain = parents.filter(() => chance.next() < 0.7);
  rewrites.set(SECOND, { this: {} });
  restrictions.set(SECOND, plain.length > 0 ? plain : parents);
  for (const [name, rewrite] of rewrites)
    rewrites.set(
      name,
      mapped(rewrite, (leaf) => other(leaf, chance)),
    );
}

function other(leaf: Userset, chance: Chance): Userset {
  const { tupleToUserset } = leaf;
  if (tupleToUserset === undefined || chance.next() < 0.4) return leaf;
  const second = { tupleToUserset: { ...tupleToUserset, tupleset: { relation: SECOND } } };
  return chance.next() < 0.5 ? second : { union: { child: [leaf, second] } };
}

function withMoreThis(rewrite: Userset, chance: Chance): Userset {
  if (rewrite.this !== undefined || !JSON.stringify(rewrite).includes('"this"')) return rewrite;
  return mapped(rewrite, (leaf) => (chance.next() < 0.5 ? { this: {} } : leaf));
}

function withMoreConditions(
  list: readonly RelationReference[],
  conditions: readonly string[],
  chance: Chance,
): readonly RelationReference[] {
  if (list.length === 0 || conditions.length === 0) return list;
  const { condition: own, ...bare } = chance.pick(list);
  const twin =
    chance.next() < 0.3 && own !== undefined ? bare : { ...bare, condition: chance.pick(conditions) };
  return [...new Map([...list, twin].map((item) => [JSON.stringify(item), item])).values()];
}

function mapped(rewrite: Userset, change: (leaf: Userset) => Userset): Userset {
  const { union, intersection, difference } = rewrite;
  if (union) return { union: { child: union.child.map((child) => mapped(child, change)) } };
  if (intersection)
    return { intersection: { child: intersection.child.map((child) => mapped(child, change)) } };
  if (!difference) return change(rewrite);
  const { base, subtract } = difference;
  return { difference: { base: mapped(base, change), subtract: mapped(subtract, change) } };
}

function renamedType(type: TypeDefinition, renames: Renames): TypeDefinition {
  const name = (plain: string) => renames.get(plain) ?? plain;
  const keys = <T>(record: Readonly<Record<string, T>> | undefined, change: (value: T) => T) =>
    Object.fromEntries(Object.entries(record ?? {}).map(([key, value]) => [name(key), change(value)]));
  const relation = ({ relation: own, ...rest }: { readonly relation?: string }) =>
    own === undefined ? rest : { ...rest, relation: name(own) };
  const leaf = (given: Userset): Userset => {
    const { computedUserset, tupleToUserset } = given;
    if (computedUserset) return { computedUserset: relation(computedUserset) };
    if (!tupleToUserset) return given;
    const { tupleset, computedUserset: computed } = tupleToUserset;
    return { tupleToUserset: { tupleset: relation(tupleset), computedUserset: relation(computed) } };
  };
  if (type.metadata === null) return type;
  return {
    type: name(type.type),
    relations: keys(type.relations, (rewrite) => mapped(rewrite, leaf)),
    metadata: {
      relations: keys(type.metadata?.relations, ({ directly_related_user_types: list = [] }) => ({
        directly_related_user_types: list.map((item) => ({
          ...item,
          ...relation(item),
          type: name(item.type),
        })),
      })),
    },
  };
}

export interface OddParts {
  readonly stored: readonly Tuple[];
  /** Models of other stores, which the engine has seen already. */
  readonly foreign: readonly string[];
  readonly chance: Chance;
}

const ODD_LISTED_IDS = ['*', 'a:b', 'a#b', '#b', ':b', 'a b', '\u0007b', '1#member', 'ü'];

/** The same question, now and then with something strange about it. */
export function oddQuery(query: Query, { stored, foreign, chance }: OddParts): Query {
  if (foreign.length > 0 && chance.next() < 0.01) return { ...query, modelId: chance.pick(foreign) };
  if (query.method === 'ListUsers' && chance.next() < 0.04)
    return { ...query, object: { ...query.object, id: chance.pick(ODD_LISTED_IDS) } };
  if (query.method === 'BatchCheck') {
    return {
      ...query,
      checks: query.checks.map((check) => ({ ...check, ...moreContextual(check, stored, chance) })),
    };
  }
  return { ...query, ...moreContextual(query, stored, chance) };
}

/** The same key twice, first with one condition and then with another; the whole store over again. */
function moreContextual(
  { contextualTuples }: { readonly contextualTuples: readonly Tuple[] },
  stored: readonly Tuple[],
  chance: Chance,
): { readonly contextualTuples: readonly Tuple[] } {
  const dice = chance.next();
  if (dice < 0.01) return { contextualTuples: stored.slice(0, 100) };
  const [first, ...rest] = contextualTuples;
  if (first === undefined || dice > 0.3) return { contextualTuples };
  const twins = stored.filter(
    ({ object, relation }) => object === first.object && relation === first.relation,
  );
  const donor = [...rest, ...twins].find(
    ({ relation, condition: own }) => relation === first.relation && own,
  );
  const { condition: _, ...bare } = first;
  const twin = donor?.condition && chance.next() < 0.7 ? { ...bare, condition: donor.condition } : bare;
  return {
    contextualTuples: chance.next() < 0.5 ? [...contextualTuples, twin] : [twin, ...contextualTuples],
  };
}
