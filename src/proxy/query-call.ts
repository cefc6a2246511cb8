/** A query on its way, and what it needs of the street, whatever the wire. */
import type { Callers } from '../auth/callers.ts';
import type { Declined } from '../fga/answer.ts';
import type { FgaError } from '../fga/error.ts';
import type { Query, QueryMethod } from '../fga/query.ts';
import type { Log } from '../plugin/log.ts';
import type { Remember } from '../plugin/tier.ts';
import type { Breakers } from '../upstream/breaker.ts';
import type { ForwardFailure } from '../upstream/forward-failure.ts';
import type { Admission } from './admit.ts';
import type { Decision, DeclinedDecision, FinalDecision } from './decision.ts';
import type { ProxyEvents } from './events.ts';
import type { Turnstile } from './turnstile.ts';

export type Understood = { readonly query: Query } | { readonly error: FgaError } | Declined;

export interface Caller {
  /** `Rsfga-Min-Revision` and `Authorization` as they came. */
  readonly minRevision?: string | undefined;
  readonly authorization?: string | undefined;
}

/** Products, tiers, freshness and credentials: what decides over a query that was understood. */
export interface Decider {
  /** False: nothing of this store is ever answered here, so its queries are forwarded unread. */
  serves(storeId: string): boolean;
  decide(query: Query, caller: Caller): Decision | Promise<Decision>;
  /** A forwarded answer named this model: one that is newer than the known latest may not be overlooked. */
  sawModel(storeId: string, modelId: string): void;
}

/** What serving needs of the street, whatever the wire. */
export interface ServingStreet {
  readonly callers: Callers;
  readonly decider: Decider;
  /** Own Writes of the store may not have reached a replica yet. Absent: there is none. */
  readonly wroteLately?: ((storeId: string) => boolean) | undefined;
  /** What is forwarded goes to a replica, unless it has to see the primary. */
  readonly replica?: boolean;
  /** Absent: any number of queries at once. */
  readonly turnstile?: Turnstile;
  readonly events: ProxyEvents;
  readonly log: Log;
  /** For queries that are forwarded, by where they go. Absent: they are always sent. */
  readonly breakers?: Breakers;
}

/** One query on its way, as its wire carries it. */
export interface QueryCall {
  readonly street: ServingStreet;
  readonly storeId: string;
  readonly method: QueryMethod;
  /** `performance.now()` when the request came. */
  readonly startedAt: number;
  admit(): Admission;
  understand(): Understood;
  respond(decision: FinalDecision): void;
  /** The sidecar's own 503. */
  unavailable(error: FgaError): void;
  forward(way: Forwarding): void;
  /** Some of an answer has gone out. */
  begun(): boolean;
  /** Calls back once, when the answer is out or the client is gone; also when that has happened already. */
  onEnd(ended: () => void): void;
  /** Ends the call without a (whole) answer. */
  cut(): void;
}

/** How a query that is not answered here goes to the upstream. */
export interface Forwarding {
  /** Undefined: the store is not served here, so there is nothing to explain. */
  readonly declined: DeclinedDecision | undefined;
  /** Not to a replica. */
  readonly primary: boolean;
  /** There is an answer here: what says that the upstream has none is not handed on, it is a failure. */
  readonly replaceable: boolean;
  /** Instead of the forwarder's own. */
  readonly answerTimeoutMs: number | undefined;
  /** The answer names the model that the upstream resolved. */
  sawModel(modelId: string): void;
  /**
   * What the upstream said, when it came whole and can be said again; undefined as soon as it is known that it will not.
   * Absent: nobody listens. A wire that cannot tell leaves it to `done` and `failed`.
   */
  readonly heard?: Remember | undefined;
  done(): void;
  failed(failure: ForwardFailure): void;
}
