/** Copies of stores: some at a time, each tried until it is made or no longer wanted, then confirmed by a marker. */

import { errorText } from '../telemetry/error-text.ts';
import { askForMarker, copyStore, UnknownStoreError } from './bootstrap.ts';
import type { BootstrapParts } from './bootstrap-parts.ts';
import type { Track } from './track.ts';
import type { Waiters } from './wait.ts';

export interface Copies {
  /** Makes a copy as soon as it is its turn. */
  queue(track: Track): void;
  /** Asks for markers until the store is complete. */
  confirm(track: Track): void;
  /** Begins; before, the queue only grows. */
  start(signal: AbortSignal): void;
}

export interface CopiesParts extends BootstrapParts {
  readonly waiters: Waiters;
  /** A store can be followed now. */
  copied(track: Track): void;
  complete(track: Track): void;
  /** The store cannot be copied, or does not have to be any more (`undefined`). */
  trouble(track: Track, error: unknown): void;
}

/** Stores copied at once: more would load the primary without making any of them ready sooner. */
const COPIES_AT_ONCE = 2;
const RETRY_MS = 1_000;
/** A wrong id stays wrong until somebody corrects it; a store that is made later is taken up within this time. */
const UNKNOWN_RETRY_MS = 5_000;
/** How long a marker may take to arrive before another is asked for. */
const MARKER_MS = 5_000;

export function createCopies(parts: CopiesParts): Copies {
  const { clock, ledger, waiters } = parts;
  const queue: Track[] = [];
  let copying = 0;
  let running: AbortSignal | undefined;

  const isWanted = (track: Track) => !running?.aborted && ledger.tracks.get(track.storeId) === track;

  function pump(): void {
    while (running && !running.aborted && copying < COPIES_AT_ONCE && queue.length > 0) {
      const track = queue.shift();
      if (!track || !isWanted(track)) continue;
      copying += 1;
      void make(track, running).finally(() => {
        copying -= 1;
        pump();
      });
    }
  }

  async function make(track: Track, signal: AbortSignal): Promise<void> {
    try {
      await copyStore(parts, track, signal);
      track.unknown = false;
      parts.trouble(track, undefined);
      parts.copied(track);
      void confirm(track, signal);
    } catch (error) {
      track.phase = 'broken';
      track.unknown = error instanceof UnknownStoreError;
      track.lastError = errorText(error);
      if (isWanted(track)) parts.trouble(track, error);
      void again(track, signal);
    }
  }

  /** Behind those that wait: a store that cannot be copied keeps no other from its turn. */
  async function again(track: Track, signal: AbortSignal): Promise<void> {
    await clock.sleep(track.unknown ? UNKNOWN_RETRY_MS : RETRY_MS, signal);
    if (isWanted(track)) queue.push(track);
    else parts.trouble(track, undefined);
    pump();
  }

  async function confirm(track: Track, signal: AbortSignal): Promise<void> {
    while (isWanted(track) && track.phase === 'confirming') {
      try {
        await askForMarker(parts, track);
        if (await waiters.complete(track, MARKER_MS)) return parts.complete(track);
      } catch (error) {
        track.lastError = errorText(error);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  return {
    queue(track) {
      if (!queue.includes(track)) queue.push(track);
      pump();
    },
    confirm(track) {
      if (running) void confirm(track, running);
    },
    start(signal) {
      running = signal;
      pump();
    },
  };
}
