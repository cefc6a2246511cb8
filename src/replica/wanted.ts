/**
 * Which stores are kept. What no longer fits is not followed from this moment on and erased; a store whose object types
 * changed is taken up again only after what was held of it is gone, since types that were not kept cannot be told from
 * types that are empty.
 */
import type { ChangeFilter } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Ledger } from './ledger.ts';
import { createTrack, restore, type Track } from './track.ts';

export interface WantedParts {
  readonly ledger: Ledger;
  readonly store: TupleStore;
  readonly clock: Clock;
  /** A store was taken up: as the local store holds it, or to be copied. */
  added(track: Track): void;
  /** Another set of stores is followed. */
  changed(): void;
  /** The store could not be erased, or is (`undefined`). */
  trouble(storeId: string, error: unknown): void;
  /** True once the replica has ended: nothing is tried again then. */
  ended(): boolean;
}

const RETRY_MS = 1_000;

export function createWanted(parts: WantedParts): (filters: readonly ChangeFilter[]) => void {
  const { ledger, store, clock } = parts;
  const { tracks } = ledger;
  const erasing = new Set<string>();
  let wanted = new Map<string, ChangeFilter>();

  function add(filter: ChangeFilter): void {
    const track = createTrack(filter.storeId, filter.objectTypes);
    track.subjects = filter.subjects;
    const state = store.state(filter.storeId);
    if (state) restore(track, state);
    tracks.set(filter.storeId, track);
    parts.added(track);
  }

  async function erase(storeId: string): Promise<void> {
    if (erasing.has(storeId)) return;
    erasing.add(storeId);
    while (!parts.ended()) {
      try {
        await ledger.erase(storeId);
        parts.trouble(storeId, undefined);
        break;
      } catch (error) {
        parts.trouble(storeId, error);
        await clock.sleep(RETRY_MS);
      }
    }
    erasing.delete(storeId);
    const filter = wanted.get(storeId);
    if (parts.ended() || !filter || tracks.has(storeId)) return;
    add(filter);
    parts.changed();
  }

  /** The same types by other subjects: nothing is copied again, the log is only read anew from where it was read to. */
  function resubscribe(): boolean {
    let any = false;
    for (const track of tracks.values()) {
      const subjects = wanted.get(track.storeId)?.subjects;
      if (JSON.stringify(subjects) === JSON.stringify(track.subjects)) continue;
      track.subjects = subjects;
      any = true;
    }
    return any;
  }

  return (filters) => {
    wanted = new Map(filters.map((filter) => [filter.storeId, filter]));
    const before = [...tracks.values()];
    for (const { storeId, objectTypes } of before) {
      if (fits(objectTypes, wanted.get(storeId))) continue;
      tracks.delete(storeId);
      void erase(storeId);
    }
    for (const storeId of store.stores())
      if (!tracks.has(storeId) && !fits(store.state(storeId)?.objectTypes, wanted.get(storeId)))
        void erase(storeId);
    for (const filter of wanted.values())
      if (!tracks.has(filter.storeId) && !erasing.has(filter.storeId)) add(filter);
    const after = [...tracks.values()];
    if (resubscribe() || after.length !== before.length || after.some((track, at) => track !== before[at]))
      parts.changed();
  };
}

function fits(held: Iterable<string> | undefined, filter: ChangeFilter | undefined): boolean {
  return filter !== undefined && textOf(held) === textOf(filter.objectTypes);
}

/** Undefined, for every type, is no list of types. */
function textOf(types: Iterable<string> | undefined): string {
  return types ? JSON.stringify([...new Set(types)].sort()) : 'every';
}
