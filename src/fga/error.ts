/**
 * One error class, one catalogue: the codes of OpenFGA with their numbers (contract section 3.3)
 * and the HTTP status that each number range maps to (3.2).
 */

export const ERROR_CODES = {
  // authentication
  auth_failed_invalid_subject: 1001,
  auth_failed_invalid_audience: 1002,
  auth_failed_invalid_issuer: 1003,
  invalid_claims: 1004,
  auth_failed_invalid_bearer_token: 1005,
  bearer_token_missing: 1010,
  unauthenticated: 1500,
  forbidden: 1600,
  // input
  validation_error: 2000,
  authorization_model_not_found: 2001,
  authorization_model_resolution_too_complex: 2002,
  invalid_write_input: 2003,
  cannot_allow_duplicate_tuples_in_one_request: 2004,
  invalid_continuation_token: 2007,
  invalid_expand_input: 2010,
  write_failed_due_to_invalid_input: 2017,
  latest_authorization_model_not_found: 2020,
  type_not_found: 2021,
  relation_not_found: 2022,
  invalid_tuple: 2027,
  assertions_too_many_items: 2033,
  tuple_key_value_not_specified: 2037,
  page_size_invalid: 2039,
  difference_base_missing_value: 2041,
  subtract_base_missing_value: 2042,
  object_too_long: 2043,
  relation_too_long: 2044,
  type_definitions_too_few_items: 2045,
  type_invalid_pattern: 2047,
  relations_invalid_pattern: 2050,
  query_string_type_continuation_token_mismatch: 2052,
  exceeded_entity_limit: 2053,
  invalid_authorization_model: 2056,
  cancelled: 2058,
  invalid_start_time: 2059,
  throttled_timeout_error: 3500,
  // internal
  internal_error: 4000,
  deadline_exceeded: 4004,
  already_exists: 4005,
  resource_exhausted: 4006,
  unavailable: 4010,
  // not found
  undefined_endpoint: 5000,
  store_id_not_found: 5002,
  unimplemented: 5004,
  // plain gRPC Aborted: a write conflict; the capital is OpenFGA's
  Aborted: 10,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface GrpcStatus {
  readonly status: number;
  readonly message: string;
}

export class FgaError extends Error {
  readonly code: ErrorCode;
  readonly #grpc: GrpcStatus | undefined;

  /** `message` is sent to the client; `cause` is for the log only; `grpc` where gRPC says it in other words. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; grpc?: GrpcStatus }) {
    super(message, options);
    this.name = 'FgaError';
    this.code = code;
    this.#grpc = options?.grpc;
  }

  get number(): number {
    return ERROR_CODES[this.code];
  }

  get httpStatus(): number {
    return httpStatusOf(this.code);
  }

  /** As gRPC says it: the number itself, save for faults that are plain gRPC (contract section 3.1). */
  get grpc(): GrpcStatus {
    return this.#grpc ?? { status: PLAIN_GRPC[this.code] ?? this.number, message: this.message };
  }

  /** The unary HTTP body (contract section 3.1). */
  toJSON(): { code: ErrorCode; message: string } {
    return { code: this.code, message: this.message };
  }
}

/** Codes that exist over HTTP only: behind them is a plain gRPC status (contract section 3.2). */
const PLAIN_GRPC: Partial<Record<ErrorCode, number>> = {
  cancelled: 1,
  deadline_exceeded: 4,
  undefined_endpoint: 12,
  resource_exhausted: 8,
  unimplemented: 12,
  unavailable: 14,
};

/** Source: `pkg/server/errors/encoded_errors.go`. `unavailable` from the sidecar itself is 503 (design section 6). */
export function httpStatusOf(code: ErrorCode): number {
  if (code === 'unavailable') return 503;
  if (code === 'Aborted') return 409;
  const number = ERROR_CODES[code];
  if (number < 2000) return 401;
  if (number < 3500) return 400;
  if (number < 4000) return 422;
  if (number < 5000) return 500;
  return 404;
}
