/**
 * An ordered record of messages in this process, with readers that wait for more: the body of the `memory` change log,
 * and of `upstream`, which fills it from walks. Positions are the numbers of the messages, counted from 1, as text.
 */
import type { ChangeMessage } from '../../src/fga/change.ts';
import type { Delivered, ReadRequest } from '../../src/plugin/changelog.ts';
import { createWanted } from '../../src/plugin/subject.ts';

export interface ChangeBuffer {
  /** Appends as one unit: a reader sees all of it in one batch or, where the batch is full, in the next. */
  append(messages: readonly ChangeMessage[]): string;
  /** Position of the last message; `''` when none was ever there. */
  last(): string;
  /** Position before the first message still there; `''` when nothing was trimmed. */
  trimmedTo(): string;
  size(): number;
  read(request: ReadRequest): AsyncGenerator<readonly Delivered[]>;
  /** Resolves when the slowest reader, or the last one there was, is near the end: what is unread is not trimmed. */
  room(signal: AbortSignal): Promise<void>;
  /** Every reader, now and later, throws this. */
  fail(error: Error): void;
}

export interface BufferOptions {
  /** Messages kept; older ones are trimmed. */
  readonly retention: number;
  /** Position that the first message comes after. */
  readonly after?: string;
}

/** Messages handed to a reader at once. */
const BATCH = 1_000;

export function createChangeBuffer(options: BufferOptions): ChangeBuffer {
  const { retention } = options;
  const started = positionNumber(options.after ?? '');
  /** Trimming moves the array, so it is done for a tenth of it at once. */
  const slack = Math.floor(retention / 10);
  const kept: Delivered[] = [];
  const readers = new Set<{ at: number }>();
  const news = createBell();
  const progress = createBell();
  let first = started + 1;
  /** Where the last reader left off; what comes after it has been read by nobody. */
  let left = started;
  let failed: Error | undefined;

  const lastNumber = () => first + kept.length - 1;

  function isRoomy(): boolean {
    const slowest = readers.size > 0 ? Math.min(...[...readers].map(({ at }) => at)) : left;
    return lastNumber() - slowest < retention / 2;
  }

  async function* read({ after, filters, signal }: ReadRequest): AsyncGenerator<readonly Delivered[]> {
    const wanted = createWanted(filters);
    const reader = { at: positionNumber(after) };
    readers.add(reader);
    try {
      while (!signal.aborted) {
        if (failed) throw failed;
        const from = Math.max(0, reader.at + 1 - first);
        const batch = kept.slice(from, from + BATCH);
        const end = batch.at(-1);
        if (end === undefined) {
          await news.heard(signal);
          continue;
        }
        const delivered = batch.filter(({ message }) => wanted(message));
        if (delivered.length > 0) yield delivered;
        reader.at = positionNumber(end.position);
        progress.ring();
      }
    } finally {
      readers.delete(reader);
      left = reader.at;
      progress.ring();
    }
  }

  return {
    append(messages) {
      for (const message of messages) kept.push({ message, position: `${lastNumber() + 1}` });
      if (kept.length > retention + slack) first += kept.splice(0, kept.length - retention).length;
      news.ring();
      return positionText(lastNumber());
    },
    last: () => positionText(lastNumber()),
    trimmedTo: () => (first > 1 ? positionText(first - 1) : ''),
    size: () => kept.length,
    read,
    async room(signal) {
      while (!isRoomy() && !failed && !signal.aborted) await progress.heard(signal);
    },
    fail(error) {
      failed = error;
      news.ring();
      progress.ring();
    },
  };
}

/** `''` is before everything. */
export function positionNumber(position: string): number {
  const number = position === '' ? 0 : Number(position);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`not a position of this change log: ${position}`);
  return number;
}

export function isBefore(a: string, b: string): boolean {
  return positionNumber(a) < positionNumber(b);
}

function positionText(number: number): string {
  return number === 0 ? '' : `${number}`;
}

interface Bell {
  ring(): void;
  /** Resolves at the next ring, or when `signal` aborts. */
  heard(signal: AbortSignal): Promise<void>;
}

function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const wake of [...waiting]) wake();
    },
    heard: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      }),
  };
}
