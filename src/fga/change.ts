/**
 * What travels on the change street (design section 4, "The message").
 *
 * A transaction of a store takes the store's next revision. It travels as parts, each the writes or the deletes of one
 * object type, then one commit. A model takes a revision too and travels alone. Anchors and markers take none: they
 * restate the head of the chain, so that a follower can check that it holds everything before them.
 */
import type { AuthorizationModel } from './model.ts';
import type { Tuple, TupleKey } from './tuple.ts';

/** Where a store's history stands: the epoch is the identity of the history, the commit id proves the revision. */
export interface Head {
  /** A ULID. Revisions of different epochs cannot be compared. */
  readonly epoch: string;
  /** Contiguous from 1; 0 is "nothing yet". */
  readonly revision: number;
  /** ULID of the commit that made this revision; `''` at revision 0. */
  readonly commitId: string;
}

/** A (type, relation) pair that a transaction touched. */
export interface TouchedPair {
  readonly type: string;
  readonly relation: string;
}

export type Operation = 'write' | 'delete';

/** How a transaction was learned of. `walk`: from the upstream's changelog, holding the state of each key. */
export type Origin = 'capture' | 'walk';

export interface Part {
  readonly kind: 'part';
  readonly storeId: string;
  readonly epoch: string;
  readonly revision: number;
  readonly commitId: string;
  /** 0-based number of this part within its transaction. */
  readonly index: number;
  readonly operation: Operation;
  readonly objectType: string;
  /** For a delete only the key counts. */
  readonly tuples: readonly Tuple[];
}

export interface PartSummary {
  readonly operation: Operation;
  readonly objectType: string;
  readonly count: number;
}

export interface Commit {
  readonly kind: 'commit';
  readonly storeId: string;
  readonly epoch: string;
  readonly revision: number;
  readonly commitId: string;
  /** `''` for the first commit of an epoch. */
  readonly previousCommitId: string;
  readonly parts: readonly PartSummary[];
  readonly touched: readonly TouchedPair[];
  /** Wall clock of the sequencer, for display only. */
  readonly committedAtMs: number;
  readonly origin: Origin;
  /** Node id of the sidecar that published it. */
  readonly publisher: string;
  /** ReadChanges token: everything up to it has been published. Opaque; `''` is the beginning. */
  readonly checkpoint: string;
}

export interface ModelUpdated {
  readonly kind: 'model';
  readonly storeId: string;
  readonly epoch: string;
  readonly revision: number;
  readonly commitId: string;
  readonly previousCommitId: string;
  readonly modelId: string;
  /** Absent when it did not fit a message: the follower then fetches it. */
  readonly model?: AuthorizationModel;
  readonly committedAtMs: number;
  readonly publisher: string;
  readonly checkpoint: string;
}

/** Restates the head, so that trimming by age never removes the last word about a store. */
export interface Anchor {
  readonly kind: 'anchor';
  /** The upstream does not list the store. It goes on answering for it, and so do followers. */
  readonly storeDeleted?: true;
  readonly storeId: string;
  readonly epoch: string;
  readonly revision: number;
  readonly commitId: string;
  readonly committedAtMs: number;
  readonly publisher: string;
  readonly checkpoint: string;
}

/** Answers a barrier: having applied it, a follower knows all that was committed before it asked. */
export interface Marker {
  readonly kind: 'marker';
  readonly storeId: string;
  readonly epoch: string;
  readonly revision: number;
  readonly commitId: string;
  readonly markerId: string;
  readonly committedAtMs: number;
  readonly publisher: string;
  readonly checkpoint: string;
}

/** What a sequencer appends as one unit. */
export type Entry = Transaction | ModelUpdated | Anchor | Marker;

/** One transaction, whole: what capture hands to the log and what a follower applies. */
export interface Transaction {
  readonly kind: 'transaction';
  readonly parts: readonly Part[];
  readonly commit: Commit;
}

/** What a follower reads, one by one. */
export type ChangeMessage = Part | Commit | ModelUpdated | Anchor | Marker;

/** The change itself, before it has a revision. Keys are distinct across both lists. */
export interface TupleDelta {
  readonly writes: readonly Tuple[];
  readonly deletes: readonly TupleKey[];
}
