/** What stands along the gRPC street, and one call on it. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { GrpcForwarder } from '../upstream/grpc.ts';
import type { CapturingStreet } from './capture-call.ts';
import type { ServingStreet } from './query-call.ts';

/** What stands along the street; `decider`, `capture` and `events` are the HTTP street's own. */
export interface GrpcStreet extends ServingStreet, CapturingStreet {
  readonly upstream: GrpcForwarder;
  /** Where Writes go; the same as `upstream` unless that is a replica. */
  readonly primary: GrpcForwarder;
  /** A larger message is not read but passed on. Default: what OpenFGA takes. */
  readonly requestBytes?: number;
}

export interface GrpcCall {
  readonly street: GrpcStreet;
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** Node's raw list of the same: name, value, … */
  readonly raw: readonly string[];
  readonly startedAt: number;
}
