/**
 * A tier says what an edge keeps of a product's stores and answers queries from it, or declines.
 */
import type { Answer, Outcome } from '../fga/answer.ts';
import type { TouchedPair } from '../fga/change.ts';
import type { Query } from '../fga/query.ts';
import type { StoreView } from './store.ts';

/** With no object types listed a store keeps its models and follows its commits, and no tuple travels. */
export type Keeps = 'everything' | 'nothing' | { readonly objectTypes: readonly string[] };

export interface TierContext {
  /** The store at this moment; undefined when nothing of it is held. Not to be used after this turn of the event loop. */
  readonly view: StoreView | undefined;
}

export interface Tier {
  readonly name: string;
  /** What the follower should replicate for a store of this tier. Never changes. */
  readonly keeps: Keeps;
  /**
   * Answers exactly as the upstream would at the view's revision, or declines. Synchronous when it can be: the promise
   * is for tiers that ask a cache. Freshness, credentials and consistency are decided before a tier is asked.
   */
  answer(query: Query, context: TierContext): TierOutcome | Promise<TierOutcome>;
  /**
   * A change is about to count as applied: what it can affect may not be answered from memory any more. Called before the
   * view shows it, perhaps more than once for the same change.
   */
  changing?(change: TierChange): void;
  /** There is a gap in what was heard of the store: nothing that is remembered of it holds. */
  forget?(storeId: string): void;
  /** An operator drops what is remembered under a key, or of a whole store. Keys of others are no error. */
  invalidate?(key: string): void;
  close?(): Promise<void>;
}

export interface TierChange {
  readonly storeId: string;
  readonly revision: number;
  /** Every (type, relation) of which a tuple was written or deleted. */
  readonly touched: readonly TouchedPair[];
}

export type TierOutcome = Outcome & {
  /** The model that decided; for the `Openfga-Authorization-Model-Id` header, also on errors after it was resolved. */
  readonly modelId?: string;
  /** Not found out here, but remembered. */
  readonly cached?: true;
  /** With a decline: the tier wants to hear what the upstream says instead. Called once, whatever comes of it. */
  readonly remember?: Remember;
};

/** Undefined: the upstream gave no answer, or none that can be said again exactly. */
export type Remember = (said: UpstreamSaid | undefined) => void;

export interface UpstreamSaid {
  readonly answer: Answer;
  /** The model that the upstream resolved, where it said so. */
  readonly modelId: string | undefined;
}

/** Why an answer was not remembered. Stable words: a metric label. */
export type Refusal =
  | 'changed' // something that it may have read changed meanwhile
  | 'gap' // the session ended meanwhile
  | 'lag' // so soon after a change that the upstream may not show it yet
  | 'model' // another model decided than the one that is known here
  | 'cycle' // upstream's own answer may depend on its strategy
  | 'truncated' // the list may have been cut
  | 'dropped' // an operator dropped the key meanwhile
  | 'error'; // no answer, an error, or a form that cannot be said again

/** What a tier that remembers tells telemetry. */
export interface CacheEvents {
  hit(): void;
  /** Answered by another caller's forward. */
  joined(): void;
  miss(): void;
  stored(): void;
  refused(reason: Refusal): void;
  /** The store of the answers failed. */
  failed(error: unknown): void;
}
