/** Failures of the SDK, in the one error class of the house. */
import { FgaApiError } from '@openfga/sdk';
import { ERROR_CODES, type ErrorCode, FgaError } from '../fga/error.ts';

/** Upstream's own code and message where it answered; `unavailable` where it did not. */
export function readFailure(error: unknown): FgaError {
  if (!(error instanceof FgaApiError)) {
    return new FgaError('unavailable', 'the upstream server cannot be reached', { cause: plain(error) });
  }
  const code = codeIn(error.responseData);
  const message = error.apiErrorMessage ?? `the upstream server answered ${error.statusCode ?? 'nothing'}`;
  return new FgaError(code ?? 'internal_error', message, { cause: plain(error) });
}

export function isUnknownModel(error: unknown): boolean {
  return error instanceof FgaError && error.code === 'authorization_model_not_found';
}

export function isUnknownStore(error: unknown): boolean {
  return error instanceof FgaError && error.code === 'store_id_not_found';
}

function codeIn(body: unknown): ErrorCode | undefined {
  if (typeof body !== 'object' || body === null || !('code' in body)) return undefined;
  const { code } = body;
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : undefined;
}

/** What the log may see: the SDK's errors drag the request along, bodies included. */
function plain(error: unknown): Error {
  return new Error(error instanceof Error ? error.message : String(error));
}
