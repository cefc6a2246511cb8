/** What the follower knows of one store while it runs. The truth that survives is the state in the local store. */
import type { Commit, Head, Part, TouchedPair } from '../fga/change.ts';
import type { Phase, StoreState } from '../plugin/store.ts';

/** Why a store has to be copied again. Stable words: they are a metric label and stand in the status. */
export type ResyncReason =
  | 'new' // never held here, or the copy was interrupted
  | 'epoch' // the history was replaced
  | 'log-replaced' // the change log itself was deleted and made anew
  | 'no-anchor' // the log knows nothing of the store
  | 'rolled-back' // the log is behind what is held here
  | 'forked' // same revision, another commit
  | 'hole' // a commit does not follow the one held
  | 'parts' // a transaction arrived without some of its parts
  | 'refused' // the local store could not take a change
  | 'model' // a model that did not fit its message could not be fetched
  | 'audit' // too much differs from the upstream
  | 'requested'; // an operator asked

export interface Track {
  readonly storeId: string;
  /** Undefined: every type. */
  readonly objectTypes: ReadonlySet<string> | undefined;
  /** Made by hand, in the place of those that the change log computes. They may change while the types stay. */
  subjects: readonly string[] | undefined;
  phase: Phase | 'absent';
  head: Head;
  /** Position of the last message applied for this store. */
  position: string;
  checkpoint: string;
  /** Set while the log must be read again from `position`, because the copy was made from there. */
  rewind: boolean;
  /** Parts whose commit has not come yet, and the position before the first of them. */
  open: { readonly commitId: string; readonly parts: Part[]; readonly before: string } | undefined;
  /** Each of these markers makes the store complete. */
  readonly awaitedMarkers: Set<string>;
  /** Monotonic ms: the data is as young as this moment. Undefined until a round trip was made since the start. */
  freshAtMs: number | undefined;
  /** The same moment on the wall clock: the monotonic one stands still while a machine sleeps. */
  freshAtWallMs: number;
  /** Round trips whose revision is not applied yet. */
  asked: { readonly head: Head; readonly sentMs: number; readonly sentWallMs: number }[];
  copy: { tuples: number; readonly beganMs: number; readonly expected?: number } | undefined;
  /** The snapshot that the present copy began with. */
  snapshot: string | undefined;
  /** Snapshots that were damaged or did not fit the log; not tried again. */
  readonly refusedSnapshots: Set<string>;
  resync: { readonly reason: ResyncReason; readonly atMs: number } | undefined;
  resyncs: number;
  /** Transactions applied since the start. */
  applied: number;
  /** The upstream does not list the store; what is held of it stays. */
  storeDeleted: boolean;
  /** The upstream has no store of this id, and nothing is held of it. */
  unknown: boolean;
  lastError: string | undefined;
}

const NOTHING: Head = { epoch: '', revision: 0, commitId: '' };

export function createTrack(storeId: string, objectTypes?: readonly string[]): Track {
  return {
    storeId,
    objectTypes: objectTypes ? new Set(objectTypes) : undefined,
    subjects: undefined,
    phase: 'absent',
    storeDeleted: false,
    unknown: false,
    head: NOTHING,
    position: '',
    checkpoint: '',
    rewind: false,
    open: undefined,
    awaitedMarkers: new Set(),
    freshAtMs: undefined,
    freshAtWallMs: 0,
    asked: [],
    copy: undefined,
    snapshot: undefined,
    refusedSnapshots: new Set(),
    resync: undefined,
    resyncs: 0,
    applied: 0,
    lastError: undefined,
  };
}

/** Takes up what the local store held when the process started. */
export function restore(track: Track, state: StoreState): void {
  track.phase = state.phase;
  track.head = state.head;
  track.position = state.position;
  track.checkpoint = state.checkpoint;
  track.rewind = state.phase === 'confirming';
}

/** Messages of the store can be applied: it holds a copy from a known position. */
export function isFollowing(track: Track): boolean {
  return track.phase === 'confirming' || track.phase === 'complete';
}

export function wantsType(track: Track, objectType: string): boolean {
  return track.objectTypes?.has(objectType) ?? true;
}

/** Told after a transaction is in the local store; for caches that hang on what changed. */
export interface AppliedChange {
  readonly storeId: string;
  readonly head: Head;
  readonly touched: readonly TouchedPair[];
  /** Tuples written or deleted by the whole transaction. */
  readonly tuples: number;
  /** Wall clock of the sequencer. */
  readonly committedAtMs: number;
}

export function appliedChange(commit: Commit): AppliedChange {
  const { storeId, epoch, revision, commitId, touched, committedAtMs } = commit;
  const tuples = commit.parts.reduce((sum, part) => sum + part.count, 0);
  return { storeId, head: { epoch, revision, commitId }, touched, tuples, committedAtMs };
}
