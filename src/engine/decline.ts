/** How the engine says that it will not decide. */
import type { DeclineReason } from '../fga/answer.ts';

/** Leaves the evaluation from any depth. It is a value in the end: `evaluate` turns it into `{ declined }`. */
export class Decline extends Error {
  readonly reason: DeclineReason;

  constructor(reason: DeclineReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
