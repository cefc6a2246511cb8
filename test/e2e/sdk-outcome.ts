/** What one call of the official SDK came to, as a plain value: the result or the error, with what the wire showed. */
import { FgaApiError, FgaError } from '@openfga/sdk';
import { type Masks, ownHeaders } from './masking.ts';

export interface Entry {
  readonly step: string;
  /** What the SDK returned, masked; or how it failed. */
  readonly outcome: unknown;
  /** `Rsfga-Served-By` of the answer, where the SDK shows it. */
  readonly servedBy?: string;
}

type Attempted = Omit<Entry, 'step'>;

/** An error that is not the SDK's is a fault of the session and is thrown on. */
export async function attempt<T>(
  action: () => Promise<T>,
  masks: Masks,
): Promise<[Attempted, T | undefined]> {
  try {
    const result = await action();
    const response = responseOf(result);
    const shown = { result, ...(response && wire(response)) };
    return [{ outcome: masks.apply(shown), ...servedBy(response?.headers) }, result];
  } catch (error) {
    if (!(error instanceof FgaError)) throw error;
    return [{ outcome: masks.apply(failure(error)), ...servedBy(headersOf(error)) }, undefined];
  }
}

type Headers = Readonly<Record<string, unknown>>;

function servedBy(headers: Headers | undefined): { servedBy?: string } {
  const value = headers?.['rsfga-served-by'];
  return typeof value === 'string' ? { servedBy: value } : {};
}

interface Wire {
  readonly status: number;
  readonly headers: Headers;
}

/** The SDK hangs the answer on its result, out of sight of `Object.entries`. */
function responseOf(result: unknown): Wire | undefined {
  return (result as { readonly $response?: Wire } | undefined)?.$response;
}

function wire({ status, headers }: Wire): object {
  return { status, headers: ownHeaders({ ...headers }) };
}

function headersOf(error: FgaError): Headers | undefined {
  return error instanceof FgaApiError ? error.responseHeader : undefined;
}

function failure(error: FgaError): object {
  if (!(error instanceof FgaApiError)) return { class: error.name, message: error.message };
  const { apiErrorCode } = error as { apiErrorCode?: unknown };
  return {
    class: error.name,
    status: error.statusCode,
    code: apiErrorCode,
    message: error.apiErrorMessage,
    headers: ownHeaders(headersOf(error) ?? {}),
    body: error.responseData,
  };
}
