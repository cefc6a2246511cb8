/** What goes out: the headers that OpenFGA v1.18 sends, and its two error shapes (contract sections 1.6, 3.1, 8.2). */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FgaError } from '../../../src/fga/error.ts';
import type { Reply } from './call.ts';

export interface Told {
  /** The request's `Origin`. */
  readonly origin: string | undefined;
  readonly storeId?: string | undefined;
  readonly modelId?: string | undefined;
  /** Whether the call came past the gateway: only then it has a request id. */
  readonly hasId: boolean;
}

const JSON_TYPE = 'application/json';

export function sendReply(res: ServerResponse, told: Told, reply: Reply): void {
  const headers = headersOf(told, reply.contentType ?? JSON_TYPE);
  const { status } = reply;
  if (status === 201 || status === 204) headers.push('X-Http-Code', String(status));
  if (status !== 204 && !reply.streamed)
    headers.push('Content-Length', String(Buffer.byteLength(reply.body)));
  res.writeHead(status, headers);
  res.end(reply.body);
}

export function sendError(res: ServerResponse, told: Told, error: FgaError): void {
  const body = `${JSON.stringify(error)}\n`;
  const headers = headersOf(told, JSON_TYPE);
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  res.writeHead(error.httpStatus, headers);
  res.end(body);
}

/** Before its first line a stream fails in the gateway's own shape, with its stock statuses. */
export function sendStreamError(res: ServerResponse, told: Told, error: FgaError): void {
  const [status, code] = streamStatus(error.number);
  res.writeHead(status, headersOf(told, JSON_TYPE));
  res.end(`${JSON.stringify({ error: { code, message: error.message, details: [] } })}\n`);
}

/** A browser asks before it asks. */
export function sendPreflight(res: ServerResponse, method: string): void {
  res.writeHead(204, [
    ...['Access-Control-Allow-Credentials', 'true', 'Access-Control-Allow-Methods', method],
    ...['Access-Control-Allow-Origin', '*', 'Access-Control-Allow-Headers', '*'],
    ...['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
  ]);
  res.end();
}

function headersOf({ origin, storeId, modelId, hasId }: Told, contentType: string): string[] {
  const headers = ['Content-Type', contentType, 'Vary', 'Origin'];
  if (origin !== undefined) {
    headers.push('Access-Control-Allow-Credentials', 'true', 'Access-Control-Allow-Origin', '*');
  }
  if (!hasId) return headers;
  if (modelId !== undefined) headers.push('Openfga-Authorization-Model-Id', modelId);
  if (storeId !== undefined) headers.push('Openfga-Store-Id', storeId);
  headers.push('X-Request-Id', randomUUID());
  return headers;
}

function streamStatus(number: number): readonly [status: number, grpcCode: number] {
  if (number < 3500) return [400, 3];
  if (number < 4000) return [429, 8];
  return number < 5000 ? [500, 13] : [404, 5];
}
