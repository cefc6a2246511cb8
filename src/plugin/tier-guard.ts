/**
 * A tier from outside behind a guard: whatever it does but block this thread, the query is answered or forwarded, and
 * nothing that it may have missed is answered from its memory. A fault counts as a decline.
 */
import type { Query } from '../fga/query.ts';
import type { ModelReader } from '../fga/reader.ts';
import type { Clock } from './clock.ts';
import type { StoreView } from './store.ts';
import type { Keeps, Remember, Tier, TierContext, TierOutcome } from './tier.ts';
import type { PluginTier } from './tier-plugin.ts';
import { isPromise, outcomeProblem } from './tier-shape.ts';
import { turnView } from './turn-view.ts';

/**
 * threw: it threw or rejected. garbage: what it gave is no outcome. unproven: it answered although the query may read object types
 * that are not held here. late: nothing came in time. resting: it was late too often
 * and is not asked for a moment. deaf: it failed to hear of a change, and is not asked about that store any more.
 */
export type TierFault = 'threw' | 'garbage' | 'unproven' | 'late' | 'resting' | 'deaf';

/** Stable words: a metric label. */
export type TierDeed = 'answered' | 'cached' | 'declined' | TierFault;

export interface GuardEvents {
  did(tier: string, deed: TierDeed): void;
  /** The first time that a tier does this, with what it did; later ones are only counted. */
  fault(tier: string, fault: TierFault, error: unknown): void;
}

export interface GuardParts {
  /** As the YAML calls it. */
  readonly name: string;
  readonly clock: Clock;
  readonly events: GuardEvents;
  /** What the query may read; undefined: its model is not known here. */
  reach(query: Query, models: ModelReader): { readonly types: ReadonlySet<string> } | undefined;
}

/** OpenFGA itself ends a request after 3 s (contract section 2.3): whoever waits longer for a tier had better asked it. */
export const TIER_ANSWER_MS = 3_000;
/** As with an upstream that does not answer (`src/upstream/breaker.ts`). */
export const LATE_IN_A_ROW = 5;
export const TIER_REST_MS = 1_000;
/** A drain as a whole has 25 s (`src/cli/life.ts`). */
export const TIER_CLOSE_MS = 5_000;

interface Asked {
  readonly query: Query;
  /** What the copy did not hold when it was asked. */
  readonly missing: readonly string[];
}

const DEAF = 'it has missed a change, and may answer what is not so any more';

export function guardTier(tier: PluginTier, { name, clock, events, reach }: GuardParts): Tier {
  const keeps: Keeps = structuredClone(tier.keeps);
  /** Stores of which it may have missed something. */
  const deaf = new Set<string>();
  /** An operator dropped something, and it did not. */
  let deafToAll = false;
  const told = new Set<TierFault>();
  let late = 0;
  let restUntilMs = 0;
  let closing: Promise<void> | undefined;

  function faulty(fault: TierFault, error: unknown): TierOutcome {
    events.did(name, fault);
    if (!told.has(fault)) events.fault(name, fault, error);
    told.add(fault);
    return { declined: 'fault', detail: `the tier ${name}: ${fault}, ${textOf(error)}` };
  }

  function isDeaf({ storeId }: Query): boolean {
    return deafToAll || deaf.has(storeId);
  }

  /** Object types that the query may read and that the copy does not hold. */
  function missingIn(view: StoreView | undefined, query: Query): readonly string[] {
    const held = view?.state.objectTypes;
    if (!view || !held) return [];
    const reads = reach(query, view);
    return reads
      ? [...reads.types].filter((type) => !held.includes(type))
      : ['what only an unknown model says'];
  }

  function answer(query: Query, context: TierContext): TierOutcome | Promise<TierOutcome> {
    if (isDeaf(query)) return faulty('deaf', DEAF);
    if (late >= LATE_IN_A_ROW) {
      if (clock.monoMs() < restUntilMs) return faulty('resting', 'it did not answer in time lately');
      // One tries; the others are not kept waiting with it.
      restUntilMs = clock.monoMs() + TIER_ANSWER_MS + TIER_REST_MS;
    }
    try {
      const turn = context.view && turnView(context.view);
      const asked = { query, missing: missingIn(context.view, query) };
      const given: unknown = tier.answer(query, { view: turn?.view });
      if (isPromise(given)) {
        if (turn) setImmediate(turn.end);
        return inTime(given, asked);
      }
      turn?.end();
      late = 0;
      return judged(given, asked);
    } catch (error) {
      return faulty('threw', error);
    }
  }

  async function inTime(pending: PromiseLike<unknown>, asked: Asked): Promise<TierOutcome> {
    const enough = new AbortController();
    const settled = Promise.resolve(pending).then(
      (given) => ({ given }),
      (error: unknown) => ({ error }),
    );
    const first = await Promise.race([settled, clock.sleep(TIER_ANSWER_MS, enough.signal)]);
    enough.abort();
    if (first === undefined) {
      late += 1;
      restUntilMs = clock.monoMs() + TIER_REST_MS;
      // Nobody will tell it what the upstream said; it must not wait for that either.
      void settled.then((then) => 'given' in then && letGo(then.given));
      return faulty('late', `nothing within ${TIER_ANSWER_MS} ms`);
    }
    late = 0;
    if ('error' in first) return faulty('threw', first.error);
    try {
      return judged(first.given, asked);
    } catch (error) {
      return faulty('threw', error);
    }
  }

  function judged(given: unknown, { query, missing }: Asked): TierOutcome {
    const problem = outcomeProblem(given, query);
    if (problem !== undefined) {
      letGo(given);
      return faulty('garbage', problem);
    }
    // A change was missed while it was thinking.
    if (isDeaf(query)) {
      letGo(given);
      return faulty('deaf', DEAF);
    }
    const outcome = given as TierOutcome;
    if (!('declined' in outcome)) {
      // No part of a graph is ever searched, whoever searches. What is remembered was said by the upstream.
      if (!outcome.cached && missing.length > 0)
        return faulty('unproven', `it may read ${missing.join(', ')}, which is not held here`);
      events.did(name, outcome.cached ? 'cached' : 'answered');
      return outcome;
    }
    events.did(name, 'declined');
    const { remember } = outcome;
    return remember ? { ...outcome, remember: (said) => attempt(() => remember(said), 'may wait') } : outcome;
  }

  /** Runs what has no answer. True when it went well. */
  function attempt(hook: () => unknown, patience: 'at once' | 'may wait' = 'at once'): boolean {
    try {
      const given = hook();
      if (!isPromise(given)) return true;
      void Promise.resolve(given).catch((error: unknown) => faulty('threw', error));
      // What is to be dropped has to be gone when the hook returns.
      if (patience === 'at once') faulty('garbage', 'it gave a promise where it has to be done at once');
      return patience === 'may wait';
    } catch (error) {
      faulty('threw', error);
      return false;
    }
  }

  function letGo(given: unknown): void {
    if (typeof given !== 'object' || given === null) return;
    attempt(() => {
      const remember: unknown = Reflect.get(given, 'remember');
      return typeof remember === 'function' ? (remember as Remember)(undefined) : undefined;
    }, 'may wait');
  }

  /** Unheard changes make its memory of the store worthless: it forgets all of it, or is not asked again. */
  function forget(storeId: string): void {
    if (tier.forget && attempt(() => tier.forget?.(storeId))) deaf.delete(storeId);
    else if (tier.forget) deaf.add(storeId);
  }

  async function closeInTime(): Promise<void> {
    const enough = new AbortController();
    const closed = Promise.resolve(tier.close?.()).then(() => true);
    const inTime = await Promise.race([closed, clock.sleep(TIER_CLOSE_MS, enough.signal)]).finally(() =>
      enough.abort(),
    );
    if (!inTime) faulty('late', `it did not close within ${TIER_CLOSE_MS} ms`);
  }

  return {
    name,
    keeps,
    answer,
    changing(change) {
      if (!tier.changing || attempt(() => tier.changing?.(change))) return;
      deaf.add(change.storeId);
      forget(change.storeId);
    },
    forget,
    invalidate(key) {
      if (!attempt(() => tier.invalidate?.(key))) deafToAll = true;
    },
    close() {
      closing ??= closeInTime();
      return closing;
    },
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
