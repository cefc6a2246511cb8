/** gRPC answers made here: the metadata that OpenFGA v1.18 sends, and the sidecar's own values (design section 6). */
import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { DeclineReason } from '../fga/answer.ts';
import type { FgaError, GrpcStatus } from '../fga/error.ts';
import { answerHead, answerOnly, keepsFor } from '../upstream/grpc-stream.ts';
import type { LocalView, View } from './decision.ts';

export interface GrpcHead {
  readonly storeId: string;
  /** Echoed, as upstream does. */
  readonly contentType: string;
  readonly view: LocalView;
}

export function sendMessages(
  stream: ServerHttp2Stream,
  head: GrpcHead,
  messages: readonly Uint8Array[],
): void {
  if (!respond(stream, head, DONE)) return;
  const bytes = messages.length === 1 && messages[0] ? messages[0] : Buffer.concat(messages);
  if (bytes.length <= SLICE_BYTES) stream.end(bytes);
  else sendSlices(stream, bytes);
}

const SLICE_BYTES = 65_536;

/** One after the other, so that the listener sees whether the client takes some of a large answer. */
function sendSlices(stream: ServerHttp2Stream, bytes: Uint8Array): void {
  let at = 0;
  keepsFor(stream, () => bytes.length - at);
  const next = () => {
    const slice = bytes.subarray(at, at + SLICE_BYTES);
    at += slice.length;
    if (at === bytes.length) stream.off('drain', next).end(slice);
    // Node may take it at once; else it calls again.
    else if (stream.write(slice)) setImmediate(next);
  };
  stream.on('drain', next);
  next();
}

/** Head and trailers apart, as upstream sends an error of its own: the values stay initial metadata. */
export function sendGrpcError(stream: ServerHttp2Stream, head: GrpcHead, error: FgaError): void {
  if (respond(stream, head, trailers(error.grpc))) stream.end();
}

/**
 * The sidecar's own UNAVAILABLE. Head and status in one frame: gRPC libraries repeat a call, where their policy says so,
 * only while no initial metadata has come.
 */
export function sendGrpcOwnError(stream: ServerHttp2Stream, contentType: string, error: FgaError): void {
  answerOnly(stream, {
    ':status': 200,
    'content-type': contentType,
    'rsfga-served-by': 'local',
    ...trailers(error.grpc),
  });
}

/** Added to an answer of the upstream where there is nothing to say but where it came from. */
export const FORWARDED_CALL: OutgoingHttpHeaders = { 'rsfga-served-by': 'upstream' };

/** Added to the upstream's answer to a query that is answered here as a rule. */
export function forwardedMetadata(view: View & { readonly declined: DeclineReason }): OutgoingHttpHeaders {
  return addView({ ...FORWARDED_CALL, 'rsfga-declined': view.declined }, view);
}

const DONE: OutgoingHttpHeaders = { 'grpc-status': '0', 'grpc-message': '' };

function respond(
  stream: ServerHttp2Stream,
  { storeId, contentType, view }: GrpcHead,
  end: OutgoingHttpHeaders,
): boolean {
  const headers: OutgoingHttpHeaders = {
    ':status': 200,
    'content-type': contentType,
    'openfga-store-id': storeId,
    'x-request-id': randomUUID(),
    'rsfga-served-by': view.servedBy,
  };
  if (view.modelId !== undefined) headers['openfga-authorization-model-id'] = view.modelId;
  return answerHead(stream, addView(headers, view), () => end);
}

function addView(headers: OutgoingHttpHeaders, { revision, stalenessMs }: View): OutgoingHttpHeaders {
  if (revision !== undefined) headers['rsfga-revision'] = revision;
  if (stalenessMs !== undefined) headers['rsfga-staleness-ms'] = `${Math.ceil(stalenessMs)}`;
  return headers;
}

function trailers({ status, message }: GrpcStatus): OutgoingHttpHeaders {
  return { 'grpc-status': `${status}`, 'grpc-message': grpcMessage(message) };
}

/** gRPC's percent-encoding: what is not printable ASCII, and the percent sign. */
export function grpcMessage(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]+/gu, (run) =>
    [...Buffer.from(run)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
