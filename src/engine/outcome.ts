/**
 * What a sub-problem may come to, as a set. Upstream evaluates operands concurrently and lets a learning planner pick
 * strategies, so some sub-problems have several possible outcomes; a query is answered only when all of them agree.
 * Combinators follow `internal/graph/check.go` (`union`, `intersection`, `exclusion`, `consumeDispatches`).
 */

/** A bit set of the constants below; never empty. */
export type Outcomes = number;

export const ALLOWED = 1;
export const DENIED = 2;
/** Denied, with upstream's cycle flag: in a subtracted operand it denies as well. */
export const CYCLE = 4;
/** A condition could not be evaluated. */
export const FAILED = 8;
/** Deeper than the resolve-node limit. */
export const TOO_DEEP = 16;

const NO = DENIED | CYCLE;
const ERROR = FAILED | TOO_DEEP;

/** Any `allowed` wins, then any error, then any cycle. Also how the dispatches of one iterator combine. */
export function union(a: Outcomes, b: Outcomes): Outcomes {
  if (a === ALLOWED || b === ALLOWED) return ALLOWED;
  if (a === DENIED) return b;
  if (b === DENIED) return a;
  const restA = a & ~ALLOWED;
  const restB = b & ~ALLOWED;
  let result = (a | b) & ALLOWED;
  if (restA === 0 || restB === 0) return result;
  result |= (restA | restB) & ERROR;
  if ((restA & NO) === 0 || (restB & NO) === 0) return result;
  result |= (restA | restB) & CYCLE;
  return result | (restA & restB & DENIED);
}

/** The first "no" to arrive wins and hides errors; else an error; else all are allowed. */
export function intersection(a: Outcomes, b: Outcomes): Outcomes {
  if (a === ALLOWED) return b;
  if (b === ALLOWED) return a;
  let result = (a & b & ALLOWED) | ((a | b) & NO);
  if (b & (ALLOWED | ERROR)) result |= a & ERROR;
  if (a & (ALLOWED | ERROR)) result |= b & ERROR;
  return result;
}

/** Denied by base or subtract, whichever arrives first; errors only where neither denies. */
export function exclusion(base: Outcomes, subtract: Outcomes): Outcomes {
  let result = base & NO;
  if (subtract & ALLOWED) result |= DENIED;
  result |= subtract & CYCLE;
  if (subtract & DENIED) result |= base & (ALLOWED | ERROR);
  if (subtract & ERROR) {
    result |= base & ERROR;
    if (base & ALLOWED) result |= subtract & ERROR;
  }
  return result;
}
