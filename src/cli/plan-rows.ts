/**
 * Where each query of a model would be decided under a product: the product's own tier is asked, with the model, what it
 * would keep, and no tuples. So the table cannot say otherwise than the tier does; what only tuples decide (a cycle that
 * is met, a list that is cut, depth) is not in it.
 */
import { createReachBook, missingTypes, type Reach } from '../engine/reach.ts';
import type { DeclineReason } from '../fga/answer.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import type { Query, QueryMethod } from '../fga/query.ts';
import type { StoreView } from '../plugin/store.ts';
import type { Keeps, Tier, TierOutcome } from '../plugin/tier.ts';

/** `cached`: forwarded once, then remembered. */
export type Where = 'local' | 'cached' | 'forwarded';

export interface Verdict {
  readonly where: Where;
  /** As the header `Rsfga-Declined` says it; absent where nothing is kept, and for what is not forwarded. */
  readonly reason?: DeclineReason;
  /** By type: what the query may read of it, as `type#relation`. Empty unless types that are not kept prevent a local answer. */
  readonly prevents: Readonly<Record<string, readonly string[]>>;
}

export interface Row {
  readonly type: string;
  readonly relation: string;
  readonly check: Verdict;
  /** Methods that are decided elsewhere than Check. */
  readonly otherwise: Readonly<Partial<Record<PlannedMethod, Verdict>>>;
  /** A cycle under a `but not` is forwarded when it is met. */
  readonly unsteady: boolean;
}

/** BatchCheck goes as its checks do. */
export const PLANNED = ['ListObjects', 'StreamedListObjects', 'ListUsers', 'Expand'] as const;
export type PlannedMethod = (typeof PLANNED)[number];

export interface Planned {
  readonly model: AuthorizationModel;
  readonly tier: Tier;
  /** What of a store would be here. */
  readonly keeps: Keeps;
}

export async function planRows(planned: Planned): Promise<readonly Row[]> {
  const ask = createAsking(planned);
  const rows: Row[] = [];
  for (const { type, relations } of planned.model.type_definitions)
    for (const relation of Object.keys(relations ?? {})) rows.push(await rowOf(ask, type, relation));
  return rows;
}

type Asking = (query: Query) => Promise<Verdict & { readonly unsteady: boolean }>;

async function rowOf(ask: Asking, type: string, relation: string): Promise<Row> {
  const { unsteady, ...check } = await ask(queryOf('Check', type, relation));
  const others: [PlannedMethod, Verdict][] = [];
  for (const method of PLANNED) {
    const { unsteady: _, ...verdict } = await ask(queryOf(method, type, relation));
    if (JSON.stringify(verdict) !== JSON.stringify(check)) others.push([method, verdict]);
  }
  return { type, relation, check, otherwise: Object.fromEntries(others), unsteady };
}

function createAsking({ model, tier, keeps }: Planned): Asking {
  const reaches = createReachBook();
  const view = viewOf(model, keeps);
  const isKept = (type: string) => typeof keeps === 'string' || keeps.objectTypes.includes(type);
  return async (query) => {
    if (keeps === 'nothing') return { where: 'forwarded', prevents: {}, unsteady: false };
    const outcome = await tier.answer(query, { view });
    const reach = reaches.of(query, view);
    const unsteady = reach?.unsteady ?? false;
    // Nobody is asked now: a tier that waits to hear what the upstream says must not wait for ever.
    outcome.remember?.(undefined);
    return { ...verdictOf(outcome, reach, isKept), unsteady };
  };
}

function verdictOf(
  outcome: TierOutcome,
  reach: Reach | undefined,
  isKept: (type: string) => boolean,
): Verdict {
  if (!('declined' in outcome)) return { where: outcome.cached ? 'cached' : 'local', prevents: {} };
  if (outcome.remember) return { where: 'cached', prevents: {} };
  const { declined: reason } = outcome;
  const missing = reason === 'reach' && reach ? missingTypes(reach, isKept) : [];
  const pairs = (type: string) =>
    [...(reach?.pairs ?? [])].filter((pair) => pair.startsWith(`${type}#`)).sort();
  const prevents = Object.fromEntries([...missing].sort().map((type) => [type, pairs(type)]));
  return { where: 'forwarded', reason, prevents };
}

/** Any object and any user: the proof is about types alone. */
function queryOf(method: QueryMethod, type: string, relation: string): Query {
  const scope = { storeId: 'plan', consistency: 'unspecified', contextualTuples: [] } as const;
  const [object, user] = [`${type}:x`, `${type}:y`];
  switch (method) {
    case 'Check':
      return { ...scope, method, tupleKey: { object, relation, user } };
    case 'BatchCheck':
      return { ...scope, method, checks: [] };
    case 'ListObjects':
    case 'StreamedListObjects':
      return { ...scope, method, type, relation, user };
    case 'ListUsers':
      return { ...scope, method, object: { type, id: 'x' }, relation, userFilter: { type } };
    case 'Expand':
      return { ...scope, method, object, relation };
  }
}

/** A complete copy of a store with this model and no tuples. */
function viewOf(model: AuthorizationModel, keeps: Keeps): StoreView {
  const head = { epoch: 'plan', revision: 1, commitId: 'plan' };
  const kept = typeof keeps === 'string' ? {} : { objectTypes: keeps.objectTypes };
  return {
    state: { head, phase: 'complete', position: '', freshAtMs: 0, checkpoint: '', ...kept },
    tuple: () => undefined,
    usersets: () => [],
    tuples: () => [],
    byUser: () => [],
    byType: () => [],
    model: (id) => (id === model.id ? model : undefined),
    latestModelId: () => model.id,
  };
}
