/** One query under way: what it asks, where it reads, and how much it may still do. */

import type { FgaError } from '../fga/error.ts';
import type { TupleReader } from '../fga/reader.ts';
import type { JsonObject } from '../fga/tuple.ts';
import type { CompiledModel } from './compile.ts';
import type { ContextualTuples } from './contextual.ts';
import { Decline } from './decline.ts';
import type { Plan } from './plan.ts';
import type { Subject } from './subject.ts';

/** Upper bounds for one query. Past either, the query is declined with `budget`. */
export interface Budget {
  /** Tuples read and nodes visited, together. */
  readonly steps: number;
  /** How long a query may keep the event loop. */
  readonly millis: number;
}

export const DEFAULT_BUDGET: Budget = { steps: 1_000_000, millis: 50 };

export interface Meter {
  steps: number;
  readonly maxSteps: number;
  readonly deadline: number;
  readonly clock: () => number;
}

/** What a single Check, or one part of a larger query, carries along. */
export interface Run {
  readonly model: CompiledModel;
  readonly subject: Subject;
  /** Stored and contextual tuples, merged as upstream merges them. */
  readonly reads: TupleReader;
  readonly contextual: ContextualTuples | undefined;
  readonly context: JsonObject | undefined;
  readonly meter: Meter;
  /** The last condition error met; one of those that upstream could show. */
  failure: FgaError | undefined;
  /** A condition failed in words that are not known here. */
  wordless: boolean;
  /** Cycles matter to the answer: something below subtracts, and something recurses. */
  careful: boolean;
  /** The depth limit is near: fast ways are not taken, each strategy is followed. */
  exact: boolean;
  /** Sub-problems already solved, for plans that may meet them again. */
  memo: Map<string, number> | undefined;
  /**
   * For several questions of one run: nodes of flat plans, by plan and object. Positive: allowed, the match being so
   * many levels below, less one. Negative: denied, and no way down is longer than this.
   */
  solved: Map<string, number> | undefined;
  /** Where the evaluation stands: the nodes above this one, for cycles. */
  readonly path: Place[];
  /** Cycles met so far. A result that met one holds for its path alone. */
  cycles: number;
  /** Deepest dispatch seen below, absolute. */
  deepest: number;
}

export interface Place {
  readonly plan: Plan;
  readonly object: string;
}

export function startMeter(budget: Budget, clock: () => number): Meter {
  return { steps: 0, maxSteps: budget.steps, deadline: clock() + budget.millis, clock };
}

/** Counts one tuple or node; looks at the clock every 256. */
export function spend(meter: Meter): void {
  const steps = ++meter.steps;
  if ((steps & 255) !== 0) return;
  if (steps > meter.maxSteps) throw new Decline('budget', `more than ${meter.maxSteps} steps`);
  if (meter.clock() > meter.deadline) throw new Decline('budget', 'took too long');
}
