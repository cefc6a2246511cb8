/** What became of a query: an answer, an error, a refusal, or why it is not answered here. */
import type { Answer, DeclineReason } from '../fga/answer.ts';
import type { FgaError } from '../fga/error.ts';
import type { Remember } from '../plugin/tier.ts';
import type { ServedBy } from './events.ts';

/** What an answer or a decline says about the data behind it. */
export interface View {
  /** `<epoch>.<revision>`. */
  readonly revision?: string;
  readonly stalenessMs?: number;
}

export interface LocalView extends View {
  readonly servedBy: ServedBy;
  /** The model that decided; also on errors that came after it was resolved. */
  readonly modelId?: string;
}

export interface DeclinedDecision extends View {
  readonly declined: DeclineReason;
  /** Ask the primary, not a replica. */
  readonly primary?: boolean;
  /** What to answer while the upstream gives none (`on_stale: forward`, up to `max_offline`). */
  fallback?(): Decision | Promise<Decision>;
  /** Wants to hear what the upstream says, or `undefined`; called at least once, and the first time counts. */
  readonly remember?: Remember;
}

export type FinalDecision =
  | (LocalView & { readonly answer: Answer })
  | (LocalView & { readonly error: FgaError })
  /** The caller is not known, or may not: never forwarded. */
  | { readonly denied: FgaError };

export type Decision = FinalDecision | DeclinedDecision;
