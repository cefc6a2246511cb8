/** One request on its way to the upstream, as whoever forwards it sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ForwardFailure } from './forward-failure.ts';
import type { AnswerHead } from './headers.ts';

/** Bytes already read, or a stream of them; null is no body at all. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array> | null;

/** The answer is streamed to the client as it comes; when the client leaves, the upstream request is cancelled. */
export interface RelayCall {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Absent: the body of `req`, unread so far. */
  readonly body?: RequestBody;
  /** Headers to add to the answer. */
  readonly added: readonly string[];
  /** Instead of `ANSWER_TIMEOUT_MS`. */
  readonly answerTimeoutMs?: number;
  /** There is an answer here: a 5xx of the upstream is not handed on, it is a failure. */
  readonly replaceable?: boolean;
  /** The head of the answer, before it is sent to the client. */
  head?(head: AnswerHead): void;
  /** The answer has been handed to the client whole. */
  done?(): void;
  /** Called once, however it ended: with the answer when it was short and came whole. */
  ended?(whole: WholeAnswer | undefined): void;
  /**
   * Nothing came, or not all. With `res.headersSent` false the caller answers; otherwise the client's connection has
   * been cut, which is how HTTP says that the rest is missing. Not called when it was the client who left.
   */
  failed(failure: ForwardFailure): void;
}

export interface WholeAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
}

/** The request is seen through to its end whatever the client does, and the answer is held back. */
export interface ExchangeCall {
  readonly req: IncomingMessage;
  readonly body: RequestBody;
  /** Request header to leave out, lower case. */
  readonly without?: string;
}
