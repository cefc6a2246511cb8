/** One gRPC call on its way to the upstream, as whoever forwards it sees it. */
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ForwardFailure } from './forward-failure.ts';
import type { AnswerMetadata } from './grpc-metadata.ts';

/** What of a request has been read before it was decided to forward it. */
export interface ReadSoFar {
  readonly chunks: readonly Buffer[];
  /** Nothing more will come. */
  readonly whole: boolean;
}

export interface GrpcRequest {
  readonly stream: ServerHttp2Stream;
  /** Node's raw list: name, value, … */
  readonly headers: readonly string[];
  readonly body: ReadSoFar;
}

/** The answer is streamed to the client as it comes; when the client leaves, the call upstream is cancelled. */
export interface GrpcRelayCall extends GrpcRequest {
  /** Added to the initial metadata. */
  readonly added: OutgoingHttpHeaders;
  /** Instead of the forwarder's own. */
  readonly answerTimeoutMs?: number;
  /** There is an answer here: a status that says the upstream has none is not handed on, it is a failure. */
  readonly replaceable?: boolean;
  head?(head: AnswerMetadata): void;
  /** The answer has been handed to the client whole; `status` is gRPC's. */
  done?(status: number | undefined): void;
  /** Nothing came, or not all. With `stream.headersSent` false the caller answers; else the client has been told. */
  failed(failure: ForwardFailure): void;
}
