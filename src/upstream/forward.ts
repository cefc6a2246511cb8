/**
 * The only way of a client's request to the upstream: bytes in, bytes out, over pooled connections
 * (docs/decisions/0003-forwarding.md). Nothing is decoded, nothing is ever sent twice.
 */

import type { IncomingMessage } from 'node:http';
import { Pool } from 'undici';
import type { ExchangeCall, RelayCall, RequestBody } from './forward-call.ts';
import { type Exchange, Held } from './forward-held.ts';
import { Relay } from './forward-relay.ts';
import { requestHead } from './headers.ts';
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
