/**
 * Why a forwarded request got no answer. A value, not an exception: the caller decides between a local answer, a 503 and
 * a doubtful key.
 */
import { FgaError } from '../fga/error.ts';

export type Fault =
  | 'unreachable' // no connection
  | 'timeout' // connected, no answer in time
  | 'reset' // the connection ended before the answer did
  | 'garbage' // what came back is not HTTP, or its head is over the limit
  | 'failing' // the upstream, or who stands before it, said that it cannot answer, and there is an answer here
  | 'dropped' // the upstream ended this one gRPC call and goes on with others
  | 'open' // not sent: the upstream is given a rest
  | 'request'; // this request cannot be put into an HTTP/1.1 request line or header

/** The upstream is there. */
export type Unanswered = 'failing' | 'dropped';

export interface ForwardFailure {
  readonly fault: Fault;
  /** False: not one byte of the request was written, so the upstream cannot have acted on it. */
  readonly sent: boolean;
  /** Set when the head of the answer had arrived: the upstream's verdict is known, its body is not. */
  readonly status: number | undefined;
  /** What to tell the client: OpenFGA's shape, `unavailable`, 503. The cause is for the log. */
  readonly error: FgaError;
}

const MESSAGES: Record<Exclude<Fault, 'request' | 'open' | Unanswered>, string> = {
  unreachable: 'the upstream server cannot be reached',
  timeout: 'the upstream server did not answer in time',
  reset: 'the upstream server closed the connection before it had answered',
  garbage: 'the upstream server did not answer with valid HTTP',
};

export function failure(
  cause: Error,
  seen: { readonly sent: boolean; readonly status: number | undefined },
): ForwardFailure {
  const fault = faultOf(cause, seen.sent);
  const error =
    fault === 'request'
      ? new FgaError('undefined_endpoint', 'Not Found', { cause })
      : new FgaError('unavailable', MESSAGES[fault], { cause });
  return { fault, sent: seen.sent, status: seen.status, error };
}

/** `how`: the upstream's own words for it, `HTTP 503`. */
export function unanswered(fault: Unanswered, how: string, status?: number): ForwardFailure {
  const error = new FgaError('unavailable', `the upstream server gave no answer to this request (${how})`);
  return { fault, sent: true, status, error };
}

/** From undici's parser, and from node when an answer's head cannot be said again. */
const GARBAGE: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'ERR_INVALID_CHAR',
  'ERR_HTTP_INVALID_STATUS_CODE',
]);

function faultOf(cause: Error, sent: boolean): Exclude<Fault, 'open' | Unanswered> {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return 'request';
  if (!sent) return 'unreachable';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'timeout';
  if (cause.name === 'HTTPParserError' || GARBAGE.has(code)) return 'garbage';
  return 'reset';
}
