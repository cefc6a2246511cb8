/**
 * The lease: which one of several sidecars publishes to a change log. It says who may, the fence of the log sees to it:
 * a holder that was paused past its time is refused by the log, asks (`confirm`) and learns that it is no longer the one.
 */

/** One sidecar's time as the one that publishes. */
export interface Term {
  /** Names this term among all, also to other processes. */
  readonly id: string;
  /** Monotonic ms at which it was known to have begun: nobody else has taken up a store since. */
  readonly sinceMs: number;
  /** Aborts when the term ends, at the latest before another term can begin. */
  readonly over: AbortSignal;
  /** By this process's clock, also where it was stopped for so long that `over` could not tell yet. */
  holds(): boolean;
  /** Asks the broker and not the clock; ends the term when the answer is no. Throws when the broker is out of reach. */
  confirm(): Promise<boolean>;
}

export type LeaseState =
  | { readonly lease: 'held'; readonly holder: string; readonly sinceMs: number }
  | { readonly lease: 'elsewhere'; readonly holder: string; readonly sinceMs: number }
  /** Nobody has it, or the broker cannot be asked. */
  | { readonly lease: 'unknown'; readonly sinceMs: number; readonly error?: string };

export interface Lease {
  /** Times are wall clock, ms. */
  state(): LeaseState;
  /**
   * Tries for the lease until `signal` aborts. While it is held `work` runs; it has to end soon after `term.over` and after
   * `signal`. The lease is renewed until the work has ended, then given back, so that another may take it at once.
   */
  run(signal: AbortSignal, work: (term: Term) => Promise<void>): Promise<void>;
}

/** Thrown where something would be published by a sidecar that may not. */
export class NotHolderError extends Error {
  constructor(what = 'another sidecar holds the lease, or none does') {
    super(what);
    this.name = 'NotHolderError';
  }
}

/** The term of a sidecar whose log nobody else can publish to. */
export function endlessTerm(sinceMs = Number.NEGATIVE_INFINITY): Term {
  return {
    id: 'alone',
    sinceMs,
    over: new AbortController().signal,
    holds: () => true,
    confirm: async () => true,
  };
}
