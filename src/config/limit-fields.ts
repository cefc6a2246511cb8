/** The bounds of both listeners and of queries. */
import {
  CONCURRENT_QUERIES,
  CONCURRENT_WRITES,
  CONNECTIONS,
  HEADER_BYTES,
  HEADER_TIMEOUT_MS,
  HEADERS,
  HELD_BYTES,
  IDLE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  STALL_TIMEOUT_MS,
  STREAMS,
} from '../plugin/limits.ts';
import { count, duration, durationText, group } from '../plugin/schema.ts';

/** OpenFGA's own bound (`--grpc-max-recv-msg-bytes`, shared by its HTTP gateway). */
const REQUEST_BYTES = 616_448;

export function limitsField() {
  return group('How much clients may take of this sidecar, over HTTP and over gRPC.', {
    concurrent_queries: count(
      'Queries under way at once, of all products, on both listeners. Past it: the error `resource_exhausted`.',
      { min: 1, max: 1_000_000 },
    ).prefault(CONCURRENT_QUERIES),
    concurrent_writes: count(
      'Writes under way at once on both listeners, also those whose client has left. Past it: the error `resource_exhausted`, before the upstream sees the Write.',
      { min: 1, max: 100_000 },
    ).prefault(CONCURRENT_WRITES),
    connections: count(
      'Connections at once, idle ones too, on each of the two listeners. Further ones are closed.',
      {
        min: 1,
        max: 1_000_000,
      },
    ).prefault(CONNECTIONS),
    streams: count('Calls at once on one gRPC connection. Clients are told and wait.', {
      min: 1,
      max: 100_000,
    }).prefault(STREAMS),
    request_bytes: count(
      'A larger body is not read here but passed on as it comes: the upstream has the last word. Default: what OpenFGA takes.',
      { min: 1_024, max: 16_777_216 },
    ).prefault(REQUEST_BYTES),
    held_bytes: count(
      'Bytes held of bodies that come in pieces (larger than about 64 KB, or slow), of all clients. Past it: the error `resource_exhausted`, and the connection ends. Over gRPC of half-read requests and untaken answers: the connections that hold most are ended.',
      { min: 16_777_216, max: 68_719_476_736 },
    ).prefault(HELD_BYTES),
    header_bytes: count(
      "A request's line and headers, a call's metadata. Past it: 431, over gRPC the call is reset.",
      {
        min: 4_096,
        max: 1_048_576,
      },
    ).prefault(HEADER_BYTES),
    headers: count('Headers of a request. Past it: 431, over gRPC the call is reset.', {
      min: 16,
      max: 100_000,
    }).prefault(HEADERS),
    header_timeout: duration(
      'Time to send the line and the headers, or to begin to speak HTTP/2. Past it: 408, or the connection is closed.',
      {
        min: 100,
        max: 600_000,
      },
    ).prefault(durationText(HEADER_TIMEOUT_MS)),
    request_timeout: duration('Time to send a whole request. Past it: 408, over gRPC the call is reset.', {
      min: 100,
      max: 3_600_000,
    }).prefault(durationText(REQUEST_TIMEOUT_MS)),
    idle_timeout: duration(
      'A connection without a request is closed after this; so is a streaming call whose client neither sends nor ends.',
      {
        min: 1_000,
        max: 86_400_000,
      },
    ).prefault(durationText(IDLE_TIMEOUT_MS)),
    stall_timeout: duration('A client that takes nothing of its answer for so long is cut off.', {
      min: 1_000,
      max: 3_600_000,
    }).prefault(durationText(STALL_TIMEOUT_MS)),
  }).prefault({});
}
