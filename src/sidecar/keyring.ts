/** The certificates of one place in the YAML, taken up anew when their files change; a broken set leaves the old one in use. */
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { type Pems, untimely } from '../tls/pems.ts';
import { checkPlace, type FileProblem, type ReadPlace, type TlsPlace, unreadable } from './tls-places.ts';
import { createFilesWatch } from './watch-file.ts';

export interface Keyring {
  readonly place: string;
  /** Those in use: another object once they have changed. */
  pems(): Pems;
  onRenewed(listener: (pems: Pems) => void): void;
  /** Why an operator should look at it; undefined while it is well. */
  trouble(): string | undefined;
  /** Reads the files again now. */
  look(): void;
  /** Until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface KeyringParts {
  readonly place: TlsPlace;
  readonly first: Extract<ReadPlace, { pems: Pems }>;
  readonly clock: Clock;
  readonly logger: Log;
  /** New ones are in use, or could not be taken. */
  readonly told: (outcome: 'taken' | 'refused') => void;
  /** Something about `trouble()` may have changed. */
  readonly judge: () => void;
}

export function createKeyring({ place, first, clock, logger, told, judge }: KeyringParts): Keyring {
  const listeners: ((pems: Pems) => void)[] = [];
  let pems = first.pems;
  let known = first.texts;
  let refused: string | undefined;

  /** Said once for each reason: a file that is gone is looked for every few seconds. */
  function refuse(problems: readonly FileProblem[]): void {
    const why = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    if (why === refused) return;
    refused = why;
    told('refused');
    judge();
    const files = problems.map(({ file }) => file);
    logger.error(
      { place: place.place, why, files },
      'certificates were not taken: the ones before stay in use',
    );
  }

  async function take(texts: readonly string[]): Promise<void> {
    const checked = checkPlace(place, texts);
    if ('problems' in checked) {
      refuse(checked.problems);
      return;
    }
    refused = undefined;
    const same = texts.every((text, i) => text === known[i]);
    if (!same) [known, pems] = [texts, checked.pems];
    judge();
    if (same) return;
    for (const listener of listeners) listener(pems);
    told('taken');
    const expires =
      pems.expiresAtMs === undefined ? {} : { expires: new Date(pems.expiresAtMs).toISOString() };
    logger.info({ place: place.place, ...expires }, 'took up new certificates');
  }

  const watch = createFilesWatch({
    paths: place.files.map(({ path }) => path),
    known,
    clock,
    changed: async (texts) => {
      await take(texts);
      return 'done';
    },
    trouble: (error) => refuse([unreadableOf(place, error)]),
  });
  return {
    place: place.place,
    pems: () => pems,
    onRenewed: (listener) => void listeners.push(listener),
    trouble() {
      const untimed = untimely(pems, clock.wallMs());
      const late = untimed === undefined ? [] : [`${place.place}.cert: ${untimed}`];
      const broken = refused === undefined ? [] : [`not taken, the ones before stay in use: ${refused}`];
      return [...broken, ...late].join('; ') || undefined;
    },
    look: watch.look,
    run: watch.run,
  };
}

/** The file that the system names, or a folder that cannot be watched. */
function unreadableOf({ place, files }: TlsPlace, error: unknown): FileProblem {
  const path = error instanceof Error && 'path' in error ? String(error.path) : '';
  return unreadable(files.find((file) => file.path === path)?.field ?? place, path, error);
}
