/** What the request street tells telemetry. Counters, never a log line per request; `sidecar.ts` fits metrics to it. */
import type { DeclineReason } from '../fga/answer.ts';
import type { QueryMethod } from '../fga/query.ts';
import type { Fault } from '../upstream/forward-failure.ts';
import type { Shed } from './turnstile.ts';

/** `error`: OpenFGA's own error, answered here. `unavailable`: the sidecar's 503. */
export type ServedBy = 'local' | 'cache';

/** `bytes`: there was no room for the body; it may have been a Write's. `writes`: as many Writes are under way as may be. */
export type ShedReason = Shed['reason'] | 'bytes' | 'writes';

export interface ProxyEvents {
  /** A query answered here, OpenFGA's own errors included. */
  served(method: QueryMethod, by: ServedBy, seconds: number): void;
  /** An answer of the upstream handed to the client whole. `method` is set where the route is a query. */
  forwarded(method: QueryMethod | undefined, seconds: number): void;
  /** A query for a store that is served here went to the upstream after all. */
  declined(method: QueryMethod, reason: DeclineReason): void;
  /** The upstream gave no answer, or not all of one. */
  forwardFailed(fault: Fault): void;
  /** More than may be under way: refused, neither answered nor forwarded. */
  shed(method: QueryMethod | undefined, reason: ShedReason): void;
  /** Answering here threw; the query was forwarded. A defect: the log holds the error. */
  localFault(method: QueryMethod): void;
  /** Capturing threw; the client got its answer. A defect: the log holds the error. */
  captureFault(): void;
}

export const noEvents: ProxyEvents = {
  served() {},
  forwarded() {},
  declined() {},
  forwardFailed() {},
  shed() {},
  localFault() {},
  captureFault() {},
};
