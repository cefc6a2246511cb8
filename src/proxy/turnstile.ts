/**
 * How many queries may be under way at once: in all, and of one product, so that no product takes what another needs. Past
 * it a query is refused at once; it neither waits nor reaches the upstream. Nothing is allocated for a query that passes.
 */
import { FgaError } from '../fga/error.ts';
import type { Clock } from '../plugin/clock.ts';

/** Absent: no bound. */
export interface Quota {
  readonly concurrentQueries?: number;
  /** On average; a burst of one second's worth passes at once. */
  readonly queriesPerSecond?: number;
}

export interface Turn {
  /** To be called once, when the query has ended. */
  leave(): void;
}

export interface Shed {
  readonly refused: FgaError;
  readonly reason: 'limit' | 'quota' | 'rate';
}

export interface Turnstile {
  enter(storeId: string): Turn | Shed;
}

export interface TurnstileParts {
  /** Of all products together. */
  readonly concurrentQueries: number;
  quotaOf(storeId: string): { readonly id: string; readonly quota?: Quota };
  readonly clock: Pick<Clock, 'monoMs'>;
}

export function createTurnstile({ concurrentQueries, quotaOf, clock }: TurnstileParts): Turnstile {
  let running = 0;
  /** By product id: they outlive a change of the products. */
  const products = new Map<string, Meter>();
  const leave = () => {
    running -= 1;
  };
  const anyTurn: Turn = { leave };

  function meterOf(id: string): Meter {
    const known = products.get(id);
    if (known) return known;
    const made = createMeter(leave, clock.monoMs());
    products.set(id, made);
    return made;
  }

  return {
    enter(storeId) {
      if (running >= concurrentQueries) return OVER_LIMIT;
      const { id, quota } = quotaOf(storeId);
      if (quota === undefined) {
        running += 1;
        return anyTurn;
      }
      const meter = meterOf(id);
      const reason = meter.refusal(quota, clock.monoMs());
      if (reason !== undefined) return { refused: overQuota(id, reason), reason };
      running += 1;
      return meter.turn();
    },
  };
}

interface Meter {
  refusal(quota: Quota, nowMs: number): 'quota' | 'rate' | undefined;
  turn(): Turn;
}

function createMeter(leaveAll: () => void, sinceMs: number): Meter {
  let running = 0;
  let allowance: number | undefined;
  let lastMs = sinceMs;
  const own: Turn = {
    leave() {
      running -= 1;
      leaveAll();
    },
  };
  return {
    refusal({ concurrentQueries, queriesPerSecond }, nowMs) {
      if (concurrentQueries !== undefined && running >= concurrentQueries) return 'quota';
      if (queriesPerSecond === undefined) return undefined;
      const grown = (allowance ?? queriesPerSecond) + ((nowMs - lastMs) / 1000) * queriesPerSecond;
      allowance = Math.min(queriesPerSecond, grown);
      lastMs = nowMs;
      if (allowance < 1) return 'rate';
      allowance -= 1;
      return undefined;
    },
    turn() {
      running += 1;
      return own;
    },
  };
}

const OVER_LIMIT: Shed = {
  refused: new FgaError('resource_exhausted', 'too many queries are under way at this sidecar; try again'),
  reason: 'limit',
};

function overQuota(id: string, reason: 'quota' | 'rate'): FgaError {
  const what = reason === 'quota' ? 'has as many queries under way' : 'asks as many queries per second';
  return new FgaError('resource_exhausted', `the product ${id} ${what} as its quota allows; try again`);
}
