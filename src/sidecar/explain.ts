/** How one Check is decided here: product, tier, the copy, the proof, the tuples on the way, or why it is forwarded. */
import type { Callers } from '../auth/callers.ts';
import { createEngine } from '../engine/evaluate.ts';
import { createReachBook, missingTypes } from '../engine/reach.ts';
import { asPath, readerOf, recording, shrink } from '../engine/witness.ts';
import type { CheckQuery } from '../fga/query.ts';
import type { Tuple, TupleKey } from '../fga/tuple.ts';
import type { Clock } from '../plugin/clock.ts';
import type { AdminCall, CallResult } from '../plugin/endpoints.ts';
import type { StoreView, TupleStore } from '../plugin/store.ts';
import type { Keeps, TierOutcome } from '../plugin/tier.ts';
import type { Decision } from '../proxy/decision.ts';
import { revisionText } from '../proxy/products.ts';
import type { Decider } from '../proxy/query-call.ts';
import { parseQuery } from '../proxy/wire/parse.ts';
import type { Replica } from '../replica/replica.ts';
import type { KeptProduct } from './products.ts';
import { keptOf } from './store-filter.ts';

export interface Explanation {
  readonly storeId: string;
  readonly check: TupleKey;
  readonly answeredBy: 'local' | 'cache' | 'upstream' | 'nobody';
  readonly allowed?: boolean;
  /** OpenFGA's own error, answered here. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Why the upstream is asked. */
  readonly declined?: { readonly reason: string; readonly detail?: string };
  readonly product: {
    readonly id: string;
    readonly tier: string;
    readonly maxStalenessMs: number;
    readonly onStale: string;
  };
  /** Absent where nothing of the store is kept. */
  readonly copy?: {
    readonly phase: string;
    readonly revision: string;
    readonly tuples: number;
    /** Undefined: not known. */
    readonly ageMs?: number;
  };
  readonly modelId?: string;
  /** Absent where the model is not known here. */
  readonly proof?: {
    /** `type#relation` of the tuples that the query may read. */
    readonly mayRead: readonly string[];
    readonly keeps: Keeps;
    /** Types that it may read and that are not kept: any of them has the query forwarded. */
    readonly notKept: readonly string[];
  };
  /** Where the copy here says allowed: the fewest tuples that make it so, from the object down. */
  readonly path?: readonly Tuple[];
  /** Of the tuples on the path, those that came with the request. */
  readonly contextual?: readonly TupleKey[];
  /** Tuples that were read. */
  readonly read?: number;
}

export interface ExplainParts {
  readonly decider: Decider;
  readonly callers: Callers;
  productOf(storeId: string): KeptProduct;
  readonly store: TupleStore | undefined;
  readonly replica: Replica | undefined;
  readonly clock: Clock;
}

/** For finding the fewest tuples; a longer path is shown with some that are not needed. */
const SHRINK_MS = 2_000;
/** More tuples read than this are counted and not searched. */
const MOST_READ = 5_000;
/** Such queries are forwarded without a question to the tier. */
const NOT_KEPT = {
  answeredBy: 'upstream',
  declined: { reason: 'method', detail: 'the product keeps nothing here: every query is forwarded' },
} as const;
const NOT_JUDGED = 'auth is none here, and the upstream asks for credentials or could not be asked yet';
const BODY =
  'The body is a Check with its store: {"store_id": …, "tuple_key": {"user": …, "relation": …, "object": …}}, and what else a Check may hold';

export function createExplain(parts: ExplainParts): AdminCall {
  const engine = createEngine();
  const reaches = createReachBook();

  async function explain(query: CheckQuery): Promise<Explanation> {
    const { storeId } = query;
    const product = parts.productOf(storeId);
    const decision = (await unjudged(storeId)) ?? (await parts.decider.decide(query, {}));
    const view = parts.store?.view(storeId);
    const outcome = view && (await product.tier.answer(query, { view }));
    // Nobody asks the upstream now: a tier that waits to hear what it says must not wait for ever.
    for (const one of [decision, outcome]) if (one && 'remember' in one) one.remember?.(undefined);
    return {
      storeId,
      check: bare(query.tupleKey),
      ...(product.tier.keeps === 'nothing' ? NOT_KEPT : decided(decision, outcome)),
      product: {
        id: product.id,
        tier: product.tier.name,
        maxStalenessMs: product.maxStalenessMs,
        onStale: product.onStale,
      },
      ...copyOf(storeId),
      ...(outcome?.modelId === undefined ? {} : { modelId: outcome.modelId }),
      ...(await evidence(query, keptOf(storeId, product))),
    };
  }

  /** No caller can be judged here: the upstream demands credentials, and this sidecar asks for none. */
  async function unjudged(storeId: string): Promise<Decision | undefined> {
    const verdict = await parts.callers.admit(undefined, storeId);
    return verdict && 'declined' in verdict ? verdict : undefined;
  }

  function copyOf(storeId: string): Pick<Explanation, 'copy'> {
    const track = parts.replica?.track(storeId);
    if (!track || !parts.replica) return {};
    const ageMs = parts.replica.ageMs(storeId);
    const tuples = parts.store?.count(storeId) ?? 0;
    const age = Number.isFinite(ageMs) ? { ageMs: Math.round(ageMs) } : {};
    return { copy: { phase: track.phase, revision: revisionText(track.head), tuples, ...age } };
  }

  async function evidence(query: CheckQuery, keeps: Keeps): Promise<Partial<Explanation>> {
    const view = parts.store?.view(query.storeId);
    const reach = view && reaches.of(query, view);
    if (!view || !reach) return {};
    const notKept = [...missingTypes(reach, (type) => isKept(keeps, type))].sort();
    const proof = { mayRead: [...reach.pairs].sort(), keeps, notKept };
    if (notKept.length > 0 || parts.replica?.track(query.storeId)?.phase !== 'complete') return { proof };
    return { proof, ...(await pathOf(query, view)) };
  }

  async function pathOf(query: CheckQuery, view: StoreView): Promise<Partial<Explanation>> {
    const { reader, read } = recording(view);
    const models = modelsOf(query, view);
    const outcome = engine.answer(query, { ...reader, ...models });
    if (!isAllowed(outcome) || read.size > MOST_READ) return { read: read.size };
    const stored = new Set([...read.values()]);
    const items = [...new Set([...query.contextualTuples, ...stored])];
    const needed = await fewest(items, (some) => {
      const contextualTuples = some.filter((tuple) => query.contextualTuples.includes(tuple));
      const rest = readerOf(some.filter((tuple) => stored.has(tuple)));
      return isAllowed(engine.answer({ ...query, contextualTuples }, { ...rest, ...models }));
    });
    const contextual = needed.filter((tuple) => query.contextualTuples.includes(tuple)).map(bare);
    return {
      path: asPath(needed, query.tupleKey.object),
      ...(contextual.length > 0 ? { contextual } : {}),
      read: read.size,
    };
  }

  /** In steps: requests are answered in between. */
  async function fewest(items: readonly Tuple[], holds: (some: readonly Tuple[]) => boolean) {
    const until = parts.clock.monoMs() + SHRINK_MS;
    let kept = items;
    for (const fewer of shrink(items, holds)) {
      kept = fewer;
      if (parts.clock.monoMs() > until) break;
      await parts.clock.sleep(0);
    }
    return kept;
  }

  return {
    name: 'explain',
    async run(body): Promise<CallResult> {
      const query = parse(body);
      if ('refused' in query) return query;
      return { done: await explain(query) };
    },
  };
}

function parse(body: unknown): CheckQuery | { readonly refused: string; readonly status: 400 } {
  const { store_id: storeId, ...check } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof storeId !== 'string') return { refused: `${BODY}.`, status: 400 };
  const parsed = parseQuery('Check', storeId, new TextEncoder().encode(JSON.stringify(check)));
  if ('error' in parsed) return { refused: `${parsed.error.message}. ${BODY}.`, status: 400 };
  if ('declined' in parsed || parsed.query.method !== 'Check')
    return { refused: `Only the upstream reads this request whole. ${BODY}.`, status: 400 };
  return parsed.query;
}

function decided(
  decision: Decision,
  outcome: TierOutcome | undefined,
): Pick<Explanation, 'answeredBy' | 'allowed' | 'error' | 'declined'> {
  if ('denied' in decision) return { answeredBy: 'nobody', error: decision.denied.toJSON() };
  if ('declined' in decision) {
    const ofTier = outcome && 'declined' in outcome ? outcome.detail : undefined;
    const detail = decision.declined === 'credentials' ? NOT_JUDGED : ofTier;
    return {
      answeredBy: 'upstream',
      declined: { reason: decision.declined, ...(detail === undefined ? {} : { detail }) },
    };
  }
  if ('error' in decision) return { answeredBy: decision.servedBy, error: decision.error.toJSON() };
  const { answer, servedBy } = decision;
  return { answeredBy: servedBy, ...(answer.method === 'Check' ? { allowed: answer.allowed } : {}) };
}

/** The models outlive the view's turn. */
function modelsOf({ modelId }: CheckQuery, view: StoreView) {
  const latest = view.latestModelId();
  const id = modelId ?? latest;
  const model = id === undefined ? undefined : view.model(id);
  return { latestModelId: () => latest, model: (asked: string) => (asked === id ? model : undefined) };
}

function isAllowed(outcome: TierOutcome): boolean {
  return 'answer' in outcome && outcome.answer.method === 'Check' && outcome.answer.allowed;
}

function isKept(keeps: Keeps, type: string): boolean {
  return typeof keeps === 'string' ? keeps === 'everything' : keeps.objectTypes.includes(type);
}

function bare({ user, relation, object }: TupleKey): TupleKey {
  return { user, relation, object };
}
