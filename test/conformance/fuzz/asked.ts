/** The words of a random question: which relation, on what, of whom, with what besides. */
import type { QueryScope } from '../../../src/fga/query.ts';
import { type JsonObject, type Tuple, typeOf } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { contextFor } from './conditions.ts';
import { contextualTuples, objectId, type Weave } from './tuples.ts';

export interface Asking {
  readonly scope: QueryScope;
  readonly model: ModelBody;
  readonly chance: Chance;
  readonly weave: Weave;
  readonly stored: readonly Tuple[];
}

export function askedRelation({ model, chance }: Asking): { type: string; relation: string } {
  const dice = chance.next();
  const typed = model.type_definitions.filter(({ relations }) => Object.keys(relations ?? {}).length > 0);
  if (dice < 0.01 || typed.length === 0) return { type: 'nosuch', relation: 'viewer' };
  const { type, relations } = chance.pick(typed);
  return { type, relation: dice < 0.02 ? 'nosuch' : chance.pick(Object.keys(relations ?? {})) };
}

/** Often one that a tuple names. */
export function askedObject(at: Asking): { relation: string; object: string } {
  const { chance, model, stored, weave } = at;
  const tuple = stored.length > 0 && chance.next() < 0.5 ? chance.pick(stored) : undefined;
  const type = tuple && model.type_definitions.find((definition) => definition.type === typeOf(tuple.object));
  const relations = Object.keys(type?.relations ?? {});
  if (tuple !== undefined && relations.length > 0)
    return { relation: chance.pick(relations), object: tuple.object };
  const asked = askedRelation(at);
  return { relation: asked.relation, object: objectId(asked.type, weave, chance) };
}

const ODD_SUBJECTS = [
  'nobody',
  'nosuch:1',
  'user:*#member',
  'group:1#nosuch',
  'user:1#member',
  'a:b:c',
  'user:',
];

/** Often one that a tuple names. */
export function subject(at: Asking): string {
  const { chance, model, stored } = at;
  const dice = chance.next();
  if (dice < 0.01) return chance.pick(ODD_SUBJECTS);
  if (stored.length > 0 && chance.next() < 0.5) return chance.pick(stored).user;
  if (dice < 0.7)
    return objectId(dice < 0.6 ? 'user' : chance.pick(model.type_definitions).type, at.weave, chance);
  if (dice < 0.77) return `${chance.pick(model.type_definitions).type}:*`;
  const { type, relation } = askedRelation(at);
  return `${objectId(type, at.weave, chance)}#${relation}`;
}

export function userFilter(at: Asking): { type: string; relation?: string } {
  const { chance, model } = at;
  if (chance.next() < 0.6)
    return { type: chance.next() < 0.8 ? 'user' : chance.pick(model.type_definitions).type };
  return askedRelation(at);
}

export function extras(at: Asking): { contextualTuples: readonly Tuple[]; context?: JsonObject } {
  const { model, chance } = at;
  const tuples = chance.next() < 0.25 ? contextualTuples(at, chance) : [];
  const conditions = Object.keys(model.conditions ?? {});
  if (conditions.length === 0 ? chance.next() > 0.02 : chance.next() < 0.25)
    return { contextualTuples: tuples };
  const context = contextFor(conditions, chance, 0.08);
  return {
    contextualTuples: tuples,
    context: chance.next() < 0.03 ? { ...context, ...ODD_CONTEXT } : context,
  };
}

/** A control character is refused wherever it stands. */
const ODD_CONTEXT = { stranger: 'a\u0007b' };
