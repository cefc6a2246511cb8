/** Answers made here, with the headers that OpenFGA v1.18 sends and the sidecar's own (design section 6). */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { DeclineReason } from '../fga/answer.ts';
import type { FgaError } from '../fga/error.ts';
import type { QueryMethod } from '../fga/query.ts';
import type { LocalView, View } from './decision.ts';

export interface LocalHead {
  readonly storeId: string | undefined;
  /** The request's `Origin`: a browser asks. */
  readonly origin: string | undefined;
  readonly view: LocalView;
}

export function sendAnswer(res: ServerResponse, head: LocalHead, body: string): void {
  send(res, { status: 200, headers: localHeaders(head, JSON_TYPE), body });
}

export function sendError(
  res: ServerResponse,
  head: LocalHead,
  { method, error }: { readonly method: QueryMethod; readonly error: FgaError },
): void {
  if (method === 'StreamedListObjects') {
    // A stream names its store only once the caller was let in.
    const named = error.number < 2000 ? { ...head, storeId: undefined } : head;
    sendStreamError(res, localHeaders(named, JSON_TYPE), error);
    return;
  }
  // Unary errors end with a newline (contract section 3.1), answers do not.
  const headers = localHeaders(head, JSON_TYPE);
  send(res, { status: error.httpStatus, headers, body: `${JSON.stringify(error)}\n` });
}

/** StreamedListObjects: one JSON value per line, the head first (contract section 1.6). */
export function sendObjects(res: ServerResponse, head: LocalHead, objects: readonly string[]): void {
  // Upstream's gateway sets the type with the first line; without one its inner type shows.
  res.writeHead(200, localHeaders(head, objects.length === 0 ? 'application/grpc' : JSON_TYPE));
  res.flushHeaders();
  writeLines(res, objects, 0);
}

/** A stream has no cap: so many lines go out in one turn of the event loop (about half a millisecond), then others have theirs. */
const LINES_IN_A_TURN = 500;

/** Waits for a client that reads slowly, so that no more than a turn's lines are held for it. */
function writeLines(res: ServerResponse, objects: readonly string[], from: number): void {
  if (res.destroyed) return;
  const next = from + LINES_IN_A_TURN;
  const lines = objects
    .slice(from, next)
    .map((object) => `${JSON.stringify({ result: { object } })}\n`)
    .join('');
  if (next >= objects.length) {
    res.end(lines);
    return;
  }
  const onward = () => writeLines(res, objects, next);
  if (res.write(lines)) setImmediate(onward);
  else res.once('drain', onward);
}

/** The sidecar's own 503, and what else it says in its own name. */
export function sendOwnError(res: ServerResponse, error: FgaError): void {
  endIfUnread(res);
  const headers = ['Content-Type', JSON_TYPE, 'Vary', 'Origin', 'Rsfga-Served-By', 'local'];
  send(res, { status: error.httpStatus, headers, body: `${JSON.stringify(error)}\n` });
}

/** A body of which somebody took the beginning and nobody takes the rest: what follows it would never be read. */
export function endIfUnread(res: ServerResponse): void {
  if (!res.req.complete && res.req.readableDidRead) res.shouldKeepAlive = false;
}

/** Added to an answer of the upstream where there is nothing to say but where it came from. */
export const FORWARDED: readonly string[] = ['Rsfga-Served-By', 'upstream'];

/** Added to the upstream's answer to a query that is answered here as a rule. */
export function forwardedHeaders(view: View & { readonly declined: DeclineReason }): readonly string[] {
  const headers = [...FORWARDED, 'Rsfga-Declined', view.declined];
  pushView(headers, view);
  return headers;
}

const JSON_TYPE = 'application/json';
/** Upstream's default, `--http-cors-allowed-origins *` with credentials (contract section 8.4). */
const ANY_ORIGIN = ['Access-Control-Allow-Credentials', 'true', 'Access-Control-Allow-Origin', '*'];

interface Whole {
  readonly status: number;
  readonly headers: string[];
  readonly body: string;
}

function send(res: ServerResponse, { status, headers, body }: Whole): void {
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  res.writeHead(status, headers);
  res.end(body);
}

/** Before its first line a stream's error has the gateway's own shape and stock statuses (contract section 1.6). */
function sendStreamError(res: ServerResponse, headers: string[], error: FgaError): void {
  const [status, code] = streamStatus(error);
  res.writeHead(status, headers);
  res.end(`${JSON.stringify({ error: { code, message: error.message, details: [] } })}\n`);
}

/** HTTP status and gRPC code. Source: `pkg/server/errors/encoded_errors.go` and the gateway's `HTTPStatusFromCode`. */
function streamStatus(error: FgaError): readonly [number, number] {
  if (error.code === 'unavailable') return [503, 14];
  if (error.code === 'Aborted') return [409, 10];
  if (error.number < 2000) return [401, 16];
  if (error.number < 3500) return [400, 3];
  if (error.number < 4000) return [429, 8];
  if (error.number < 5000) return [500, 13];
  return [404, 5];
}

function localHeaders({ storeId, origin, view }: LocalHead, contentType: string): string[] {
  const headers = ['Content-Type', contentType];
  if (view.modelId !== undefined) headers.push('Openfga-Authorization-Model-Id', view.modelId);
  if (storeId !== undefined) headers.push('Openfga-Store-Id', storeId);
  headers.push('Vary', 'Origin', 'X-Request-Id', randomUUID());
  if (origin !== undefined) headers.push(...ANY_ORIGIN);
  headers.push('Rsfga-Served-By', view.servedBy);
  pushView(headers, view);
  return headers;
}

function pushView(headers: string[], { revision, stalenessMs }: View): void {
  if (revision !== undefined) headers.push('Rsfga-Revision', revision);
  if (stalenessMs !== undefined) headers.push('Rsfga-Staleness-Ms', String(Math.ceil(stalenessMs)));
}
