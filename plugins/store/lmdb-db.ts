/** The part of an lmdb database that is used here. */
import type { Bytes, KeyParts } from './lmdb-key.ts';

/** The part of an lmdb database that is used here. Keys go through `keyEncoder`, values are bytes. */
export interface Db {
  /** Valid until the next read of any database. */
  getBinaryFast(key: KeyParts | Bytes): Buffer | undefined;
  getBinary(key: Bytes): Buffer | undefined;
  getRange(range: Range): Iterable<{ readonly key: Bytes; readonly value: Buffer }>;
  getKeys(range: Range): Iterable<Bytes>;
  put(key: Bytes, value: Buffer): Promise<boolean>;
  remove(key: Bytes): Promise<boolean>;
  useReadTransaction(): Snapshot;
}

export interface Range {
  readonly start: Bytes;
  readonly end: Bytes;
  readonly limit?: number;
  /** From `start` (itself in) downwards to `end` (itself out). */
  readonly reverse?: boolean;
  /** Keeps the scan on one snapshot over several turns of the event loop. */
  readonly transaction?: Snapshot;
}

export interface Snapshot {
  done(): void;
}

export interface Put {
  readonly db: Db;
  readonly key: Bytes;
  /** Undefined removes the key. */
  readonly value: Buffer | undefined;
}

/**
 * All of it becomes visible at once, or nothing does. Resolves when `isVisible` says so, which is before the flush;
 * rejects when the commit failed.
 */
export type WritePuts = (puts: readonly Put[], isVisible: () => boolean) => Promise<void>;
