/** The hall of the gRPC street: where each call goes. */

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Denied } from '../auth/callers.ts';
import { MAX_REQUEST_BYTES } from '../fga/limits.ts';
import type { ReadSoFar } from '../upstream/grpc-call.ts';
import { CANCEL } from '../upstream/grpc-sessions.ts';
import { captureWrite } from './capture-call.ts';
import { FORWARDED_CALL, sendGrpcOwnError } from './grpc-answer.ts';
import { messageOf, readRequest } from './grpc-body.ts';
import { type GrpcWrite, grpcWriteCall, storeOfUnread, storeOfWrite } from './grpc-capture.ts';
import { grpcRouteOf } from './grpc-routes.ts';
import { contentTypeOf, type GrpcQuery, GrpcQueryCall } from './grpc-serve.ts';
import type { GrpcCall, GrpcStreet } from './grpc-street.ts';
import { STORE_ID } from './routes.ts';
import { serve } from './serve.ts';
import { readOverGrpc } from './strong.ts';
import { readQuestion } from './wire/proto-parse.ts';

export type GrpcHandler = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
) => void;

export function openGrpcStreet(street: GrpcStreet): GrpcHandler {
  return (stream, headers, raw) => {
    // What goes wrong with a client's stream ends in its `close`; without a listener it would end the process.
    stream.on('error', (err) => street.log.debug({ err }, 'a gRPC stream of a client broke'));
    handle({ street, stream, headers, raw, startedAt: performance.now() });
  };
}

function handle(call: GrpcCall): void {
  const route = grpcRouteOf(call.headers);
  switch (route.kind) {
    case 'query':
      read(call, (body) => query({ ...call, method: route.method, body }));
      break;
    case 'write':
    case 'write-model':
      read(call, (body) => write({ ...call, kind: route.kind, body }));
      break;
    case 'read':
      if (call.street.replica) read(call, (body) => readOnce(call, body));
      else pass(call, false, NOTHING_READ);
      break;
    case 'forward':
      pass(call, route.primary, NOTHING_READ);
  }
}

const NOTHING_READ: ReadSoFar = { chunks: [], whole: false };

function read({ street, stream }: GrpcCall, done: (body: ReadSoFar) => void): void {
  readRequest(stream, street.requestBytes ?? MAX_REQUEST_BYTES, done);
}

function query(call: Omit<GrpcQuery, 'question'>): void {
  const message = messageOf(call.body);
  const question = message && readQuestion(call.method, message);
  if (question === undefined || !STORE_ID.test(question.storeId))
    gated(call, undefined, () => unreadQuery(call));
  else gated(call, question.storeId, () => serve(new GrpcQueryCall({ ...call, question })));
}

/** Takes a place as any query does. It may ask for what no replica has. */
function unreadQuery(call: Omit<GrpcQuery, 'question'>): void {
  const { street, stream, headers, method } = call;
  const turn = street.turnstile?.enter(storeOfUnread(call));
  if (turn !== undefined && 'refused' in turn) {
    sendGrpcOwnError(stream, contentTypeOf(headers), turn.refused);
    street.events.shed(method, turn.reason);
    return;
  }
  if (stream.closed) turn?.leave();
  else if (turn !== undefined) stream.once('close', turn.leave);
  relay(call, true, call.body);
}

function write(call: Omit<GrpcWrite, 'message' | 'storeId'>): void {
  const message = messageOf(call.body);
  const storeId = message ? storeOfWrite(call.kind, message) : storeOfUnread(call);
  // Without a store there is nothing to capture; such a Write is refused, or found by a walk.
  const capture = () => void captureWrite(grpcWriteCall({ ...call, message, storeId }));
  if (STORE_ID.test(storeId)) gated(call, message && storeId, capture);
  else pass(call, true, call.body);
}

/** A Read behind a replica: to the primary where it has to see what was just written. */
function readOnce(call: GrpcCall, body: ReadSoFar): void {
  const { storeId, strong } = readOverGrpc(messageOf(body));
  pass(call, strong || (call.street.wroteLately?.(storeId) ?? false), body);
}

const HEALTH = '/grpc.health.v1.Health/';

/** Where some callers are limited to products, every call passes here; what is passed on unread names no store. */
function gated({ street, stream, headers }: GrpcCall, storeId: string | undefined, go: () => void): void {
  const { gate } = street.callers;
  const end = (denied: Denied | undefined) => {
    if (denied) sendGrpcOwnError(stream, contentTypeOf(headers), denied.denied);
    else go();
  };
  // Upstream asks nobody who he is there (contract section 8.6).
  const isHealth = headers[':path']?.startsWith(HEALTH) ?? false;
  const verdict = isHealth ? undefined : gate?.(headers.authorization, storeId);
  if (verdict instanceof Promise) void verdict.then(end, () => stream.close(CANCEL));
  else end(verdict);
}

/** Untouched, both ways. A caller who names a revision is not to be answered by a replica that may not have it. */
function pass(call: GrpcCall, primary: boolean, body: ReadSoFar): void {
  const named = call.headers['rsfga-min-revision'] !== undefined;
  gated(call, undefined, () => relay(call, primary || named, body));
}

function relay(call: GrpcCall, primary: boolean, body: ReadSoFar): void {
  const { street, stream, headers, raw, startedAt } = call;
  (primary ? street.primary : street.upstream).relay({
    stream,
    headers: raw,
    body,
    added: FORWARDED_CALL,
    done: () => street.events.forwarded(undefined, (performance.now() - startedAt) / 1000),
    failed: ({ fault, error }) => {
      street.events.forwardFailed(fault);
      sendGrpcOwnError(stream, contentTypeOf(headers), error);
    },
  });
}
