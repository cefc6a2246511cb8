/** Copies of stores: some at a time, each tried until it is made or no longer wanted, then confirmed by a marker. */
import { askForMarker, copyStore } from './bootstrap.ts';
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
  trouble(error: unknown): void;
}

/** Stores copied at once: more would load the primary without making any of them ready sooner. */
const COPIES_AT_ONCE = 2;
const RETRY_MS = 1_000;
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
    while (isWanted(track)) {
      try {
        await copyStore(parts, track, signal);
        parts.trouble(undefined);
        parts.copied(track);
        void confirm(track, signal);
        return;
      } catch (error) {
        track.phase = 'broken';
        track.lastError = String(error);
        if (isWanted(track)) parts.trouble(error);
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  async function confirm(track: Track, signal: AbortSignal): Promise<void> {
    while (isWanted(track) && track.phase === 'confirming') {
      try {
        await askForMarker(parts, track);
        if (await waiters.complete(track, MARKER_MS)) return parts.complete(track);
      } catch (error) {
        track.lastError = String(error);
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
