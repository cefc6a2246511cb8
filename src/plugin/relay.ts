/**
 * From a sidecar that captured something to the one that publishes, by request and reply. What gets lost on the way is
 * found by the walk.
 */
import type { Head, TupleDelta } from '../fga/change.ts';

export type RelayMessage =
  | {
      readonly relay: 'write';
      readonly storeId: string;
      readonly delta: TupleDelta;
      /** The forward began no earlier than this, by the clock of the receiver in that term. Absent: not known. */
      readonly began?: { readonly term: string; readonly ms: number };
      /** The keys were held alone at the sender. */
      readonly exclusive: boolean;
      readonly mayBeIgnored: boolean;
    }
  | { readonly relay: 'model'; readonly storeId: string; readonly modelId: string }
  /** A walk of this store, soon: the outcome of a Write is not known. */
  | { readonly relay: 'walk'; readonly storeId: string }
  /** Only asks for the receiver's clock. */
  | { readonly relay: 'hello' };

export interface RelayReply {
  /** Absent for `walk` and `hello`. */
  readonly head?: Head;
  /** The term of the receiver, and its monotonic clock as it replied. */
  readonly term: string;
  readonly nowMs: number;
}

export interface Relay {
  /**
   * Throws a `NotHolderError` when nobody publishes at present, or the receiver no longer does: try again. Any other error:
   * it is not known what became of it, or it could not be done.
   */
  send(message: RelayMessage, timeoutMs: number): Promise<RelayReply>;
  /** Only the holder of the lease does. Returns how to stop. */
  serve(receive: (message: RelayMessage) => Promise<RelayReply>): () => void;
}
