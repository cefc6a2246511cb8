/** Collects one answer of the upstream, so that it can be held back until a Write has been captured. */
import type { Dispatcher } from 'undici';
import { type ForwardFailure, failure } from './forward-failure.ts';
import { SENT_ONCE } from './forward-relay.ts';
import { type AnswerHead, answerHead } from './headers.ts';

/** The gateway of OpenFGA takes no larger answer from its own server (contract section 2.2). */
export const MAX_HELD_BYTES = 4_194_304;

export type Exchange =
  | { readonly answer: { readonly head: AnswerHead; readonly body: Buffer } }
  | { readonly failed: ForwardFailure };

export class Held implements Dispatcher.DispatchHandler {
  readonly #resolve: (outcome: Exchange) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #sent = false;
  #head: AnswerHead | undefined;

  constructor(resolve: (outcome: Exchange) => void) {
    this.#resolve = resolve;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#sent) controller.abort(SENT_ONCE);
    this.#sent = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    if (status >= 200) this.#head = answerHead(status, statusText ?? '', controller.rawHeaders);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > MAX_HELD_BYTES) controller.abort(new Error('the answer is too large to be held'));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const head = this.#head;
    if (head === undefined) this.#fail(new Error('the answer has no head'));
    else this.#resolve({ answer: { head, body: Buffer.concat(this.#chunks, this.#size) } });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.#resolve({ failed: failure(error, { sent: this.#sent, status: this.#head?.status }) });
  }
}
