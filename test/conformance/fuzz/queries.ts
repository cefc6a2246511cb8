/** Random questions to a world, on every endpoint. */
import type { BatchCheckItem, Query } from '../../../src/fga/query.ts';
import { type JsonObject, type Tuple, type TupleKey, typeOf } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { type Asking, askedObject, askedRelation, extras, subject, userFilter } from './asked.ts';
import type { Weave } from './tuples.ts';

export interface Askable {
  readonly storeId: string;
  /** Oldest first; at least one. */
  readonly models: readonly { readonly id: string; readonly body: ModelBody }[];
  readonly recipe: readonly { readonly tuples: readonly Tuple[] }[];
}

/** How many of each are asked of one world. A batch holds 50 Checks. */
export interface Mix {
  readonly batches: number;
  readonly checks: number;
  readonly listObjects: number;
  readonly streams: number;
  readonly listUsers: number;
  readonly expands: number;
}

export function randomQueries({ world, weave }: Woven, mix: Mix, chance: Chance): Query[] {
  const stored = world.recipe.flatMap((step) => step.tuples);
  const times = (count: number, one: (at: Asking) => Query) =>
    Array.from({ length: count }, () => one({ ...asking(world, chance), weave, stored }));
  return [
    ...times(mix.batches, batch),
    ...times(mix.checks, (at) => ({ method: 'Check', ...at.scope, ...checkPart(at) })),
    ...times(mix.listObjects, (at) => listObjects(at, 'ListObjects')),
    ...times(mix.streams, (at) => listObjects(at, 'StreamedListObjects')),
    ...times(mix.listUsers, listUsers),
    ...times(mix.expands, expand),
  ];
}

export interface Woven {
  readonly world: Askable;
  readonly weave: Weave;
}

/** Mostly the latest model, named or not; now and then an older one. */
function asking({ storeId, models }: Askable, chance: Chance): Pick<Asking, 'scope' | 'model' | 'chance'> {
  const latest = models.at(-1);
  const chosen = chance.next() < 0.3 ? chance.pick(models) : latest;
  if (chosen === undefined) throw new Error('a world without a model');
  const unnamed = chosen === latest && chance.next() < 0.3;
  const scope = { storeId, consistency: 'unspecified' } as const;
  return { scope: unnamed ? scope : { ...scope, modelId: chosen.id }, model: chosen.body, chance };
}

function batch(at: Asking): Query {
  const checks = Array.from(
    { length: 50 },
    (_, i): BatchCheckItem => ({ correlationId: `${i}`, ...checkPart(at) }),
  );
  return { method: 'BatchCheck', ...at.scope, checks };
}

function checkPart(at: Asking): {
  tupleKey: TupleKey;
  contextualTuples: readonly Tuple[];
  context?: JsonObject;
} {
  const { relation, object } = askedObject(at);
  const odd = at.chance.next() < 0.01;
  const place = odd ? at.chance.pick(['document:*', 'nosuch:1', 'nothing', 'a:b:c', 'a:b#c']) : object;
  return { tupleKey: { user: subject(at), relation, object: place }, ...extras(at) };
}

function listObjects(at: Asking, method: 'ListObjects' | 'StreamedListObjects'): Query {
  return { method, ...at.scope, ...askedRelation(at), user: subject(at), ...extras(at) };
}

function listUsers(at: Asking): Query {
  const { relation, object } = askedObject(at);
  const type = typeOf(object);
  return {
    method: 'ListUsers',
    ...at.scope,
    object: { type, id: object.slice(type.length + 1) },
    relation,
    userFilter: userFilter(at),
    ...extras(at),
  };
}

function expand(at: Asking): Query {
  const { contextualTuples } = extras(at);
  return { method: 'Expand', ...at.scope, ...askedObject(at), contextualTuples };
}
