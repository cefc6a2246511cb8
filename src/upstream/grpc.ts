/**
 * The only way of a client's gRPC call to the upstream: HTTP/2 frames in, HTTP/2 frames out. Nothing is decoded, nothing is
 * ever sent twice.
 */

import { FgaError } from '../fga/error.ts';
import { LONGEST_TIMER_MS } from '../plugin/clock.ts';
import { ANSWER_TIMEOUT_MS } from './forward.ts';
import { type ForwardFailure, failure } from './forward-failure.ts';
import type { GrpcRelayCall, GrpcRequest } from './grpc-call.ts';
import { type GrpcExchange, GrpcHeld } from './grpc-held.ts';
import { requestMetadata } from './grpc-metadata.ts';
import { GrpcRelay } from './grpc-relay.ts';
import { type GrpcServer, GrpcSessions, type OpenCall } from './grpc-sessions.ts';

export interface GrpcForwarder {
  relay(call: GrpcRelayCall): void;
  /** The call is seen through to its end whatever the client does, and the answer is held back. Never rejects. */
  exchange(request: GrpcRequest): Promise<GrpcExchange>;
  /** Ends once the calls under way have. */
  close(): Promise<void>;
}

export interface GrpcForwarderOptions extends GrpcServer {
  /** From the end of the request to the head of the answer. A longer `grpc-timeout` of the client counts instead. */
  readonly answerTimeoutMs?: number;
}

export function openGrpcForwarder(options: GrpcForwarderOptions): GrpcForwarder {
  const sessions = new GrpcSessions(options);
  const patienceMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  const patienceOf = ({ headers }: GrpcRelayCall) =>
    Math.min(LONGEST_TIMER_MS, Math.max(patienceMs, deadlineOf(headers)));
  return {
    relay(call) {
      if (call.stream.destroyed) return;
      const opened = open(sessions, call.headers);
      if ('failed' in opened) call.failed(opened.failed);
      else new GrpcRelay(call, opened, call.answerTimeoutMs ?? patienceOf(call));
    },
    exchange: (request) =>
      new Promise((resolve) => {
        const opened = open(sessions, request.headers);
        if ('failed' in opened) resolve(opened);
        else new GrpcHeld(request, opened, { patienceMs, resolve });
      }),
    close: () => sessions.close(),
  };
}

function open(
  sessions: GrpcSessions,
  raw: readonly string[],
): OpenCall | { readonly failed: ForwardFailure } {
  try {
    return sessions.call(requestMetadata(raw));
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    return {
      failed: isOfTheSession(cause) ? failure(cause, { sent: false, status: undefined }) : unsayable(cause),
    };
  }
}

const OF_THE_SESSION: ReadonlySet<string> = new Set([
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_GOAWAY_SESSION',
]);

function isOfTheSession(cause: Error): boolean {
  return 'code' in cause && OF_THE_SESSION.has(String(cause.code));
}

/** The client's own doing: it says nothing about the upstream. */
function unsayable(cause: Error): ForwardFailure {
  const error = new FgaError('internal_error', 'the metadata of this call cannot be sent on', {
    cause,
    grpc: { status: INTERNAL, message: 'the metadata of this call cannot be sent on' },
  });
  return { fault: 'request', sent: false, status: undefined, error };
}

/** gRPC's INTERNAL: what gRPC itself says to a head that makes no sense. */
const INTERNAL = 13;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** `grpc-timeout` in ms: at most eight digits and a unit; 0 when there is none that is well formed. The first, if repeated. */
export function deadlineOf(raw: readonly string[]): number {
  const at = raw.indexOf('grpc-timeout');
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(raw[at + 1] ?? '') ?? [];
  return at % 2 !== 0 || digits === undefined ? 0 : Number(digits) * (UNIT_MS[unit ?? ''] ?? 0);
}
