/**
 * A share of the local answers is also asked upstream, after the client has its answer, and compared. Where they are not the
 * same, both sides are asked again between two barriers with no change in between: only what differs then is a mismatch,
 * anything else was a change on its way.
 */
import type { Query } from '../fga/query.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { Tier, TierOutcome } from '../plugin/tier.ts';
import type { AskedReply } from '../upstream/ask.ts';
import type { Decision } from './decision.ts';
import { type LocalData, revisionText } from './products.ts';
import type { Decider } from './query-call.ts';
import { type Said, saidBy, saidHere } from './shadow-said.ts';

/**
 * same: at first sight. explained: the same once both stood still. mismatch: not the same although both stood still.
 * undecided: it changed at every look. unanswered: the upstream, or this sidecar the second time, gave no answer to compare.
 * dropped: too many were waiting.
 */
export type ShadowOutcome = 'same' | 'explained' | 'mismatch' | 'undecided' | 'unanswered' | 'dropped';

export interface Mismatch {
  readonly query: Query;
  readonly here: Said;
  readonly there: Said;
  /** `<epoch>.<revision>` at which both were asked. */
  readonly revision: string;
  readonly modelId: string | undefined;
}

export interface Shadow {
  /** Takes note of an answer that is about to be sent; costs a number drawn, and no more for those not taken. */
  offer(query: Query, decision: Decision): void;
  close(): void;
}

export interface ShadowParts {
  /** 0 to 1. */
  readonly share: number;
  /** 0 up to but not 1. */
  random(): number;
  /** Asks the upstream with HIGHER_CONSISTENCY. */
  ask(query: Query): Promise<AskedReply>;
  readonly data: LocalData;
  tierOf(storeId: string): Tier;
  readonly clock: Clock;
  readonly logger: Log;
  told(outcome: ShadowOutcome): void;
  mismatch(mismatch: Mismatch): Promise<void>;
}

const AT_ONCE = 4;
/** Answers that wait to be compared; more are let go. */
export const MOST_WAITING = 100;
const LOOKS = 4;
const BARRIER_WAIT_MS = 10_000;

interface Job {
  readonly query: Query;
  readonly here: Said;
}

export function createShadow(parts: ShadowParts): Shadow {
  const { share, clock, data, logger } = parts;
  const waiting: Job[] = [];
  let busy = 0;
  let closed = false;

  function pump(): void {
    while (!closed && busy < AT_ONCE) {
      const job = waiting.shift();
      if (!job) return;
      busy += 1;
      void compare(job).finally(() => {
        busy -= 1;
        pump();
      });
    }
  }

  async function compare(job: Job): Promise<void> {
    try {
      // A turn later: the answer is on its way to the client.
      await clock.sleep(0);
      const outcome = await judge(job);
      if (!closed) parts.told(outcome);
    } catch (error) {
      if (closed) return;
      parts.told('unanswered');
      logger.debug({ store: job.query.storeId, err: error }, 'a local answer could not be compared');
    }
  }

  async function judge({ query, here }: Job): Promise<ShadowOutcome> {
    const there = saidBy(query, await parts.ask(query));
    if (there === undefined) return 'unanswered';
    return there.text === here.text ? 'same' : again(query);
  }

  /** Both sides anew, with a barrier before and after, until nothing of the store changed between the two. */
  async function again(query: Query): Promise<ShadowOutcome> {
    const { storeId } = query;
    for (let look = 0; look < LOOKS && !closed; look += 1) {
      if (!(await data.barrier(storeId, BARRIER_WAIT_MS))) return 'undecided';
      const before = standOf(storeId);
      const outcome = await evaluate(query);
      outcome?.remember?.(undefined);
      const here = outcome && saidHere(outcome);
      if (outcome === undefined || here === undefined) return 'unanswered';
      const there = saidBy(query, await parts.ask(query));
      if (there === undefined) return 'unanswered';
      if (!(await data.barrier(storeId, BARRIER_WAIT_MS))) return 'undecided';
      if (before === undefined || standOf(storeId) !== before) continue;
      if (there.text === here.text) return 'explained';
      await parts.mismatch({ query, here, there, revision: before, modelId: outcome.modelId });
      return 'mismatch';
    }
    return 'undecided';
  }

  /** Undefined while the store may not be answered from. */
  function standOf(storeId: string): string | undefined {
    const view = data.view(storeId);
    return view && data.complete(storeId) ? revisionText(view.state.head) : undefined;
  }

  function evaluate(query: Query): TierOutcome | Promise<TierOutcome> | undefined {
    const view = data.view(query.storeId);
    return view && data.complete(query.storeId)
      ? parts.tierOf(query.storeId).answer(query, { view })
      : undefined;
  }

  return {
    offer(query, decision) {
      if (closed || parts.random() >= share) return;
      const here = 'servedBy' in decision && decision.servedBy === 'local' ? saidHere(decision) : undefined;
      if (here === undefined) return;
      if (waiting.length >= MOST_WAITING) return parts.told('dropped');
      waiting.push({ query, here });
      pump();
    },
    close() {
      closed = true;
      waiting.length = 0;
    },
  };
}

/** The decider, with every decision offered to the shadow. */
export function shadowed(decider: Decider, shadow: Shadow): Decider {
  return {
    ...decider,
    decide(query, caller) {
      const decision = decider.decide(query, caller);
      if (!(decision instanceof Promise)) shadow.offer(query, decision);
      else
        return decision.then((late) => {
          shadow.offer(query, late);
          return late;
        });
      return decision;
    },
  };
}
