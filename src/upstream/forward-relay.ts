/**
 * Hands one answer of the upstream to the client: a short one at once when it is whole, any other as it comes, with
 * backpressure both ways.
 */
import type { Dispatcher } from 'undici';
import type { RelayCall, WholeAnswer } from './forward-call.ts';
import { type ForwardFailure, failure, unanswered } from './forward-failure.ts';
import { type AnswerHead, answerHead } from './headers.ts';

/** An answer this short leaves in one write with its head, and its client never sees half of it. */
const SHORT_BYTES = 16_384;

const CLIENT_LEFT = new Error('the client left');
const UNSEEN = new Error('the answer is not waited for');
/** undici repeats nothing that it began to send; this makes sure of it. */
export const SENT_ONCE = new Error('a request is not sent twice');

export class Relay implements Dispatcher.DispatchHandler {
  readonly #call: RelayCall;
  readonly #onClose: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #head: AnswerHead | undefined;
  /** Set while a short answer is collected. Latin-1: each character is one byte. */
  #short: string | undefined;
  #left = false;
  #over = false;
  /** Bytes of an answer that nobody is to see: read to its end, so that the connection can be used again. */
  #unseen: number | undefined;

  constructor(call: RelayCall) {
    this.#call = call;
    this.#onClose = () => this.#clientClosed();
    call.res.once('close', this.#onClose);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#controller !== undefined) controller.abort(SENT_ONCE);
    this.#controller = controller;
    if (this.#left) controller.abort(CLIENT_LEFT);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    if (status < 200) return;
    if (status >= 500 && this.#call.replaceable) {
      this.#unseen = 0;
      this.#fail(unanswered('failing', `HTTP ${status}`, status));
      return;
    }
    const head = answerHead(status, statusText ?? '', controller.rawHeaders);
    this.#head = head;
    this.#call.head?.(head);
    if (head.length !== undefined && head.length <= SHORT_BYTES) this.#short = '';
    else writeHead(this.#call, head);
    // Lines are read as they come, so the head may not wait for the first of them.
    if (head.length === undefined) this.#call.res.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#unseen !== undefined) {
      this.#unseen += chunk.length;
      if (this.#unseen > SHORT_BYTES) controller.abort(UNSEEN);
      return;
    }
    if (this.#short !== undefined) {
      this.#short += chunk.toString('latin1');
      return;
    }
    const { res } = this.#call;
    if (res.write(chunk)) return;
    controller.pause();
    res.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    if (this.#unseen !== undefined) return;
    const { res } = this.#call;
    res.off('close', this.#onClose);
    if (this.#short !== undefined && this.#head) {
      writeHead(this.#call, this.#head);
      res.end(this.#short, 'latin1');
      this.#end({ head: this.#head, body: Buffer.from(this.#short, 'latin1') });
    } else {
      res.end();
      this.#end(undefined);
    }
    this.#call.done?.();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#unseen !== undefined) return;
    const seen = { sent: this.#controller !== undefined, status: this.#head?.status };
    this.#fail(failure(error, seen));
  }

  #fail(failed: ForwardFailure): void {
    const { res } = this.#call;
    res.off('close', this.#onClose);
    this.#end(undefined);
    if (this.#left) return;
    if (res.headersSent) res.destroy();
    this.#call.failed(failed);
  }

  #end(whole: WholeAnswer | undefined): void {
    const { ended } = this.#call;
    if (this.#over) return;
    this.#over = true;
    ended?.call(this.#call, whole);
  }

  #clientClosed(): void {
    this.#left = true;
    this.#end(undefined);
    this.#controller?.abort(CLIENT_LEFT);
  }
}

function writeHead({ req, res, added }: RelayCall, head: AnswerHead): void {
  // An answer to a request that is still being sent: the rest of it cannot be told from a next request safely.
  if (!req.complete) res.shouldKeepAlive = false;
  const headers = head.headers;
  headers.push(...added);
  res.writeHead(head.status, head.statusText, headers);
}
