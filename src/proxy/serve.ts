/**
 * A query for a store that is served here: admit, parse, decide, answer. Whatever does not end in an answer is forwarded
 * with the bytes that were read. Synchronous from the last byte of the body to the answer whenever the decider is.
 *
 * One path for both wires: `serve-http.ts` and `grpc-serve.ts` only say how a question is read and how an answer is sent.
 */
import type { Callers } from '../auth/callers.ts';
import type { Answer, Declined, DeclineReason } from '../fga/answer.ts';
import type { FgaError } from '../fga/error.ts';
import type { Query, QueryMethod } from '../fga/query.ts';
import type { Log } from '../plugin/log.ts';
import type { Remember } from '../plugin/tier.ts';
import type { Breakers } from '../upstream/breaker.ts';
import type { ForwardFailure } from '../upstream/forward-failure.ts';
import type { Admission } from './admit.ts';
import type { ProxyEvents, ServedBy } from './events.ts';
import { elapsedSeconds, instead, report, respond } from './respond.ts';
import { isStrongQuery } from './strong.ts';
import type { Turnstile } from './turnstile.ts';

export type Understood = { readonly query: Query } | { readonly error: FgaError } | Declined;

/** What an answer or a decline says about the data behind it. */
export interface View {
  /** `<epoch>.<revision>`. */
  readonly revision?: string;
  readonly stalenessMs?: number;
}

export interface LocalView extends View {
  readonly servedBy: ServedBy;
  /** The model that decided; also on errors that came after it was resolved. */
  readonly modelId?: string;
}

export interface DeclinedDecision extends View {
  readonly declined: DeclineReason;
  /** Ask the primary, not a replica. */
  readonly primary?: boolean;
  /** What to answer while the upstream gives none (`on_stale: forward`, up to `max_offline`). */
  fallback?(): Decision | Promise<Decision>;
  /** Wants to hear what the upstream says, or `undefined`; called at least once, and the first time counts. */
  readonly remember?: Remember;
}

export type FinalDecision =
  | (LocalView & { readonly answer: Answer })
  | (LocalView & { readonly error: FgaError })
  /** The caller is not known, or may not: never forwarded. */
  | { readonly denied: FgaError };

export type Decision = FinalDecision | DeclinedDecision;

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

/** A cut-off edge answers from here before a client's own patience ends (the SDK's is 10 s). */
const FALLBACK_AFTER_MS = 5_000;

export function serve(call: QueryCall): void {
  const turn = call.street.turnstile?.enter(call.storeId);
  if (turn !== undefined && 'refused' in turn) {
    call.respond({ denied: turn.refused });
    call.street.events.shed(call.method, turn.reason);
    return;
  }
  consult(call);
  // What was answered at once has ended; the rest holds its place until the client has its answer or is gone.
  if (call.begun()) turn?.leave();
  else if (turn !== undefined) call.onEnd(turn.leave);
}

function consult(call: QueryCall): void {
  if (!call.street.decider.serves(call.storeId)) {
    forward(call, undefined);
    return;
  }
  try {
    const decision = consider(call);
    if (decision instanceof Promise) void settleLater(call, decision);
    else settle(call, decision);
  } catch (error) {
    fault(call, error);
  }
}

/** The body as a question, put to the decider. */
function consider(call: QueryCall): Decision | Promise<Decision> {
  const admission = call.admit();
  if (admission.declined !== undefined) return { declined: admission.declined };
  const parsed = call.understand();
  if ('query' in parsed) return decideFor(call, parsed.query, admission);
  // Upstream too says what is wrong with a request before it asks who is calling (contract section 3.4).
  if ('error' in parsed) return { error: parsed.error, servedBy: 'local' };
  return { declined: parsed.declined };
}

/** The caller first: whoever is not let in learns nothing of what is kept here. */
function decideFor(call: QueryCall, query: Query, admission: Admission): Decision | Promise<Decision> {
  const { callers, decider } = call.street;
  const verdict = callers.admit(admission.authorization, query.storeId);
  if (verdict === undefined) return decider.decide(query, admission);
  if (!(verdict instanceof Promise)) return verdict;
  return verdict.then((late) => late ?? decider.decide(query, admission));
}

async function settleLater(call: QueryCall, decision: Promise<Decision>): Promise<void> {
  try {
    settle(call, await decision);
  } catch (error) {
    fault(call, error);
  }
}

function settle(call: QueryCall, decision: Decision): void {
  if ('declined' in decision) forward(call, decision);
  else respond(call, decision);
}

function forward(call: QueryCall, declined: DeclinedDecision | undefined): void {
  const { street, storeId, method } = call;
  if (declined !== undefined) street.events.declined(method, declined.declined);
  const primary = declined?.primary ?? (street.wroteLately?.(storeId) || isStrongQuery(call));
  const breaker = street.breakers?.[primary ? 'primary' : 'upstream'];
  const failed = (failure: ForwardFailure) => {
    declined?.remember?.(undefined);
    breaker?.failed(failure.fault);
    street.events.forwardFailed(failure.fault);
    if (call.begun()) return;
    instead(call, failure, declined).catch((error: unknown) =>
      report(call, error, 'a query could not be answered while the upstream is away'),
    );
  };
  const refusal = breaker?.refusal();
  if (refusal) {
    failed(refusal);
    return;
  }
  // Of a client that leaves not every wire tells.
  const remember = declined?.remember;
  if (remember) call.onEnd(() => remember(undefined));
  call.forward({
    declined,
    primary,
    replaceable: declined?.fallback !== undefined,
    answerTimeoutMs: declined?.fallback && FALLBACK_AFTER_MS,
    sawModel: (modelId) => street.decider.sawModel(storeId, modelId),
    heard: declined?.remember,
    done: () => {
      declined?.remember?.(undefined);
      breaker?.succeeded();
      street.events.forwarded(method, elapsedSeconds(call));
    },
    failed,
  });
}

/** Answering here threw: a defect of ours may cost the client time, not its answer. */
function fault(call: QueryCall, error: unknown): void {
  report(call, error, 'a query could not be answered here and is forwarded');
  if (call.begun()) call.cut();
  else forward(call, undefined);
}
