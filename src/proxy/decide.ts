/**
 * May this query be answered here, and from what? In this order: is the store held whole, is it new enough for this
 * caller, is it young enough for its product; then its tier answers or declines.
 */
import type { DeclineReason } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import type { Query } from '../fga/query.ts';
import type { StoreView } from '../plugin/store.ts';
import type { Tier, TierOutcome } from '../plugin/tier.ts';
import type { Decision, View } from './decision.ts';
import type { OwnWrites, Required } from './own-writes.ts';
import { type LocalData, type Product, parseRevision, type Revision, revisionText } from './products.ts';
import type { Decider } from './query-call.ts';

export interface DeciderParts {
  productOf(storeId: string): Product;
  readonly data: LocalData;
  readonly ownWrites: OwnWrites;
  /** HIGHER_CONSISTENCY: to the primary, or here after a barrier. */
  readonly higher: 'forward' | 'local';
  /** How long a query waits for a revision or a barrier. */
  readonly waitMs: number;
  /** A query came for a store that its product would keep and that is not known here yet. */
  unknownStore(storeId: string): void;
  /** Monotonic ms. */
  nowMs?(): number;
}

export function createDecider(parts: DeciderParts): Decider {
  const { data, ownWrites, waitMs, nowMs = () => performance.now() } = parts;
  /** The newest model that a forwarded answer named, where it is newer than what is held. */
  const announced = new Map<string, string>();

  /** A caller who must not be answered from the past is not sent to a replica either. */
  function decide(query: Query, request: Request): Decision | Promise<Decision> {
    const decision = consider(query, request);
    if (!needsPrimary(query, request)) return decision;
    return decision instanceof Promise ? decision.then(toPrimary) : toPrimary(decision);
  }

  function needsPrimary({ storeId, consistency }: Query, { minRevision }: Request): boolean {
    if (consistency === 'higher_consistency' || minRevision !== undefined) return true;
    return ownWrites.lately(storeId);
  }

  function consider(query: Query, request: Request): Decision | Promise<Decision> {
    const product = parts.productOf(query.storeId);
    if (!data.complete(query.storeId)) {
      parts.unknownStore(query.storeId);
      return { declined: 'syncing' };
    }
    const wait = waitFor(query, request);
    if (wait === undefined) return answer(product, query);
    if ('declined' in wait) return { ...wait, ...viewOf(query.storeId) };
    return wait.until.then((inTime) =>
      inTime ? answer(product, query) : { ...wait.otherwise, ...viewOf(query.storeId) },
    );
  }

  /** What has to happen before this caller may be answered from here; undefined: nothing. */
  function waitFor(query: Query, request: Request): Wait | undefined {
    const { storeId } = query;
    const own = ownWrites.required(storeId);
    if (own?.sinceMs !== undefined && !isFreshSince(storeId, own.sinceMs)) return PRIMARY_FOR_REVISION;
    if (query.consistency === 'higher_consistency') {
      if (parts.higher === 'forward') return { declined: 'consistency', primary: true };
      return { until: data.barrier(storeId, waitMs), otherwise: { declined: 'consistency', primary: true } };
    }
    const asked = request.minRevision === undefined ? undefined : parseRevision(request.minRevision);
    if (request.minRevision !== undefined && !asked) return PRIMARY_FOR_REVISION;
    return waitForRevision(storeId, asked) ?? waitForOwn(storeId, own);
  }

  /** The sidecar that answered the Write may count in another log than the one that is followed here. */
  function waitForOwn(storeId: string, own: Required | undefined): Wait | undefined {
    const held = data.view(storeId)?.state.head;
    if (!own?.revision || !held) return undefined;
    if (own.revision.epoch === held.epoch) return waitForRevision(storeId, own.revision);
    return isFreshSince(storeId, own.revisionAtMs) ? undefined : PRIMARY_FOR_REVISION;
  }

  function isFreshSince(storeId: string, ms: number): boolean {
    return (data.freshAtMs(storeId) ?? Number.NEGATIVE_INFINITY) >= ms;
  }

  function waitForRevision(storeId: string, wanted: Revision | undefined): Wait | undefined {
    const held = wanted && data.view(storeId)?.state.head;
    if (!wanted || !held) return undefined;
    // An older history is contained in the present one: the copy was confirmed after the present epoch began.
    if (wanted.epoch < held.epoch && !data.countsAlone) return undefined;
    if (wanted.epoch < held.epoch) return PRIMARY_FOR_REVISION;
    if (wanted.epoch > held.epoch) return PRIMARY_FOR_REVISION;
    if (wanted.revision <= held.revision) return undefined;
    return { until: data.reached(storeId, wanted, waitMs), otherwise: PRIMARY_FOR_REVISION };
  }

  function answer(product: Product, query: Query): Decision | Promise<Decision> {
    const age = data.ageMs(query.storeId);
    const most = product.onStale === 'serve' ? Number.POSITIVE_INFINITY : product.maxStalenessMs;
    const over = (ageMs: number) => stale(product, query, ageMs);
    return age > most ? over(age) : ask(product, query, { age, most, over });
  }

  function stale(product: Product, query: Query, age: number): Decision {
    const { storeId } = query;
    const view = { ...viewOf(storeId), ...(Number.isFinite(age) && { stalenessMs: age }) };
    // Where nothing is kept, nothing old is answered: the upstream's answer is not older than it says.
    if (product.onStale === 'deny' && isMemory(product.tier)) return { declined: 'stale', ...view };
    if (product.onStale === 'deny') return { denied: tooOld(age, product.maxStalenessMs) };
    return {
      declined: 'stale',
      ...view,
      // The upstream was waited for meanwhile, so the data is older now, or younger.
      fallback: () => {
        const ageNow = data.ageMs(storeId);
        const most = product.maxOfflineMs;
        const over = (ageMs: number): Decision => ({ denied: tooOld(ageMs, most) });
        return ageNow > most ? over(ageNow) : ask(product, query, { age: ageNow, most, over });
      },
    };
  }

  function ask(product: Product, query: Query, { age, most, over }: Aged): Decision | Promise<Decision> {
    const view = data.view(query.storeId);
    if (!view || !data.complete(query.storeId)) return { declined: 'syncing' };
    if (query.modelId === undefined && isSuperseded(query.storeId, view)) return { declined: 'model' };
    const outcome = product.tier.answer(query, { view });
    const revision = revisionText(view.state.head);
    const shown = (ms: number): View => (Number.isFinite(ms) ? { revision, stalenessMs: ms } : { revision });
    if (!(outcome instanceof Promise)) return toDecision(outcome, query, shown(age));
    const askedMs = nowMs();
    return outcome.then((late) => {
      // What a tier worked out is as old as the view, however long it took; what it remembers was true just now.
      const ageNow = 'declined' in late || late.cached ? age : age + nowMs() - askedMs;
      if (ageNow > most) return over(ageNow);
      return toDecision(late, query, shown(ageNow));
    });
  }

  function toDecision(outcome: TierOutcome, query: Query, shown: View): Decision {
    if ('declined' in outcome) {
      if (outcome.declined === 'model' && query.modelId !== undefined)
        data.missingModel(query.storeId, query.modelId);
      const remember = outcome.remember && { remember: outcome.remember };
      return { declined: outcome.declined, ...shown, ...remember };
    }
    const servedBy = outcome.cached ? 'cache' : 'local';
    const model = outcome.modelId === undefined ? {} : { modelId: outcome.modelId };
    if ('error' in outcome) return { error: outcome.error, servedBy, ...model, ...shown };
    return { answer: outcome.answer, servedBy, ...model, ...shown };
  }

  function isSuperseded(storeId: string, view: StoreView): boolean {
    if (announced.size === 0) return false;
    const newest = announced.get(storeId);
    if (newest === undefined) return false;
    const held = view.latestModelId();
    if (held === undefined || held < newest) return true;
    announced.delete(storeId);
    return false;
  }

  function viewOf(storeId: string): View {
    const view = data.view(storeId);
    if (!view) return {};
    const stalenessMs = data.ageMs(storeId);
    const revision = revisionText(view.state.head);
    return Number.isFinite(stalenessMs) ? { revision, stalenessMs } : { revision };
  }

  return {
    serves: (storeId) => parts.productOf(storeId).tier.keeps !== 'nothing',
    decide,
    sawModel(storeId, modelId) {
      const view = data.view(storeId);
      if (!view || view.model(modelId) !== undefined) return;
      const known = announced.get(storeId);
      if (known === undefined || known < modelId) announced.set(storeId, modelId);
      data.missingModel(storeId, modelId);
    },
  };
}

function toPrimary(decision: Decision): Decision {
  return 'declined' in decision ? { ...decision, primary: true } : decision;
}

/** ms: how old the data is, and how old an answer may be. */
interface Aged {
  readonly age: number;
  readonly most: number;
  /** For a tier that took so long that its answer has become too old. */
  over(ageMs: number): Decision;
}

type Request = Parameters<Decider['decide']>[1];

interface DeclinedFor {
  readonly declined: DeclineReason;
  readonly primary: true;
}

type Wait = DeclinedFor | { readonly until: Promise<boolean>; readonly otherwise: DeclinedFor };

const PRIMARY_FOR_REVISION: DeclinedFor = { declined: 'revision', primary: true };

/** Keeps no tuples: what it answers, the upstream once said. */
function isMemory({ keeps }: Tier): boolean {
  return typeof keeps === 'object' && keeps.objectTypes.length === 0;
}

function tooOld(ageMs: number, limitMs: number): FgaError {
  const age = Number.isFinite(ageMs) ? `${Math.round(ageMs / 1000)} s old` : 'of unknown age';
  return new FgaError(
    'unavailable',
    `the local data is ${age}, more than the ${Math.round(limitMs / 1000)} s that may be answered`,
  );
}
