/**
 * A small OpenFGA in memory, over HTTP: the upstream of the quick start (`upstream: embedded`) and a fast peer in tests.
 * It answers as OpenFGA v1.18 with the memory engine does (`test/contract/upstream.ts`); there is no gRPC, and what the
 * engine declines is a 500 that says so.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FgaError } from '../../../src/fga/error.ts';
import { MAX_REQUEST_BYTES } from '../../../src/fga/limits.ts';
import { type Clock, systemClock } from '../../../src/plugin/clock.ts';
import { sendError, sendPreflight, sendReply, sendStreamError, type Told } from './answer.ts';
import {
  type Call,
  type Engine,
  GatewayError,
  type ParseQuery,
  type Parts,
  type RenderAnswer,
} from './call.ts';
import { type Route, routeOf } from './routes.ts';
import { createWorld } from './world.ts';

export interface EmbeddedUpstreamOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly engine: Engine;
  readonly parseQuery: ParseQuery;
  readonly renderAnswer: RenderAnswer;
  readonly clock?: Clock;
}

export interface EmbeddedUpstream {
  /** `http://127.0.0.1:18080` */
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects with node's own error when the port is taken (`EADDRINUSE`). */
export async function startEmbeddedUpstream(options: EmbeddedUpstreamOptions): Promise<EmbeddedUpstream> {
  const { engine, parseQuery, renderAnswer, clock = systemClock } = options;
  const parts = { world: createWorld(clock), engine, parseQuery, renderAnswer };
  // Like Go's server it never closes an idle connection under a client that is about to use it.
  const server = createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
    readBody(req, (body) => answer(parts, req, res, body));
  });
  await listen(server, options);
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return { url: `http://${host}:${port}`, close: () => close(server) };
}

/** JSON is longer than protobuf; past this nothing can be within the limit, and it is not even read. */
const MAX_BODY = 8 * MAX_REQUEST_BYTES;

/** The body, or its size when it is too large to be kept. Not called when the client leaves in the middle. */
function readBody(req: IncomingMessage, done: (body: Buffer | number) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  });
  req.on('end', () => done(size <= MAX_BODY ? Buffer.concat(chunks) : size));
}

function answer(parts: Parts, req: IncomingMessage, res: ServerResponse, body: Buffer | number): void {
  const { method = 'GET', url = '/' } = req;
  const { origin, 'access-control-request-method': wanted } = req.headers;
  if (method === 'OPTIONS' && wanted !== undefined) {
    sendPreflight(res, wanted);
    return;
  }
  const mark = url.indexOf('?');
  try {
    const route = routeOf(method, mark < 0 ? url : url.slice(0, mark));
    const search = new URLSearchParams(mark < 0 ? '' : url.slice(mark));
    run(parts, res, { route, search, body, origin });
  } catch (fault) {
    sendError(res, { origin, hasId: false }, errorOf(fault));
  }
}

interface Routed {
  readonly route: Route;
  readonly search: URLSearchParams;
  readonly body: Buffer | number;
  readonly origin: string | undefined;
}

function run(parts: Parts, res: ServerResponse, { route, search, body, origin }: Routed): void {
  const { handler, storeId, id, isHealth, streamed } = route;
  const read = typeof body === 'number' ? EMPTY : body;
  const call: Call = { ...parts, storeId: storeId ?? '', id, search, body: read };
  const told = (hasId: boolean): Told => ({ origin, storeId, modelId: call.modelId, hasId });
  try {
    if (typeof body === 'number') throw tooLarge(body);
    const reply = handler(call);
    sendReply(res, told(!isHealth), reply);
  } catch (fault) {
    const send = streamed ? sendStreamError : sendError;
    send(res, told(!(fault instanceof GatewayError)), errorOf(fault));
  }
}

const EMPTY = new Uint8Array();

function errorOf(fault: unknown): FgaError {
  if (fault instanceof FgaError) return fault;
  process.emitWarning(fault instanceof Error ? fault : String(fault));
  return new FgaError('internal_error', 'Internal Server Error', { cause: fault });
}

function tooLarge(size: number): GatewayError {
  const message = `grpc: received message larger than max (${size} vs. ${MAX_REQUEST_BYTES})`;
  return new GatewayError('resource_exhausted', message);
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Requests are answered within one turn, so what is open now is idle, or still sending. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
