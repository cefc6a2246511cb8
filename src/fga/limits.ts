/** OpenFGA's limits, each with its source. All are upstream defaults of v1.18 (contract section 2.2, 2.3). */

/** `--resolve-node-limit`. */
export const RESOLVE_NODE_LIMIT = 25;
/** `--listObjects-max-results`, `--listUsers-max-results`. */
export const LIST_MAX_RESULTS = 1000;
/** `--listObjects-deadline`, `--listUsers-deadline`, milliseconds. */
export const LIST_DEADLINE_MS = 3000;
/** `--max-checks-per-batch-check`. */
export const MAX_CHECKS_PER_BATCH = 50;
/** Proto rule on `contextual_tuples.tuple_keys`. */
export const MAX_CONTEXTUAL_TUPLES = 100;
/** `--max-tuples-per-write`, writes and deletes together. */
export const MAX_TUPLES_PER_WRITE = 100;
/** `--max-types-per-authorization-model`. */
export const MAX_TYPES_PER_MODEL = 100;
/** `--max-authorization-model-size-in-bytes`, proto size. */
export const MAX_MODEL_BYTES = 262_144;
/** `DefaultWriteContextByteLimit`: proto size of a stored condition context. */
export const MAX_STORED_CONTEXT_BYTES = 32_768;
/** `--grpc-max-recv-msg-bytes`: 512 × 1204, upstream's own constant. The HTTP gateway shares it. */
export const MAX_REQUEST_BYTES = 616_448;
/** `--max-condition-evaluation-cost`. */
export const MAX_CONDITION_COST = 100;
/** Page size of Read, ListStores and ReadAuthorizationModels, at most; and of ReadChanges by default. */
export const MAX_PAGE_SIZE = 100;
export const DEFAULT_PAGE_SIZE = 50;
