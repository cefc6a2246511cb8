/** A Write that came over gRPC: how it is sent on, and what its answer means. */
import { fromBinary } from '@bufbuild/protobuf';
import {
  WriteAuthorizationModelRequestSchema,
  WriteAuthorizationModelResponseSchema,
  WriteRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { FgaError } from '../fga/error.ts';
import { isSound } from '../plugin/proto-sound.ts';
import type { ReadSoFar } from '../upstream/grpc-call.ts';
import type { GrpcExchange, HeldAnswer } from '../upstream/grpc-held.ts';
import { answerHead, answerOnly } from '../upstream/grpc-stream.ts';
import type { Exchanged, WriteCall, WriteOutcome } from './capture-call.ts';
import { FORWARDED_CALL, sendGrpcOwnError } from './grpc-answer.ts';
import { frontOf, messageOf } from './grpc-body.ts';
import { contentTypeOf } from './grpc-serve.ts';
import type { GrpcCall } from './grpc-street.ts';

export interface GrpcWrite extends GrpcCall {
  readonly kind: 'write' | 'write-model';
  readonly body: ReadSoFar;
  /** Undefined when it is not one plain message. */
  readonly message: Buffer | undefined;
  readonly storeId: string;
}

/** `''` when it cannot be read, or not alike by everyone: the upstream might find another store in it. */
export function storeOfWrite(kind: GrpcWrite['kind'], message: Buffer | undefined): string {
  const schema = kind === 'write' ? WriteRequestSchema : WriteAuthorizationModelRequestSchema;
  try {
    return message !== undefined && isSound(schema, message) ? fromBinary(schema, message).storeId : '';
  } catch {
    return '';
  }
}

/**
 * Of what is not one plain message: too large to be read, or compressed. Good enough to have the store looked at, not to judge a
 * caller by: the upstream may find another one further back. `''` when it cannot be told.
 */
export function storeOfUnread({ body, headers }: Pick<GrpcWrite, 'body' | 'headers'>): string {
  const front = frontOf(body, headers['grpc-encoding']);
  if (front?.[0] !== STORE_TAG || front[1] !== STORE_ID_BYTES) return '';
  return front.toString('latin1', 2, 2 + STORE_ID_BYTES);
}

/** Field 1 of both messages, a text: libraries write it first. */
const STORE_TAG = 0x0a;
const STORE_ID_BYTES = 26;

/** As HTTP's 503 and 400, for the ticket. */
const NEVER_SENT = 503;
const REFUSED = 400;

export function grpcWriteCall(write: GrpcWrite): WriteCall {
  const { street, stream, storeId, kind, message, startedAt } = write;
  return {
    street,
    storeId,
    kind,
    body: message,
    encoding: 'protobuf',
    startedAt,
    left: () => stream.destroyed,
    unavailable: (error: FgaError) => sendGrpcOwnError(stream, contentTypeOf(write.headers), error),
    async exchange(): Promise<Exchanged> {
      const { raw, body } = write;
      // The model's id is read from the answer, so it may not come compressed.
      const headers = kind === 'write-model' ? without(raw, 'grpc-accept-encoding') : raw;
      const exchange = await street.primary.exchange({ stream, headers, body });
      const reply = (revision: string | undefined) => sendHeld(write, exchange, revision);
      return { outcome: outcomeOf(exchange, kind), reply };
    },
  };
}

function outcomeOf(exchange: GrpcExchange, kind: WriteCall['kind']): WriteOutcome {
  if ('failed' in exchange) return exchange.failed.sent ? 'doubtful' : { refused: NEVER_SENT };
  const { status, body, head } = exchange.answer;
  if (status === 0) {
    const modelId = kind === 'write-model' ? modelIdIn(body) : undefined;
    return { committed: body, modelId, innerRevision: head.revision };
  }
  return status !== undefined && isRefusal(status) ? { refused: REFUSED } : 'doubtful';
}

/** Said before anything was written. Any other status (cancelled, deadline, aborted, internal, …) leaves it open. */
const REFUSALS: ReadonlySet<number> = new Set([
  3, // invalid argument
  5, // not found
  7, // permission denied
  12, // unimplemented
  16, // unauthenticated
]);
const CANCELLED = 2058;

/** OpenFGA's own: authentication and input; the rest are faults. */
function isRefusal(status: number): boolean {
  return REFUSALS.has(status) || (status >= 1000 && status < 3500 && status !== CANCELLED) || status >= 5000;
}

function sendHeld(
  { street, stream, headers }: GrpcWrite,
  exchange: GrpcExchange,
  revision?: string,
): boolean {
  if ('failed' in exchange) {
    street.events.forwardFailed(exchange.failed.fault);
    sendGrpcOwnError(stream, contentTypeOf(headers), exchange.failed.error);
    return false;
  }
  if (stream.destroyed) return true;
  sendAnswer(stream, exchange.answer, exchange.answer.head.revision ?? revision);
  return true;
}

function sendAnswer(
  stream: GrpcWrite['stream'],
  { head, body, trailers }: HeldAnswer,
  revision: string | undefined,
): void {
  const headers = { ...head.headers, ...FORWARDED_CALL };
  if (revision !== undefined) headers['rsfga-revision'] = revision;
  if (trailers === undefined) answerOnly(stream, headers);
  else if (answerHead(stream, headers, () => trailers)) stream.end(body);
}

function modelIdIn(body: Buffer): string | undefined {
  const message = messageOf({ chunks: [body], whole: true });
  try {
    const id = message && fromBinary(WriteAuthorizationModelResponseSchema, message).authorizationModelId;
    return id === '' ? undefined : id;
  } catch {
    return undefined;
  }
}

function without(raw: readonly string[], name: string): readonly string[] {
  return raw.filter((_, i) => raw[i - (i % 2)] !== name);
}
