/**
 * The local store: raw tuples, models and the position, moved together. Reads are synchronous; one process writes.
 * The shared suite `test/contract/store.ts` is the definition of a store plugin.
 */
import type { Head } from '../fga/change.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import type { ModelReader, TupleReader } from '../fga/reader.ts';
import type { Tuple, TupleKey } from '../fga/tuple.ts';

/**
 * copying: tuples are still arriving, nothing may be answered.
 * confirming: copied, waiting for the barrier's marker.
 * complete: past its barrier; holds everything at `head`.
 * broken: a change could not be applied or the chain has a hole; bootstraps again.
 */
export type Phase = 'copying' | 'confirming' | 'complete' | 'broken';

export interface StoreState {
  readonly head: Head;
  readonly phase: Phase;
  /** Position in the change log of the last message applied for this store. */
  readonly position: string;
  /**
   * Wall clock, ms: the store's data is known to be at least as young as this moment. 0 = unknown.
   * Used only across a restart; while running, age is measured on the monotonic clock.
   */
  readonly freshAtMs: number;
  /** ReadChanges token of the last commit applied; used by the `upstream` change log to go on. */
  readonly checkpoint: string;
  /** The object types whose tuples are held. Absent: all of them. */
  readonly objectTypes?: readonly string[];
}

/** One store's part of a commit. Deletes are applied before writes; both are absolute, so replaying converges. */
export interface StoreEdit {
  readonly storeId: string;
  readonly deletes?: readonly TupleKey[];
  readonly writes?: readonly Tuple[];
  readonly models?: readonly AuthorizationModel[];
  /** Moves with the data. Absent leaves the state as it is. */
  readonly state?: StoreState;
}

/** The follower's place in the log as a whole, moved with the data. */
export interface LogPosition {
  /** Identity of the log (for NATS: stream name and creation time). Another identity means: start again. */
  readonly logId: string;
  readonly position: string;
}

/** A consistent view of one store. Use it within one turn of the event loop; it is not valid after that. */
export interface StoreView extends TupleReader, ModelReader {
  readonly state: StoreState;
}

/** Very many tuples for a store that holds a state in phase `copying` and no tuples. */
export interface StoreLoad {
  readonly storeId: string;
  /** Ordered by `keyText` for speed; any order is right. No key twice in a batch. */
  readonly batches: AsyncIterable<readonly Tuple[]>;
}

/** One store as it was at one commit, readable over many turns of the event loop until `release`. */
export interface FrozenStore {
  readonly state: StoreState;
  readonly models: readonly AuthorizationModel[];
  readonly count: number;
  /** Every tuple once; ordered by `keyText` where the store keeps an order. Can be read once. */
  readonly tuples: Iterable<Tuple>;
  release(): void;
}

export interface TupleStore {
  /** Undefined when nothing of this store is held. */
  view(storeId: string): StoreView | undefined;
  state(storeId: string): StoreState | undefined;
  stores(): readonly string[];
  logPosition(): LogPosition | undefined;
  /** Number of tuples held for a store. May be a running count; exact after `commit` resolves. */
  count(storeId: string): number;
  /** Every tuple of the store, ordered by `keyText`; for audit, snapshot and tests. */
  all(storeId: string): Iterable<Tuple>;
  /** For snapshots: the store as it is now, whatever is committed while it is read. Undefined when nothing is held. */
  freeze(storeId: string): FrozenStore | undefined;
  /**
   * Fills an empty store faster than `commit` does. Not atomic: what came before a fault or a crash stays, and what is
   * read meanwhile may be half there. Rejects when the store is dropped meanwhile, or with a fault of the batches.
   */
  load(load: StoreLoad): Promise<void>;
  /** All edits and the position become visible at once, and survive a crash of the process together or not at all. */
  commit(edits: readonly StoreEdit[], log?: LogPosition): Promise<void>;
  /**
   * Removes every trace of a store. What is committed after this call begins the store anew, however long the removing takes,
   * and does not wait for its end.
   */
  drop(storeId: string): Promise<void>;
  /** Bytes on disk or in memory, for the status page. */
  bytes(): number;
  close(): Promise<void>;
}
