/**
 * The tracks of all stores and the one way to write them: data, state and log position move together, one writer at a
 * time. Whoever waits for a revision is told from here.
 */
import type { Tuple } from '../fga/tuple.ts';
import type { Clock } from '../plugin/clock.ts';
import { createSerial } from '../plugin/serial.ts';
import type { LogPosition, StoreEdit, StoreState, TupleStore } from '../plugin/store.ts';
import type { Draft } from './apply.ts';
import { isFollowing, type Track } from './track.ts';

export interface Ledger {
  readonly tracks: Map<string, Track>;
  /** Stores what the drafts hold; afterwards the tracks say so too. */
  apply(drafts: readonly Draft[], log: LogPosition): Promise<void>;
  /** Stores one store's edit with its present state, changed as `change` says. Throws once the track was given up. */
  write(
    track: Track,
    edit: Omit<StoreEdit, 'storeId' | 'state'>,
    change?: Partial<StoreState>,
  ): Promise<void>;
  /** Fills the store, which was cleared and begun; other stores are written meanwhile. */
  load(track: Track, batches: AsyncIterable<readonly Tuple[]>): Promise<void>;
  /** Removes the data of a store that is still wanted, before it is copied anew. */
  clear(track: Track): Promise<void>;
  /** Removes the data of a store that is followed no more. */
  erase(storeId: string): Promise<void>;
  /** Writes down how young the data is, for a restart. */
  noteFreshness(): Promise<void>;
  ageMs(track: Track): number;
  /** Counts a round trip as proof of freshness once its revision is applied. */
  settleAsked(track: Track): void;
  /**
   * Stores what `edit` says, asked for at a moment when nothing else can be applied until it is stored; for repairs. Throws
   * when the store is not followed any more.
   */
  mend(track: Track, edit: () => Omit<StoreEdit, 'storeId' | 'state'>): Promise<void>;
  /** Calls back with the keys of each run of transactions, once they are visible. */
  onApplied(listener: (track: Track, keys: Draft['keys']) => void): () => void;
  /** Calls back after every change of any track. */
  onChange(listener: (track: Track) => void): () => void;
}

/** A store that refuses a change is tried again this often before it counts as broken. */
const COMMIT_TRIES = 3;
const COMMIT_PAUSE_MS = 100;

export function createLedger(store: TupleStore, clock: Clock): Ledger {
  const tracks = new Map<string, Track>();
  const serial = createSerial();
  const listeners = new Set<(track: Track) => void>();
  const keyListeners = new Set<(track: Track, keys: Draft['keys']) => void>();

  function changed(track: Track): void {
    for (const listener of listeners) listener(track);
  }

  function ageMs(track: Track): number {
    if (track.freshAtMs !== undefined)
      return Math.max(clock.monoMs() - track.freshAtMs, clock.wallMs() - track.freshAtWallMs);
    const stored = store.state(track.storeId)?.freshAtMs ?? 0;
    const age = clock.wallMs() - stored;
    // A wall clock that went backwards cannot prove that data is young.
    return stored > 0 && age >= 0 ? age : Number.POSITIVE_INFINITY;
  }

  function freshAtWallMs(track: Track): number {
    if (track.freshAtMs === undefined) return store.state(track.storeId)?.freshAtMs ?? 0;
    return clock.wallMs() - ageMs(track);
  }

  function stateOf(track: Track): StoreState {
    const phase = track.phase === 'absent' ? 'copying' : track.phase;
    const { head, position, checkpoint, objectTypes } = track;
    const kept = objectTypes ? { objectTypes: [...objectTypes] } : {};
    return { head, phase, position, checkpoint, freshAtMs: freshAtWallMs(track), ...kept };
  }

  async function commit(edits: readonly StoreEdit[], log?: LogPosition): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await store.commit(edits, log);
      } catch (error) {
        if (attempt >= COMMIT_TRIES) throw error;
        await clock.sleep(COMMIT_PAUSE_MS);
      }
    }
  }

  /** What an abandoned copy still brings must not mix with the data of its successor. */
  function assertKept(track: Track): void {
    if (tracks.get(track.storeId) !== track) throw new Error('the store is not kept any more, or kept anew');
  }

  /** In its turn, so that nothing written before stays; other stores do not wait until all of a large one is gone. */
  async function drop(storeId: string, check: () => void): Promise<void> {
    const { gone } = await serial.run(async () => {
      check();
      const gone = store.drop(storeId);
      // Heard of below.
      gone.catch(() => {});
      return { gone };
    });
    await gone;
  }

  function settleAsked(track: Track): void {
    const isApplied = (asked: Track['asked'][number]) =>
      asked.head.epoch === track.head.epoch && asked.head.revision <= track.head.revision;
    for (const asked of track.asked)
      if (isApplied(asked) && asked.sentMs > (track.freshAtMs ?? Number.NEGATIVE_INFINITY)) {
        track.freshAtMs = asked.sentMs;
        track.freshAtWallMs = asked.sentWallMs;
      }
    track.asked.splice(0, track.asked.length, ...track.asked.filter((asked) => !isApplied(asked)));
  }

  return {
    tracks,
    ageMs,
    settleAsked,
    apply: (drafts, log) =>
      serial.run(async () => {
        const live = drafts.filter(
          ({ track, copyNumber }) =>
            isFollowing(track) && track.resyncs === copyNumber && tracks.get(track.storeId) === track,
        );
        await commit(
          live.map((draft) => toEdit(draft, stateOf(draft.track))),
          log,
        );
        for (const draft of live) {
          for (const listener of keyListeners) listener(draft.track, draft.keys);
          settle(draft);
          settleAsked(draft.track);
          changed(draft.track);
        }
      }),
    write: (track, edit, change) =>
      serial.run(async () => {
        assertKept(track);
        await commit([{ storeId: track.storeId, ...edit, state: { ...stateOf(track), ...change } }]);
        changed(track);
      }),
    mend: (track, edit) =>
      serial.run(async () => {
        assertKept(track);
        if (!isFollowing(track)) throw new Error('the store is copied again: nothing to mend');
        await commit([{ storeId: track.storeId, ...edit(), state: stateOf(track) }]);
        changed(track);
      }),
    onApplied(listener) {
      keyListeners.add(listener);
      return () => keyListeners.delete(listener);
    },
    async load(track, batches) {
      assertKept(track);
      await store.load({ storeId: track.storeId, batches });
      assertKept(track);
    },
    clear: (track) => drop(track.storeId, () => assertKept(track)),
    erase: (storeId) => drop(storeId, () => {}),
    noteFreshness: () =>
      serial.run(async () => {
        const known = [...tracks.values()].filter(
          (track) => isFollowing(track) && track.freshAtMs !== undefined,
        );
        if (known.length > 0)
          await commit(known.map((track) => ({ storeId: track.storeId, state: stateOf(track) })));
      }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function toEdit(draft: Draft, state: StoreState): StoreEdit {
  const entries = [...draft.keys.values()];
  return {
    storeId: draft.track.storeId,
    writes: entries.filter((entry) => entry.held).map((entry) => entry.key),
    deletes: entries.filter((entry) => !entry.held).map((entry) => entry.key),
    models: draft.models,
    state: {
      ...state,
      head: draft.head,
      position: draft.position,
      checkpoint: draft.checkpoint,
      phase: draft.confirmed ? 'complete' : state.phase,
    },
  };
}

function settle({ track, head, position, checkpoint, commits, confirmed, storeDeleted }: Draft): void {
  track.storeDeleted = storeDeleted;
  track.head = head;
  track.position = position;
  track.checkpoint = checkpoint;
  track.applied += commits.length;
  if (!confirmed) return;
  track.phase = 'complete';
  track.awaitedMarkers.clear();
  track.copy = undefined;
}
