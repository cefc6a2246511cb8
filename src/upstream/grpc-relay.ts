/** Hands one gRPC call through, frame by frame, with backpressure both ways; its end is told to both sides. */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type ForwardFailure, failure, unanswered } from './forward-failure.ts';
import type { GrpcRelayCall } from './grpc-call.ts';
import { answerMetadata, noAnswerIn, statusOf, trailersOf } from './grpc-metadata.ts';
import { CANCEL, type OpenCall } from './grpc-sessions.ts';
import { answerHead, answerOnly, keepsFor } from './grpc-stream.ts';

export class GrpcRelay {
  readonly #call: GrpcRelayCall;
  readonly #up: OpenCall;
  readonly #client: ServerHttp2Stream;
  #error: Error | undefined;
  #trailers: OutgoingHttpHeaders | undefined;
  /** Where there is an answer here, the head waits for the first message or the status. */
  #held: OutgoingHttpHeaders | undefined;
  /** Until the head has come. Node may tell of the first bytes before it tells of the head, over TLS above all. */
  #early: Buffer[] | undefined = [];
  #status: number | undefined;
  #patience: NodeJS.Timeout | undefined;
  #late = false;
  #drained = false;
  #ended = false;
  #left = false;

  constructor(call: GrpcRelayCall, up: OpenCall, patienceMs: number) {
    this.#call = call;
    this.#up = up;
    this.#client = call.stream;
    const { stream } = up;
    keepsFor(call.stream, () => stream.readableLength + stream.writableLength);
    stream.on('response', (_headers, flags, raw) => this.#head(raw, (flags & END_STREAM) !== 0));
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('trailers', (_trailers, _flags, raw) => this.#tail(raw));
    stream.on('end', () => this.#end());
    stream.on('error', (error: Error) => {
      this.#error = error;
    });
    stream.once('close', () => this.#closed());
    this.#client.once('close', () => this.#clientClosed());
    this.#send(patienceMs);
  }

  #send(patienceMs: number): void {
    const { stream } = this.#up;
    const { chunks, whole } = this.#call.body;
    const sent = () => {
      // A session that answers nothing may be dead: the clock runs only once there is nothing left to wait for.
      if (this.#ended || this.#client.headersSent) return;
      this.#patience = setTimeout(() => this.#tooLate(), patienceMs);
    };
    const last = whole ? chunks.at(-1) : undefined;
    for (const chunk of last === undefined ? chunks : chunks.slice(0, -1)) stream.write(chunk);
    if (whole) {
      if (last === undefined) stream.end();
      else stream.end(last);
      sent();
    } else {
      this.#client.pipe(stream);
      this.#client.once('end', sent);
    }
  }

  #head(raw: readonly string[], only: boolean): void {
    clearTimeout(this.#patience);
    const early = this.#early ?? [];
    this.#early = undefined;
    if (this.#isReplaced(raw)) return;
    const head = answerMetadata(raw);
    this.#call.head?.(head);
    const headers = { ...head.headers, ...this.#call.added };
    if (!only) {
      this.#held = headers;
      if (!this.#call.replaceable) this.#show();
      for (const chunk of early) this.#data(chunk);
      return;
    }
    this.#status = statusOf(raw);
    answerOnly(this.#client, headers);
    this.#finish();
  }

  #show(): void {
    if (this.#held) answerHead(this.#client, this.#held, () => this.#trailers ?? {});
    this.#held = undefined;
  }

  /** The upstream said that it has no answer, and the caller has one. */
  #isReplaced(raw: readonly string[]): boolean {
    const how = this.#call.replaceable && !this.#client.headersSent ? noAnswerIn(raw) : undefined;
    if (how === undefined || this.#left || this.#ended) return false;
    this.#ended = true;
    this.#up.stream.close(CANCEL);
    this.#call.failed(unanswered('failing', how));
    return true;
  }

  #data(chunk: Buffer): void {
    if (this.#early) {
      this.#early.push(chunk);
      return;
    }
    this.#show();
    // A write on a stream without a head would send one of node's own.
    if (this.#ended || !this.#client.headersSent) return;
    if (this.#client.destroyed || this.#client.write(chunk)) return;
    this.#up.stream.pause();
    this.#client.once('drain', () => this.#up.stream.resume());
  }

  #tail(raw: readonly string[]): void {
    if (this.#isReplaced(raw)) return;
    this.#show();
    this.#trailers = trailersOf(raw);
    this.#status = statusOf(raw);
    if (this.#drained) this.#end();
  }

  /** Node may tell of the end before it tells of the trailers: an answer is whole when both have come. */
  #end(): void {
    this.#drained = true;
    if (this.#ended || this.#error !== undefined || !this.#client.headersSent) return;
    if (this.#trailers === undefined) return;
    this.#client.end();
    this.#finish();
  }

  #finish(): void {
    this.#ended = true;
    this.#call.done?.(this.#status);
    // Answered before the request was whole: its client ends it on hearing the status. A reset right now would cut off the trailers.
    const leftover = setTimeout(() => {
      if (!this.#client.readableEnded) this.#client.close(constants.NGHTTP2_NO_ERROR);
    }, LEFTOVER_MS);
    this.#client.once('close', () => clearTimeout(leftover));
  }

  /** Upstream's side is over. */
  #closed(): void {
    clearTimeout(this.#patience);
    if (this.#ended || this.#left) return;
    this.#ended = true;
    this.#client.unpipe(this.#up.stream);
    const { rstCode } = this.#up.stream;
    const byPeer = !this.#late && this.#up.sent() && !this.#up.lost() && rstCode !== undefined;
    if (byPeer && rstCode !== constants.NGHTTP2_NO_ERROR) {
      // Upstream reset this call and goes on with others: so does this hop.
      if (!this.#call.replaceable || this.#client.headersSent) this.#client.close(rstCode);
      this.#call.failed(unanswered('dropped', `HTTP/2 reset ${rstCode}`));
      return;
    }
    const failed = this.#failure('the session ended before the answer did');
    if (this.#client.headersSent) this.#breakOff(failed);
    this.#call.failed(failed);
  }

  /** The head has gone out, so the trailers tell what came of the rest. */
  #breakOff({ error }: ForwardFailure): void {
    if (this.#client.destroyed) return;
    const { status, message } = error.grpc;
    this.#trailers = { 'grpc-status': `${status}`, 'grpc-message': message };
    this.#client.end();
  }

  #failure(otherwise: string): ForwardFailure {
    const cause = this.#late ? timeout() : (this.#error ?? new Error(otherwise));
    return failure(cause, { sent: this.#up.sent(), status: undefined });
  }

  #tooLate(): void {
    this.#late = true;
    this.#up.suspect();
    this.#up.stream.close(CANCEL);
  }

  #clientClosed(): void {
    clearTimeout(this.#patience);
    if (this.#ended) return;
    this.#left = true;
    this.#up.stream.close(CANCEL);
    // What has come and was not taken would keep the stream, and its place in the session, for good.
    this.#up.stream.resume();
  }
}

/** For a client to end a request whose answer it has. */
const LEFTOVER_MS = 5_000;
const END_STREAM = constants.NGHTTP2_FLAG_END_STREAM;

/** In the words of `forward-failure.ts`, which knows undici's. */
export function timeout(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'UND_ERR_HEADERS_TIMEOUT' });
}
