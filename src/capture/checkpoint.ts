/**
 * Where the walk of a store's changelog stands. It travels in every commit, so that the next sequencer goes on there.
 */
import type { ChangelogEntry } from '../plugin/upstream.ts';

export interface Checkpoint {
  /** ReadChanges token; `''` while the changelog is empty. */
  readonly token: string;
  /** Greatest upstream timestamp seen, ms; 0 = none. The overlap is measured back from here, never from our clock. */
  readonly seenMs: number;
}

export const BEGINNING: Checkpoint = { token: '', seenMs: 0 };

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify([checkpoint.token, checkpoint.seenMs]);
}

/** Anything that does not decode is the beginning: more work, never a loss. */
export function decodeCheckpoint(text: string): Checkpoint {
  try {
    const parts: unknown = JSON.parse(text);
    if (Array.isArray(parts)) {
      const [token, seenMs] = parts as unknown[];
      if (typeof token === 'string' && typeof seenMs === 'number') return { token, seenMs };
    }
  } catch {
    // falls through: an unknown form
  }
  return BEGINNING;
}

export function advance(from: Checkpoint, token: string, entries: readonly ChangelogEntry[]): Checkpoint {
  const seenMs = entries.reduce((latest, entry) => Math.max(latest, entry.timestampMs), from.seenMs);
  return { token: token === '' ? from.token : token, seenMs };
}
