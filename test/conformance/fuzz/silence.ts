/** Names of the errors that a request without an answer ends with. */
const NAMES = ['TimeoutError', 'HeadersTimeoutError', 'BodyTimeoutError', 'SocketError'];
/** Codes of a connection that was lost on the way. */
const CODES = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'];

/** Whether a server said nothing, so that there is nothing to compare. */
export function saysNothing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code } = error as NodeJS.ErrnoException;
  return NAMES.includes(name) || (code !== undefined && CODES.includes(code));
}
