/** Random tuples under a model, over few ids so that they meet. */
import type { RelationReference } from '../../../src/fga/model.ts';
import { keyText, type Tuple } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { contextFor } from './conditions.ts';

/** Written in this order: a model, then tuples under it, then perhaps a newer model and more tuples. */
export interface Step {
  readonly model: ModelBody;
  readonly tuples: readonly Tuple[];
}

export type Recipe = readonly Step[];

/** How the graph of a world is woven. */
export interface Weave {
  readonly ids: readonly string[];
  /** Share of the tuples whose object has the lower id: 1 makes no cycle. */
  readonly forward: number;
  readonly atMost: number;
  /** Hops of a straight line through a recursive relation, besides. */
  readonly line: number;
}

const FEW = ['1', '2', '3', '4', '5'];
const LINE = Array.from({ length: 34 }, (_, n) => `${n + 10}`);
const ODD_IDS = ['a@b', 'ü', 'x.y', 'a|b/c', '*a', '01'];

/** A place where tuples may be written. */
interface Slot {
  readonly type: string;
  readonly relation: string;
  readonly restrictions: readonly RelationReference[];
}

/**
 * Most graphs have few cycles, as upstream walks every path of a dense one and a Check takes seconds; some are small and
 * full of cycles; some hold a line that may be longer than upstream's depth limit.
 */
export function randomWeave(chance: Chance): Weave {
  const dice = chance.next();
  if (dice < 0.12) return { ids: FEW.slice(0, 3), forward: 0.5, atMost: 10, line: 0 };
  if (dice < 0.2) return { ids: LINE, forward: 0.95, atMost: 25, line: 4 + chance.below(29) };
  return { ids: FEW, forward: 0.9, atMost: 45, line: 0 };
}

/** Valid under the model, with distinct keys. */
export function randomTuples(model: ModelBody, weave: Weave, chance: Chance): Tuple[] {
  const slots = slotsOf(model);
  if (slots.length === 0) return [];
  const count = 5 + chance.below(weave.atMost - 4);
  const loose = Array.from({ length: count }, () =>
    tupleIn(chance.pick(slots), weave, { chance, badness: 0 }),
  );
  const all = [...loose, ...line(slots, weave, chance)];
  const sound = all.filter((tuple) => tuple.user !== `${tuple.object}#${tuple.relation}`);
  return [...new Map(sound.map((tuple) => [keyText(tuple), tuple])).values()];
}

/** From id to id through one relation that holds itself, or through a parent. */
function line(slots: readonly Slot[], { line: hops, ids }: Weave, chance: Chance): Tuple[] {
  const recursive = slots.flatMap(({ type, relation, restrictions }) =>
    restrictions
      .filter((to) => to.type === type && !to.wildcard && !to.condition)
      .map((to) => ({ type, relation, to })),
  );
  if (hops === 0 || recursive.length === 0) return [];
  const { type, relation, to } = chance.pick(recursive);
  return ids
    .slice(0, hops)
    .map((id, n) => ({ user: userFor(to, ids[n + 1] ?? id), relation, object: `${type}:${id}` }));
}

/**
 * For a request: some stand on the key of a stored one with another condition, some carry a context that fails the cast,
 * some are not valid at all.
 */
export function contextualTuples(from: ContextualFrom, chance: Chance): Tuple[] {
  const slots = slotsOf(from.model);
  if (slots.length === 0) return [];
  return Array.from({ length: 1 + chance.below(4) }, () => {
    const slot = chance.pick(slots);
    const tuple = tupleIn(slot, from.weave, { chance, badness: 0.1 });
    const twin = from.stored.find(
      ({ object, relation }) => object.startsWith(`${slot.type}:`) && relation === slot.relation,
    );
    const placed =
      twin !== undefined && chance.next() < 0.25 ? { ...tuple, user: twin.user, object: twin.object } : tuple;
    return chance.next() < 0.04 ? spoiled(placed, chance) : placed;
  });
}

export interface ContextualFrom {
  readonly model: ModelBody;
  readonly weave: Weave;
  readonly stored: readonly Tuple[];
}

export function objectId(type: string, { ids }: Weave, chance: Chance): string {
  return `${type}:${chance.pick(chance.next() < 0.03 ? ODD_IDS : ids)}`;
}

function slotsOf(model: ModelBody): Slot[] {
  return model.type_definitions.flatMap(({ type, metadata }) =>
    Object.entries(metadata?.relations ?? {}).flatMap(([relation, { directly_related_user_types: list }]) =>
      list && list.length > 0 ? [{ type, relation, restrictions: list }] : [],
    ),
  );
}

function tupleIn(
  { type, relation, restrictions }: Slot,
  weave: Weave,
  { chance, badness }: { readonly chance: Chance; readonly badness: number },
): Tuple {
  const restriction = chance.pick(restrictions);
  const [lower, higher] = twoIds(weave, chance);
  const key = { user: userFor(restriction, higher), relation, object: `${type}:${lower}` };
  const { condition } = restriction;
  if (condition === undefined || condition === '') return key;
  const context = contextFor([condition], chance, badness);
  const full = chance.next() < 0.6 ? { name: condition, context } : { name: condition };
  return { ...key, condition: full };
}

function twoIds({ ids, forward }: Weave, chance: Chance): [string, string] {
  const from = chance.next() < 0.03 ? ODD_IDS : ids;
  const pair: [string, string] = [chance.pick(from), chance.pick(from)];
  return chance.next() < forward && pair[0] > pair[1] ? [pair[1], pair[0]] : pair;
}

function userFor({ type, relation, wildcard }: RelationReference, id: string): string {
  if (wildcard) return `${type}:*`;
  return relation === undefined || relation === '' ? `${type}:${id}` : `${type}:${id}#${relation}`;
}

function spoiled(tuple: Tuple, chance: Chance): Tuple {
  const spoils: readonly Partial<Tuple>[] = [
    { user: 'nobody' },
    { user: 'nosuch:1' },
    { user: `${tuple.object}#nosuch` },
    { user: 'user:*' },
    { relation: 'nosuch' },
    { object: 'nosuch:1' },
    { object: 'document' },
    { condition: { name: 'nosuch' } },
    { user: `${tuple.object}#${tuple.relation}` },
    { condition: { name: 'x_less', context: { stranger: 1 } } },
    { user: '' },
    { relation: '' },
    { object: '' },
  ];
  return { ...tuple, ...chance.pick(spoils) };
}
