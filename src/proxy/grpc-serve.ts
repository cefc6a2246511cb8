/** A query that came over gRPC: its message, and how its answer is sent. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { FgaError } from '../fga/error.ts';
import type { QueryMethod } from '../fga/query.ts';
import { deadlineOf } from '../upstream/grpc.ts';
import type { ReadSoFar } from '../upstream/grpc-call.ts';
import { mayAnswer } from '../upstream/grpc-stream.ts';
import { type Admission, admitGrpc } from './admit.ts';
import type { FinalDecision, LocalView } from './decision.ts';
import {
  FORWARDED_CALL,
  forwardedMetadata,
  sendGrpcError,
  sendGrpcOwnError,
  sendMessages,
} from './grpc-answer.ts';
import type { GrpcCall, GrpcStreet } from './grpc-street.ts';
import type { Forwarding, QueryCall, Understood } from './query-call.ts';
import type { GrpcQuestion } from './wire/proto-parse.ts';
import { renderMessages } from './wire/proto-render.ts';

export interface GrpcQuery extends GrpcCall {
  readonly method: QueryMethod;
  readonly body: ReadSoFar;
  readonly question: GrpcQuestion;
}

const DENIED_HERE: LocalView = { servedBy: 'local' };

export class GrpcQueryCall implements QueryCall {
  readonly street: GrpcStreet;
  readonly storeId: string;
  readonly method: QueryMethod;
  readonly startedAt: number;
  readonly #query: GrpcQuery;
  readonly #stream: ServerHttp2Stream;

  constructor(query: GrpcQuery) {
    this.street = query.street;
    this.storeId = query.question.storeId;
    this.method = query.method;
    this.startedAt = query.startedAt;
    this.#query = query;
    this.#stream = query.stream;
  }

  admit(): Admission {
    return admitGrpc(this.#query.headers, isStrange(this.#query));
  }

  understand(): Understood {
    return this.#query.question.parse();
  }

  respond(decision: FinalDecision): void {
    const stream = this.#stream;
    const view = 'denied' in decision ? DENIED_HERE : decision;
    const head = { storeId: this.storeId, contentType: contentTypeOf(this.#query.headers), view };
    if ('answer' in decision) sendMessages(stream, head, renderMessages(decision.answer));
    else sendGrpcError(stream, head, 'denied' in decision ? decision.denied : decision.error);
  }

  unavailable(error: FgaError): void {
    sendGrpcOwnError(this.#stream, contentTypeOf(this.#query.headers), error);
  }

  forward({ declined, primary, replaceable, answerTimeoutMs, sawModel, done, failed }: Forwarding): void {
    const { street, stream, raw, body } = this.#query;
    (primary ? street.primary : street.upstream).relay({
      stream,
      headers: raw,
      body,
      added: declined === undefined ? FORWARDED_CALL : forwardedMetadata(declined),
      replaceable,
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
      head: ({ modelId }) => modelId !== undefined && sawModel(modelId),
      done,
      failed,
    });
  }

  begun(): boolean {
    return !mayAnswer(this.#stream);
  }

  onEnd(ended: () => void): void {
    if (this.#stream.closed) ended();
    else this.#stream.once('close', ended);
  }

  cut(): void {
    this.#stream.close(INTERNAL_ERROR);
  }
}

/** NGHTTP2_INTERNAL_ERROR */
const INTERNAL_ERROR = 2;

export function contentTypeOf(headers: IncomingHttpHeaders): string {
  return headers['content-type'] ?? 'application/grpc';
}

/** The upstream refuses such a call, or reads it in a way that is not modelled here: it says so in its own words. */
function isStrange({ headers, raw }: GrpcQuery): boolean {
  // Too short for any answer, not to be read, or several.
  const timeout = headers['grpc-timeout'];
  if (timeout !== undefined && (deadlineOf(raw) < 1 || timeout.includes(','))) return true;
  // It names a codec that the upstream may not have, which it minds even where nothing is compressed.
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return true;
  return hasBrokenBinary(raw) || countOf(raw, 'content-type') > 1;
}

/** Standard base64, padded or not: what Go reads. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function hasBrokenBinary(raw: readonly string[]): boolean {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.endsWith('-bin') && !BASE64.test(raw[i + 1] ?? '')) return true;
  }
  return false;
}

function countOf(raw: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < raw.length; i += 2) if (raw[i] === name) count += 1;
  return count;
}
