/** What a query may come to. A "no" is a value: `declined` means "ask the upstream", it is not an error. */
import type { FgaError } from './error.ts';
import type { QueryMethod } from './query.ts';

export interface CheckAnswer {
  readonly method: 'Check';
  readonly allowed: boolean;
}

export interface BatchCheckAnswer {
  readonly method: 'BatchCheck';
  /** By correlation id. An item's own failure does not fail the batch (contract section 3.4). */
  readonly result: ReadonlyMap<string, { readonly allowed: boolean } | { readonly error: FgaError }>;
}

export interface ListObjectsAnswer {
  readonly method: 'ListObjects' | 'StreamedListObjects';
  /** `type:id`, distinct, in no promised order. */
  readonly objects: readonly string[];
}

export type ListedUser =
  | { readonly object: { readonly type: string; readonly id: string } }
  | { readonly userset: { readonly type: string; readonly id: string; readonly relation: string } }
  | { readonly wildcard: { readonly type: string } };

export interface ListUsersAnswer {
  readonly method: 'ListUsers';
  readonly users: readonly ListedUser[];
}

export type ExpandLeaf =
  | { readonly users: { readonly users: readonly string[] } }
  | { readonly computed: { readonly userset: string } }
  | {
      readonly tupleToUserset: {
        readonly tupleset: string;
        readonly computed: readonly { readonly userset: string }[];
      };
    };

export type ExpandNode = { readonly name: string } & (
  | { readonly leaf: ExpandLeaf }
  | { readonly union: { readonly nodes: readonly ExpandNode[] } }
  | { readonly intersection: { readonly nodes: readonly ExpandNode[] } }
  | { readonly difference: { readonly base: ExpandNode; readonly subtract: ExpandNode } }
);

export interface ExpandAnswer {
  readonly method: 'Expand';
  readonly root: ExpandNode;
}

export type Answer = CheckAnswer | BatchCheckAnswer | ListObjectsAnswer | ListUsersAnswer | ExpandAnswer;

/** Stable words; they are the value of the `Rsfga-Declined` header and of a metric label. */
export type DeclineReason =
  | 'consistency' // HIGHER_CONSISTENCY goes to the primary
  | 'revision' // Rsfga-Min-Revision not reached
  | 'stale' // older than max_staleness
  | 'syncing' // the store is not past its barrier
  | 'reach' // the query may read object types that are not kept here
  | 'miss' // no remembered answer that still holds
  | 'model' // the model is not known here, or a newer one may exist
  | 'condition' // a CEL expression that cannot be evaluated exactly here
  | 'cycle' // upstream's own answer depends on its strategy (contract section 4.4)
  | 'depth' // near the resolve-node limit, where upstream is not deterministic
  | 'budget' // more work than one local query may take
  | 'truncated' // upstream would cut the result at its cap
  | 'method' // this tier or engine does not answer this method
  | 'fault' // the tier is one from outside, and it failed
  | 'credentials' // the caller could not be authenticated here
  | 'request'; // something in the request that is not understood here

export interface Declined {
  readonly declined: DeclineReason;
  /** For `explain` and the log; never sent to a client. */
  readonly detail?: string;
}

/** The outcome of asking a tier or the engine. An `error` is the exact error that upstream would give. */
export type Outcome<A extends Answer = Answer> =
  | { readonly answer: A }
  | { readonly error: FgaError }
  | Declined;

export type AnswerTo<M extends QueryMethod> = Extract<Answer, { readonly method: M }>;
