/**
 * The only way of a client's request to the upstream: bytes in, bytes out, over pooled connections
 * (docs/decisions/0003-forwarding.md). Nothing is decoded, nothing is ever sent twice.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pool } from 'undici';
import type { ForwardFailure } from './forward-failure.ts';
import { type Exchange, Held } from './forward-held.ts';
import { Relay } from './forward-relay.ts';
import { type AnswerHead, requestHead } from './headers.ts';
import { connector, type UpstreamTls } from './tls.ts';

/** A dead host: one lost SYN is sent again after 1 s and 3 s (RFC 6298), so two losses are survived. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** OpenFGA ends a request after 3 s, its gateway 3 s later (contract section 2.3): a working one is never cut. */
export const ANSWER_TIMEOUT_MS = 15_000;
/** Silence within an answer. Slow streams are not cut: each byte starts it anew. */
export const BODY_SILENCE_TIMEOUT_MS = 300_000;
/** Idle connections are closed by this side first; OpenFGA itself never closes one (Go's default). */
export const IDLE_TIMEOUT_MS = 30_000;
/** Head of an upstream's answer; the same as what the listener takes from clients. */
export const MAX_ANSWER_HEAD_BYTES = 65_536;

/** Bytes already read, or a stream of them; null is no body at all. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array> | null;

/** The answer is streamed to the client as it comes; when the client leaves, the upstream request is cancelled. */
export interface RelayCall {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Absent: the body of `req`, unread so far. */
  readonly body?: RequestBody;
  /** Headers to add to the answer. */
  readonly added: readonly string[];
  /** Instead of `ANSWER_TIMEOUT_MS`. */
  readonly answerTimeoutMs?: number;
  /** There is an answer here: a 5xx of the upstream is not handed on, it is a failure. */
  readonly replaceable?: boolean;
  /** The head of the answer, before it is sent to the client. */
  head?(head: AnswerHead): void;
  /** The answer has been handed to the client whole. */
  done?(): void;
  /** Called once, however it ended: with the answer when it was short and came whole. */
  ended?(whole: WholeAnswer | undefined): void;
  /**
   * Nothing came, or not all. With `res.headersSent` false the caller answers; otherwise the client's connection has
   * been cut, which is how HTTP says that the rest is missing. Not called when it was the client who left.
   */
  failed(failure: ForwardFailure): void;
}

export interface WholeAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
}

/** The request is seen through to its end whatever the client does, and the answer is held back. */
export interface ExchangeCall {
  readonly req: IncomingMessage;
  readonly body: RequestBody;
  /** Request header to leave out, lower case. */
  readonly without?: string;
}

export interface Forwarder {
  relay(call: RelayCall): void;
  exchange(call: ExchangeCall): Promise<Exchange>;
  /** Ends once the requests under way have. */
  close(): Promise<void>;
}

export interface ForwarderOptions {
  /** Origin of the upstream: `http://127.0.0.1:18080`. */
  readonly url: string;
  /** With `https://`. */
  readonly tls?: UpstreamTls;
  readonly connectTimeoutMs?: number;
  readonly answerTimeoutMs?: number;
  readonly bodySilenceTimeoutMs?: number;
}

export function openForwarder(options: ForwarderOptions): Forwarder {
  const pool = new Pool(options.url, {
    connect: connector(options.url, options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, options.tls),
    allowH2: false,
    headersTimeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    bodyTimeout: options.bodySilenceTimeoutMs ?? BODY_SILENCE_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    keepAliveMaxTimeout: IDLE_TIMEOUT_MS,
    maxHeaderSize: MAX_ANSWER_HEAD_BYTES,
    // As many connections as clients have requests under way: the listener bounds those.
    connections: null,
    pipelining: 1,
  });
  return {
    relay: (call) => relay(pool, call),
    exchange: (call) => new Promise((resolve) => exchange(pool, call, resolve)),
    close: () => pool.close(),
  };
}

function relay(pool: Pool, call: RelayCall): void {
  if (call.res.destroyed) return;
  const { headers, hasBody } = requestHead(call.req.rawHeaders);
  const body = call.body === undefined ? (hasBody ? unread(call.req) : null) : call.body;
  dispatch(pool, { req: call.req, headers, body, timeoutMs: call.answerTimeoutMs }, new Relay(call));
}

function exchange(pool: Pool, call: ExchangeCall, resolve: (outcome: Exchange) => void): void {
  const { headers } = requestHead(call.req.rawHeaders, call.without);
  dispatch(pool, { req: call.req, headers, body: call.body }, new Held(resolve));
}

interface Sending {
  readonly req: IncomingMessage;
  readonly headers: string[];
  readonly body: RequestBody;
  readonly timeoutMs?: number | undefined;
}

function dispatch(pool: Pool, { req, headers, body, timeoutMs }: Sending, handler: Relay | Held): void {
  pool.dispatch(
    {
      method: req.method ?? 'GET',
      // The request target as it came, byte for byte.
      path: req.url ?? '/',
      headers,
      // undici takes any async iterable; its types know streams only.
      body: body as Uint8Array | null,
      idempotent: false,
      headersTimeout: timeoutMs ?? null,
    },
    handler,
  );
}

/** Reads the client's body without ever destroying its connection: an answer may still have to go back on it. */
export function unread(req: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => req.iterator({ destroyOnReturn: false }) };
}
