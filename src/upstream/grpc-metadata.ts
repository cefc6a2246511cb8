/** gRPC metadata on its way through: names and repeated values are kept; what belongs to one hop is taken out. */
import type { OutgoingHttpHeaders } from 'node:http2';

/** HTTP/2 has no `Connection`; `te` is gRPC's own. What is asked for of an authority is the upstream's address. */
const NOT_SENT_ON: ReadonlySet<string> = new Set([
  ':scheme',
  ':authority',
  ':protocol',
  'host',
  'http2-settings',
]);

/** What an inner sidecar said about its own answer; this hop says it anew (design section 6). */
const INNER_VIEW: ReadonlySet<string> = new Set([
  'rsfga-served-by',
  'rsfga-staleness-ms',
  'rsfga-declined',
  'rsfga-revision',
]);

/** `raw` is node's list: name, value, name, value, … */
export function requestMetadata(raw: readonly string[]): OutgoingHttpHeaders {
  return grouped(raw, NOT_SENT_ON);
}

export interface AnswerMetadata {
  readonly headers: OutgoingHttpHeaders;
  /** `openfga-authorization-model-id`: the model that the upstream resolved. */
  readonly modelId: string | undefined;
  /** `rsfga-revision` of an inner sidecar. */
  readonly revision: string | undefined;
}

export function answerMetadata(raw: readonly string[]): AnswerMetadata {
  return {
    headers: grouped(raw, INNER_VIEW),
    modelId: firstOf(raw, 'openfga-authorization-model-id'),
    revision: firstOf(raw, 'rsfga-revision'),
  };
}

/** Undefined where the trailers name none, or no number. */
export function statusOf(raw: readonly string[]): number | undefined {
  const text = firstOf(raw, 'grpc-status');
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** As what is a 5xx over HTTP: OpenFGA's own internal errors are 4000 to 4999 (contract section 3.3). */
const NO_ANSWER: ReadonlySet<number> = new Set([
  2, // unknown
  4, // deadline exceeded
  8, // resource exhausted: a sidecar on the way sheds
  13, // internal
  14, // unavailable
]);

/** Whether a head or trailers say that the server could not answer, in its words. */
export function noAnswerIn(raw: readonly string[]): string | undefined {
  const http = Number(firstOf(raw, ':status') ?? 200);
  if (http >= 500) return `HTTP ${http}`;
  const status = statusOf(raw) ?? 0;
  return NO_ANSWER.has(status) || (status >= 4000 && status < 5000) ? `gRPC status ${status}` : undefined;
}

export function trailersOf(raw: readonly string[]): OutgoingHttpHeaders {
  return grouped(raw, NOTHING);
}

const NOTHING: ReadonlySet<string> = new Set();

function grouped(raw: readonly string[], without: ReadonlySet<string>): OutgoingHttpHeaders {
  // Of an empty object `constructor` is known already.
  const headers: OutgoingHttpHeaders = Object.create(null);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (without.has(name)) continue;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else headers[name] = Array.isArray(known) ? [...known, value] : [`${known}`, value];
  }
  return headers;
}

function firstOf(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i] === name) return raw[i + 1];
  return undefined;
}
