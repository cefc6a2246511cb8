/**
 * A rest for an upstream that does not answer: after several failures in a row queries are refused at once instead of each
 * waiting for its own time-out; after a moment one of them tries. Writes and everything else that is not a query pass by.
 */
import { FgaError } from '../fga/error.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Fault, ForwardFailure } from './forward-failure.ts';

export interface Breaker {
  /** Undefined: go on, and tell what came of it. Else the refusal: nothing is to be sent. */
  refusal(): ForwardFailure | undefined;
  succeeded(): void;
  failed(fault: Fault): void;
}

/** By where a query goes; the same one when there is no replica. */
export interface Breakers {
  readonly upstream: Breaker;
  readonly primary: Breaker;
}

export interface BreakerOptions {
  readonly clock: Clock;
  /** The rest begins or ends. */
  turned?(state: 'open' | 'closed'): void;
}

/** One lost connection is no outage: a pool of a restarted server gives several at once. */
export const FAILURES_IN_A_ROW = 5;
/** Between two tries. A server that restarts is found again within it. */
export const REST_MS = 1_000;
/** A try of which nothing is heard (its client left) does not keep others from trying. */
const TRY_MS = 5_000;

type State =
  | { readonly is: 'closed'; failures: number }
  | { readonly is: 'open'; readonly untilMs: number }
  | { readonly is: 'trying'; readonly untilMs: number };

export function createBreaker({ clock, turned = () => {} }: BreakerOptions): Breaker {
  let state: State = { is: 'closed', failures: 0 };

  function rest(): void {
    if (state.is === 'closed') turned('open');
    state = { is: 'open', untilMs: clock.monoMs() + REST_MS };
  }

  function answered(): void {
    if (state.is !== 'closed') turned('closed');
    state = { is: 'closed', failures: 0 };
  }

  function again(): void {
    if (state.is === 'trying') state = { is: 'open', untilMs: clock.monoMs() };
  }

  return {
    refusal() {
      if (state.is === 'closed') return undefined;
      const now = clock.monoMs();
      if (now < state.untilMs) return refused();
      state = { is: 'trying', untilMs: now + TRY_MS };
      return undefined;
    },
    succeeded: answered,
    failed(fault) {
      if (fault === 'open') return;
      // It is there, whatever it made of this one; or the caller sees to it that calls fail.
      if (fault === 'failing' || fault === 'dropped') return answered();
      // Nothing was sent, so nothing is known: the next one tries.
      if (fault === 'request') return again();
      if (state.is === 'trying') rest();
      else if (state.is === 'closed') {
        state.failures += 1;
        if (state.failures >= FAILURES_IN_A_ROW) rest();
      }
    },
  };
}

function refused(): ForwardFailure {
  const error = new FgaError(
    'unavailable',
    'the upstream server has not answered lately and is given a rest',
  );
  return { fault: 'open', sent: false, status: undefined, error };
}
