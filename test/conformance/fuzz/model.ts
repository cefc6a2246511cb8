/** Random authorization models: every rewrite, nested; recursive groups and folders; conditions; wildcards. */
import type { RelationReference, TypeDefinition, Userset } from '../../../src/fga/model.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { CONDITION_NAMES, condition } from './conditions.ts';

/** The words of a model: what its later versions keep. */
export interface Plan {
  readonly subjects: readonly string[];
  /** Type → its relations. `parent` is always a tupleset. */
  readonly relations: ReadonlyMap<string, readonly string[]>;
  readonly conditions: readonly string[];
}

const TYPES = ['group', 'folder', 'document', 'org'];
const RELATIONS = ['member', 'owner', 'editor', 'viewer', 'blocked', 'admin'];

export function randomPlan(chance: Chance): Plan {
  const types = some(TYPES, 1 + chance.below(4), chance);
  const named = types.map((type) => {
    const names = some(RELATIONS, 1 + chance.below(4), chance);
    return [type, chance.next() < 0.6 ? ['parent', ...names] : names] as const;
  });
  return {
    subjects: chance.next() < 0.3 ? ['user', 'bot'] : ['user'],
    relations: new Map(named),
    conditions: chance.next() < 0.5 ? some(CONDITION_NAMES, 1 + chance.below(3), chance) : [],
  };
}

/** May be invalid (no entrypoint, a computed cycle): the server is the judge. */
export function randomModel(plan: Plan, chance: Chance): ModelBody {
  const parents = new Map([...plan.relations].map(([type]) => [type, parentTypes(plan, chance)]));
  const typed = [...plan.relations].map(([type, names]) => {
    const relations = names.map((name) => [name, randomRelation(plan, parents, type, name, chance)] as const);
    return definition(type, relations);
  });
  const subjects = plan.subjects.map((type): TypeDefinition => ({ type, relations: {}, metadata: null }));
  return {
    schema_version: '1.1',
    type_definitions: [...subjects, ...typed],
    conditions: Object.fromEntries(plan.conditions.map((name) => [name, condition(name)])),
  };
}

/** The same model with one or two relations made anew, or one dropped. */
export function changedModel(plan: Plan, model: ModelBody, chance: Chance): ModelBody {
  const other = randomModel(plan, chance);
  const victims = new Set(Array.from({ length: 1 + chance.below(2) }, () => anyRelation(plan, chance)));
  const drop = chance.next() < 0.2;
  const types = model.type_definitions.map((own, index) => {
    const from = other.type_definitions[index];
    return from ? mixed(own, from, (name) => victims.has(`${own.type}#${name}`), drop) : own;
  });
  return { ...model, type_definitions: types };
}

interface Relation {
  readonly rewrite: Userset;
  readonly restrictions: readonly RelationReference[];
}

type Parents = ReadonlyMap<string, readonly string[]>;

function definition(type: string, relations: readonly (readonly [string, Relation])[]): TypeDefinition {
  return {
    type,
    relations: Object.fromEntries(relations.map(([name, { rewrite }]) => [name, rewrite])),
    metadata: {
      relations: Object.fromEntries(
        relations.map(([name, { restrictions }]) => [name, { directly_related_user_types: restrictions }]),
      ),
    },
  };
}

function randomRelation(plan: Plan, parents: Parents, type: string, name: string, chance: Chance): Relation {
  if (name === 'parent') {
    const types = parents.get(type) ?? [];
    return {
      rewrite: { this: {} },
      restrictions: types.map((parent) => conditioned({ type: parent }, plan, chance)),
    };
  }
  const rewrite = randomRewrite({ plan, parents, type, name, chance, direct: false }, chance.below(4));
  return { rewrite, restrictions: hasThis(rewrite) ? restrictions(plan, chance) : [] };
}

interface Growing {
  readonly plan: Plan;
  readonly parents: Parents;
  readonly type: string;
  readonly name: string;
  readonly chance: Chance;
  /** `this` stands at most once in a relation, as in the modelling language. */
  direct: boolean;
}

function randomRewrite(at: Growing, depth: number): Userset {
  const { chance } = at;
  if (depth === 0) return leaf(at);
  const child = () => randomRewrite(at, chance.below(depth));
  const dice = chance.next();
  if (dice >= 0.75) return { difference: { base: child(), subtract: child() } };
  const children = distinct(Array.from({ length: 2 + chance.below(2) }, child));
  const [first, ...more] = children;
  if (first !== undefined && more.length === 0) return first;
  return dice < 0.5 ? { union: { child: children } } : { intersection: { child: children } };
}

function leaf(at: Growing): Userset {
  const { chance, plan, type } = at;
  const dice = chance.next();
  if (!at.direct && dice < 0.6) {
    at.direct = true;
    return { this: {} };
  }
  const own = plan.relations.get(type) ?? [];
  const target = dice < 0.8 && own.includes('parent') ? parentRelation(at) : undefined;
  if (target !== undefined) {
    return { tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: target } } };
  }
  return { computedUserset: { relation: chance.pick(own) } };
}

/** A relation of one of the parent types; often the same one, which makes it recursive. */
function parentRelation({ plan, parents, type, name, chance }: Growing): string | undefined {
  const candidates = (parents.get(type) ?? []).flatMap((parent) => plan.relations.get(parent) ?? []);
  if (candidates.length === 0) return undefined;
  return candidates.includes(name) && chance.next() < 0.5 ? name : chance.pick(candidates);
}

function restrictions(plan: Plan, chance: Chance): RelationReference[] {
  const count = 1 + chance.below(3);
  const list = Array.from({ length: count }, () => conditioned(reference(plan, chance), plan, chance));
  return distinct(list);
}

/** Twice the same recursive tuple-to-userset in a union makes upstream's ListObjects wait for its deadline. */
function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

function reference(plan: Plan, chance: Chance): RelationReference {
  const dice = chance.next();
  const subject = chance.pick(plan.subjects);
  if (dice < 0.4) return { type: subject };
  if (dice < 0.5) return { type: subject, wildcard: {} };
  const type = chance.pick([...plan.relations.keys()]);
  if (dice < 0.88) return { type, relation: chance.pick(plan.relations.get(type) ?? []) };
  return dice < 0.96 ? { type } : { type, wildcard: {} };
}

function conditioned(item: RelationReference, plan: Plan, chance: Chance): RelationReference {
  if (plan.conditions.length === 0 || chance.next() > 0.35) return item;
  return { ...item, condition: chance.pick(plan.conditions) };
}

/** Mostly types with relations; now and then a plain subject, which a tuple-to-userset then skips. */
function parentTypes(plan: Plan, chance: Chance): string[] {
  const types = some([...plan.relations.keys()], 1 + chance.below(2), chance);
  return chance.next() < 0.1 ? [...types, chance.pick(plan.subjects)] : types;
}

function mixed(
  own: TypeDefinition,
  from: TypeDefinition,
  isVictim: (name: string) => boolean,
  drop: boolean,
): TypeDefinition {
  const kept = Object.entries(own.relations ?? {}).flatMap(([name, rewrite]): [string, Relation][] => {
    const source = isVictim(name) ? from : own;
    if (isVictim(name) && drop) return [];
    const restrictions = source.metadata?.relations?.[name]?.directly_related_user_types ?? [];
    return [[name, { rewrite: source.relations?.[name] ?? rewrite, restrictions }]];
  });
  return kept.length === 0 && own.metadata === null ? own : definition(own.type, kept);
}

function anyRelation(plan: Plan, chance: Chance): string {
  const type = chance.pick([...plan.relations.keys()]);
  return `${type}#${chance.pick(plan.relations.get(type) ?? [])}`;
}

function hasThis(rewrite: Userset): boolean {
  return JSON.stringify(rewrite).includes('"this"');
}

/** `count` different items, in the order of the list. */
export function some<T>(items: readonly T[], count: number, chance: Chance): T[] {
  const left = [...items];
  while (left.length > count) left.splice(chance.below(left.length), 1);
  return left;
}
