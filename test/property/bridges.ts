/**
 * Questions whose contextual tuples lead from where is asked to a tuple that is stored elsewhere, perhaps in a type that the edge
 * does not keep: nothing that is stored shows the way. Chance alone hardly ever makes such a pair.
 */
import type { RelationReference } from '../../src/fga/model.ts';
import type { Query } from '../../src/fga/query.ts';
import { type Tuple, typeOf } from '../../src/fga/tuple.ts';
import type { Chance } from '../support/chance.ts';
import type { ModelBody } from '../support/datasets.ts';

export interface Shore {
  readonly storeId: string;
  readonly modelId: string;
  readonly model: ModelBody;
  readonly stored: readonly Tuple[];
  /** Object types that are kept at the edge. */
  readonly kept: readonly string[];
}

export interface Aim {
  readonly type: string;
  readonly relation: string;
}

/** Objects of contextual tuples; few, so that they meet. */
const IDS = ['1', '2', 'new'];

/** `count` times a Check, and what else shows the same; every other one again without its contextual tuples. */
export function bridgeQueries(
  shore: Shore,
  { count, aim }: { count: number; aim: Aim | undefined },
  chance: Chance,
): Query[] {
  const ways = waysOf(shore);
  return Array.from({ length: count }, () => {
    const aimed = aim && chance.next() < 0.7 ? ways.filter(({ type }) => type === aim.type) : ways;
    const beyond = aimed.filter(({ far }) => !shore.kept.includes(typeOf(far.object)));
    const choice = beyond.length > 0 && chance.next() < 0.8 ? beyond : aimed;
    return choice.length === 0 ? [] : bridge(shore, { ...chance.pick(choice), aim }, chance);
  }).flat();
}

/** A stored tuple, and a relation where its object's userset, or its object itself, may stand. */
interface Way {
  readonly far: Tuple;
  readonly type: string;
  readonly relation: string;
  readonly to: RelationReference;
}

function waysOf({ model, stored }: Shore): Way[] {
  return slotsOf(model).flatMap(({ type, relation, to }) =>
    stored.filter((far) => leadsTo(to, far)).map((far): Way => ({ far, type, relation, to })),
  );
}

function slotsOf(model: ModelBody): Omit<Way, 'far'>[] {
  return model.type_definitions.flatMap(({ type, metadata }) =>
    Object.entries(metadata?.relations ?? {}).flatMap(
      ([relation, { directly_related_user_types: list = [] }]) => list.map((to) => ({ type, relation, to })),
    ),
  );
}

function leadsTo(to: RelationReference, far: Tuple): boolean {
  if (to.wildcard || to.condition || far.condition || typeOf(far.object) !== to.type) return false;
  // As the parent of something, an object leads to all that is said of it.
  return !to.relation || to.relation === far.relation;
}

function bridge(shore: Shore, way: Way & { readonly aim: Aim | undefined }, chance: Chance): Query[] {
  const { storeId, modelId, model } = shore;
  const { far, type, aim } = way;
  const object = `${type}:${chance.pick(IDS)}`;
  const isAim = aim?.type === type && chance.next() < 0.7;
  const relation = isAim ? aim.relation : anyRelation(model, type, chance);
  const scope = { storeId, modelId, consistency: 'unspecified' } as const;
  const contextualTuples = besides(shore, way, { object, chance });
  const user = far.user.endsWith(':*') && chance.next() < 0.5 ? far.user.replace('*', '1') : far.user;
  const check: Query = { ...scope, method: 'Check', tupleKey: { user, relation, object }, contextualTuples };
  const list: Query = { ...scope, method: 'ListObjects', type, relation, user, contextualTuples };
  const users: Query = {
    ...{ ...scope, method: 'ListUsers', relation, contextualTuples },
    object: { type, id: object.slice(type.length + 1) },
    userFilter: filterOf(user),
  };
  const also = chance.pick([list, users]);
  return chance.next() < 0.5 ? [check, also] : [check, also, { ...check, contextualTuples: [] }];
}

/** The bridge, and often the same user or the same way in the object's other relations: operands meet. */
function besides(
  { model }: Shore,
  { far, type, relation, to }: Way,
  { object, chance }: { object: string; chance: Chance },
): Tuple[] {
  const way = (slot: RelationReference) => (slot.relation ? `${far.object}#${slot.relation}` : far.object);
  const tuples = [{ user: way(to), relation, object }];
  for (const slot of slotsOf(model)) {
    if (slot.type !== type || slot.to.condition || chance.next() < 0.4) continue;
    if (slot.relation === relation || tuples.some((tuple) => tuple.relation === slot.relation)) continue;
    if (isDirect(slot.to, far.user)) tuples.push({ user: far.user, relation: slot.relation, object });
    else if (leadsTo(slot.to, far)) tuples.push({ user: way(slot.to), relation: slot.relation, object });
  }
  return tuples;
}

function isDirect(to: RelationReference, user: string): boolean {
  const { type, relation } = filterOf(user);
  return (
    to.type === type &&
    (to.relation ?? '') === (relation ?? '') &&
    Boolean(to.wildcard) === user.endsWith(':*')
  );
}

function anyRelation(model: ModelBody, type: string, chance: Chance): string {
  const definition = model.type_definitions.find((one) => one.type === type);
  return chance.pick(Object.keys(definition?.relations ?? {}));
}

function filterOf(user: string): { type: string; relation?: string } {
  const [type = '', relation] = user.replace(/:[^#]*/, '').split('#');
  return relation === undefined ? { type } : { type, relation };
}
