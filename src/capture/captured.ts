/** What is handed to the sequencer of a store, and what it does with it. */
import type { Head, TupleDelta } from '../fga/change.ts';
import type { LaneOptions } from '../plugin/lanes.ts';

export interface Captured {
  readonly delta: TupleDelta;
  /** Monotonic ms of this process: the forward began no earlier. */
  readonly forwardBeganMs: number;
  /** The keys were held alone from the forward to here. */
  readonly exclusive: boolean;
  /** `on_duplicate` / `on_missing: ignore`: some of the keys may leave no changelog entry. */
  readonly mayBeIgnored: boolean;
}

export interface SequencerEvents {
  published(what: 'capture' | 'walk' | 'model', changes: number): void;
  /** A walk found changes that no capture had handed over. */
  found(keys: number): void;
}

export interface StoreSequencer {
  /** Resolves with the revision once the log holds it. Rejects when the log is out of reach: the walk then does it. */
  handOver(captured: Captured): Promise<Head>;
  modelWritten(modelId: string): Promise<Head>;
  /**
   * A walk that begins after this call; with `marker`, a marker is appended after what it found. Rejects with an
   * `UnwantedError` when nobody wants it any more at its turn.
   */
  barrier(marker?: string, wanted?: () => boolean): Promise<Head>;
  /** A walk soon; by default before those of others that wait. */
  walk(options?: LaneOptions): Promise<void>;
  /** Says the head again, so that a log that forgets by age keeps a word about the store. */
  restate(): Promise<Head>;
  /** The upstream no longer lists the store: says so in the log, once. */
  deleted(): Promise<void>;
  /** Jobs given and not finished. */
  waiting(): number;
  /** Monotonic ms of the last hand-over or barrier; `-Infinity` before the first. */
  lastAskedMs(): number;
  /** Monotonic ms at which the last walk began. */
  lastWalkMs(): number;
}
