/** Collects one gRPC answer of the upstream, so that it can be held back until a Write has been captured. */

import type { OutgoingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import { type ForwardFailure, failure } from './forward-failure.ts';
import { MAX_HELD_BYTES } from './forward-held.ts';
import type { GrpcRequest } from './grpc-call.ts';
import { type AnswerMetadata, answerMetadata, statusOf, trailersOf } from './grpc-metadata.ts';
import { timeout } from './grpc-relay.ts';
import { CANCEL, type OpenCall } from './grpc-sessions.ts';

export interface HeldAnswer {
  readonly head: AnswerMetadata;
  /** Frames as they came. */
  readonly body: Buffer;
  /** Undefined: head and status came in one. */
  readonly trailers: OutgoingHttpHeaders | undefined;
  /** gRPC's; undefined when the upstream gave none. */
  readonly status: number | undefined;
}

export type GrpcExchange = { readonly answer: HeldAnswer } | { readonly failed: ForwardFailure };

export interface Holding {
  readonly patienceMs: number;
  resolve(outcome: GrpcExchange): void;
}

export class GrpcHeld {
  readonly #up: OpenCall;
  readonly #resolve: (outcome: GrpcExchange) => void;
  #patience: NodeJS.Timeout | undefined;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #head: AnswerMetadata | undefined;
  #trailers: OutgoingHttpHeaders | undefined;
  #status: number | undefined;
  #error: Error | undefined;

  constructor({ stream: client, body }: GrpcRequest, up: OpenCall, { patienceMs, resolve }: Holding) {
    this.#up = up;
    this.#resolve = resolve;
    const { stream } = up;
    stream.on('response', (_headers, _flags, raw) => {
      this.#head = answerMetadata(raw);
      this.#status = statusOf(raw);
    });
    stream.on('trailers', (_trailers, _flags, raw) => {
      this.#trailers = trailersOf(raw);
      this.#status = statusOf(raw);
    });
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('error', (error: Error) => {
      this.#error = error;
    });
    stream.once('close', () => this.#closed());
    const sent = () => {
      if (!stream.closed) this.#patience = setTimeout(() => this.#tooLate(), patienceMs);
    };
    for (const chunk of body.chunks) stream.write(chunk);
    if (body.whole) {
      stream.end();
      sent();
    } else {
      client.pipe(stream);
      client.once('end', sent);
      client.once('close', () => client.readableEnded || stream.close(CANCEL));
    }
  }

  #tooLate(): void {
    this.#error = timeout();
    this.#up.suspect();
    this.#up.stream.close(CANCEL);
  }

  #data(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= MAX_HELD_BYTES) this.#chunks.push(chunk);
    else this.#up.stream.close(CANCEL);
  }

  #closed(): void {
    clearTimeout(this.#patience);
    const head = this.#head;
    const whole = head !== undefined && this.#status !== undefined;
    const reset = this.#up.stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    if (whole && this.#error === undefined && (!reset || this.#trailers !== undefined)) {
      const body = Buffer.concat(this.#chunks, this.#size);
      this.#resolve({ answer: { head, body, trailers: this.#trailers, status: this.#status } });
      return;
    }
    const cause = this.#error ?? new Error('the call ended before its answer did');
    this.#resolve({ failed: failure(cause, { sent: this.#up.sent(), status: undefined }) });
  }
}
