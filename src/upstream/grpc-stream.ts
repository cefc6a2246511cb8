/** Answers on a client's stream that may be gone by then: node throws on such a stream, and a throw here would end the process. */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

/** False once it was reset, by whichever side, or has been answered. */
export function mayAnswer(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && !stream.headersSent;
}

/** Sends the head; the trailers follow the last byte. `sendDate`: OpenFGA sends none; node's types do not know the option. */
export function answerHead(
  stream: ServerHttp2Stream,
  headers: OutgoingHttpHeaders,
  trailers: () => OutgoingHttpHeaders,
): boolean {
  if (!mayAnswer(stream)) return false;
  stream.once('wantTrailers', () => {
    if (!stream.destroyed && !stream.closed) guarded(stream, () => stream.sendTrailers(trailers()));
  });
  return guarded(stream, () => stream.respond(headers, THEN_TRAILERS));
}

/** Head and status in one frame. */
export function answerOnly(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): boolean {
  return mayAnswer(stream) && guarded(stream, () => stream.respond(headers, ONLY_HEAD));
}

/**
 * What is kept for a call beside its own buffers, in bytes: a request that is being read, an answer of the upstream that
 * its client does not take. The listener adds it up.
 */
const KEPT = new WeakMap<ServerHttp2Stream, () => number>();

export function keepsFor(stream: ServerHttp2Stream, bytes: () => number): void {
  KEPT.set(stream, bytes);
}

export function keptFor(stream: ServerHttp2Stream): number {
  return stream.writableLength + (KEPT.get(stream)?.() ?? 0);
}

const THEN_TRAILERS = { waitForTrailers: true, sendDate: false };
const ONLY_HEAD = { endStream: true, sendDate: false };

/** An upstream's metadata that node will not send on is the end of this call, not of the process. */
function guarded(stream: ServerHttp2Stream, send: () => void): boolean {
  try {
    send();
    return true;
  } catch {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return false;
  }
}
