/**
 * Follows the text of one file, or of several that belong together. The folder is watched, not the file: editors and
 * Kubernetes put a new file in its place.
 * Where watching is not possible (network drives, no watches left) the file is looked at now and then.
 */
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../plugin/clock.ts';
import { type Bell, createBell } from './bell.ts';

export interface FileWatch {
  /** Looks now, and tells the text also when it is the same. */
  look(): void;
  /** Until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FileWatchParts {
  readonly path: string;
  readonly clock: Clock;
  /** The text that was there at the start. */
  readonly known: string;
  /** Another text is there. `again`: it is told once more at the next look. */
  changed(text: string): Promise<Told>;
  /** It cannot be read, or the folder cannot be watched. */
  trouble(error: unknown): void;
}

export interface FilesWatchParts extends Omit<FileWatchParts, 'path' | 'known' | 'changed'> {
  readonly paths: readonly string[];
  /** In the order of `paths`. */
  readonly known: readonly string[];
  changed(texts: readonly string[]): Promise<Told>;
}

export type Told = 'done' | 'again';

/** Where no event comes. */
const LOOK_EVERY_MS = 10_000;
/** A file that is being written is read again until it stays the same for this long. */
const SETTLE_MS = 150;

export function createFileWatch({ path, known, changed, ...parts }: FileWatchParts): FileWatch {
  const first = ([text = '']: readonly string[]) => changed(text);
  return createFilesWatch({ ...parts, paths: [path], known: [known], changed: first });
}

/** Tells the texts of all of them when one has changed. */
export function createFilesWatch(parts: FilesWatchParts): FileWatch {
  const { paths, clock } = parts;
  const bell = createBell(clock);
  let last = parts.known;
  let asked = false;

  /** Undefined when it was stopped first. Rejects while a file cannot be read. */
  async function settled(signal: AbortSignal): Promise<readonly string[] | undefined> {
    let before: readonly string[] = [];
    for (;;) {
      const text = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
      if (same(text, before)) return text;
      before = text;
      await clock.sleep(SETTLE_MS, signal);
      if (signal.aborted) return undefined;
    }
  }

  async function take(signal: AbortSignal): Promise<void> {
    const always = asked;
    asked = false;
    try {
      const text = await settled(signal);
      if (text === undefined || (same(text, last) && !always)) return;
      last = text;
      if ((await parts.changed(text)) === 'again') asked = true;
    } catch (error) {
      parts.trouble(error);
    }
  }

  return {
    look() {
      asked = true;
      bell.ring();
    },
    async run(signal) {
      for (const folder of new Set(paths.map(dirname))) watchFolder(folder, parts, bell, signal);
      while (!signal.aborted) {
        await bell.wait(LOOK_EVERY_MS, signal);
        if (!signal.aborted) await take(signal);
      }
    },
  };
}

function same(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, i) => text === others[i]);
}

function watchFolder(folder: string, { trouble }: FilesWatchParts, bell: Bell, signal: AbortSignal): void {
  try {
    watch(folder, { persistent: false, signal }, () => bell.ring()).on('error', trouble);
  } catch (error) {
    trouble(error);
  }
}
