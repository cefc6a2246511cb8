/**
 * Where snapshots lie: copies of one store at one revision, from which a new edge starts. Optional part of a change log.
 * Whoever may write here can make edges answer wrongly until the next audit: it is for sidecars alone.
 */
import type { Head } from '../fga/change.ts';

export interface SnapshotInfo {
  /** Names the object. A new snapshot under the same name replaces the old one. */
  readonly name: string;
  readonly storeId: string;
  /** The history and the revision that the tuples are at. */
  readonly head: Head;
  /** The log in which `position` is a place, and the last message that is contained. */
  readonly logId: string;
  readonly position: string;
  readonly checkpoint: string;
  /** The object types whose tuples are contained. Absent: all of them. */
  readonly objectTypes?: readonly string[];
  readonly tuples: number;
  /** Wall clock of the sidecar that made it, and its name. For display and for the schedule. */
  readonly madeAtMs: number;
  readonly madeBy: string;
}

export interface SnapshotPlace {
  /** Every snapshot that is there. What cannot be understood is left out. Throws when the place is out of reach. */
  list(): Promise<readonly SnapshotInfo[]>;
  /** Visible under its name once all of it is stored. Rejects with the fault of `content`; nothing is visible then. */
  put(info: SnapshotInfo, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** The bytes, in pieces of any size. Throws when they stop coming or were damaged on the way. */
  get(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  remove(name: string): Promise<void>;
}

/** One text for one info, whatever order its fields came in. */
export function infoText(info: SnapshotInfo): string {
  const { name, storeId, head, logId, position, checkpoint, objectTypes, tuples, madeAtMs, madeBy } = info;
  const { epoch, revision, commitId } = head;
  const types = objectTypes ? { objectTypes: [...objectTypes].sort() } : {};
  const place = { logId, position, checkpoint };
  return JSON.stringify({
    ...{ name, storeId, head: { epoch, revision, commitId }, ...place, ...types },
    ...{ tuples, madeAtMs, madeBy },
  });
}

/** Undefined for anything that `infoText` did not write. */
export function parseInfo(text: string): SnapshotInfo | undefined {
  try {
    // The wire's word; the comparison below says whether it is a whole one.
    const info = JSON.parse(text) as SnapshotInfo;
    const words = [info.name, info.storeId, info.logId, info.position, info.checkpoint, info.madeBy];
    const head = [info.head.epoch, info.head.commitId];
    const counts = [info.head.revision, info.tuples, info.madeAtMs];
    const sound =
      [...words, ...head, ...(info.objectTypes ?? [])].every((word) => typeof word === 'string') &&
      counts.every((count) => typeof count === 'number');
    return sound && infoText(info) === text ? info : undefined;
  } catch {
    return undefined;
  }
}
