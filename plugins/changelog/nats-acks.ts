/**
 * What was delivered and is not acknowledged yet. One acknowledgement covers everything before it, so it is sent for what
 * is in the local store, never past it.
 */
import type { Delivered } from '../../src/plugin/changelog.ts';
import type { Raw } from './nats-pull.ts';

export interface Acks {
  /** Noted in the order of delivery; `wanted` are those that were handed to the reader. */
  delivered(raws: readonly Raw[], wanted: readonly Delivered[]): void;
  /** Everything up to this sequence is in the local store. */
  applied(seq: number): void;
  /** The consumer is another one now. */
  clear(): void;
  sent(): number;
  outstanding(): number;
}

/** A reader that never says what it applied costs no more memory than this many notes. */
const MAX_NOTES = 100_000;

interface Note {
  readonly seq: number;
  readonly reply: string;
  /** The reader has it and has to apply it first. */
  readonly wanted: boolean;
}

/** `send` may throw while there is no connection: the next acknowledgement covers this one. */
export function createAcks(send: (reply: string) => void): Acks {
  let notes: Note[] = [];
  let sent = 0;

  function acknowledge(count: number): void {
    const note = notes[count - 1];
    if (!note) return;
    notes = notes.slice(count);
    try {
      send(note.reply);
      sent += 1;
    } catch {
      // Not connected. What the server does not know it delivers again, and the reader drops it by its sequence.
    }
  }

  return {
    delivered(raws, wanted) {
      const handed = new Set(wanted.map(({ position }) => Number(position)));
      for (const { seq, reply } of raws) notes.push({ seq, reply, wanted: handed.has(seq) });
      if (notes.length > MAX_NOTES) notes = notes.slice(-MAX_NOTES);
      // Nobody will apply what nobody wanted.
      if (!notes.some((note) => note.wanted)) acknowledge(notes.length);
    },
    applied(seq) {
      let count = notes.findIndex((note) => note.seq > seq);
      if (count < 0) count = notes.length;
      while (notes[count]?.wanted === false) count += 1;
      acknowledge(count);
    },
    clear() {
      notes = [];
    },
    sent: () => sent,
    outstanding: () => notes.length,
  };
}
