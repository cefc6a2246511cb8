/**
 * A query for a store that is served here: admit, parse, decide, answer. Whatever does not end in an answer is forwarded
 * with the bytes that were read. Synchronous from the last byte of the body to the answer whenever the decider is.
 *
 * One path for both wires: `serve-http.ts` and `grpc-serve.ts` only say how a question is read and how an answer is sent.
 */

import type { Query } from '../fga/query.ts';
import type { ForwardFailure } from '../upstream/forward-failure.ts';
import type { Admission } from './admit.ts';
import type { Decision, DeclinedDecision } from './decision.ts';
import type { QueryCall } from './query-call.ts';
import { elapsedSeconds, instead, report, respond } from './respond.ts';
import { isStrongQuery } from './strong.ts';

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
