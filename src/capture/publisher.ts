/**
 * The head of one store's chain and the way to extend it: every entry is fenced by the store's last message, so that
 * a chain has one author at a time, whoever that is.
 */
import { decodeTime, ulid } from 'ulid';
import type { Entry, Head } from '../fga/change.ts';
import type { ChangeLog, ChangeLogWriter, LoggedHead } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import { NotHolderError, type Term } from '../plugin/lease.ts';

/** A stream leader change takes up to 8 s (measured, nats-server R3); an entry is retried for twice that. */
export const PUBLISH_RETRY_MS = 15_000;
const RETRY_PAUSE_MS = 200;
/** Between a refused append and reading the head again; bounds the traffic of two authors who meet. */
const REFUSED_PAUSE_MS = 20;

export interface Publisher {
  /**
   * The head, read from the log at first use; makes a new epoch when the log knows nothing of the store. Throws a
   * `NotHolderError` outside the term, as `publish` does.
   */
  open(): Promise<LoggedHead>;
  /** Appends what `make` returns for the present head. Throws when the log stays out of reach. */
  publish(make: (slot: Slot) => Entry): Promise<Head>;
}

export interface Slot {
  /** The head before this entry. */
  readonly head: Head;
  /** The head after it, if the entry takes a revision. */
  readonly next: Head;
}

export interface PublisherParts {
  readonly storeId: string;
  readonly log: ChangeLog;
  readonly writer: ChangeLogWriter;
  readonly term: Term;
  /** By store id: the last head that the log acknowledged to this process, in whichever term. */
  readonly acknowledged: Map<string, Head>;
  readonly clock: Clock;
  /** Restates the head; published at every opening, and as the first word of a new epoch. */
  readonly anchor: (head: Head) => Entry;
}

export function createPublisher(parts: PublisherParts): Publisher {
  const { storeId, acknowledged } = parts;
  let current: LoggedHead | undefined;
  /** While appends fail, one try each is enough: the walk publishes later what is given up now. */
  let failing = false;

  async function open(): Promise<LoggedHead> {
    if (current) return current;
    const logged = await parts.log.reader.head(storeId);
    // Asked after the head was read: until then nobody else can have begun, and who begins later moves the fence.
    if (!(await parts.term.confirm())) throw new NotHolderError();
    // A log that went back behind what it had acknowledged has lost changes that will not be published again: its
    // followers must copy, so this is another history.
    const head = logged && !wentBack(logged.head) ? logged.head : newEpoch(logged?.head);
    const entry = parts.anchor(head);
    const outcome = await append(entry, logged?.fence ?? '');
    if ('refused' in outcome) {
      await parts.clock.sleep(REFUSED_PAUSE_MS);
      return open();
    }
    current = { head, checkpoint: logged?.checkpoint ?? '', ...outcome.appended };
    acknowledged.set(storeId, head);
    return current;
  }

  function wentBack(head: Head): boolean {
    const known = acknowledged.get(storeId);
    if (!known || known.epoch < head.epoch) return false;
    if (known.epoch > head.epoch) return true;
    return (
      head.revision < known.revision || (head.revision === known.revision && head.commitId !== known.commitId)
    );
  }

  /** Epochs are compared: a later history has the greater one, even where the clock went back. */
  function newEpoch(before: Head | undefined): Head {
    const last = [before?.epoch, acknowledged.get(storeId)?.epoch].flatMap((epoch) =>
      epoch ? decodeTime(epoch) : [],
    );
    return {
      epoch: ulid(Math.max(parts.clock.wallMs(), ...last.map((ms) => ms + 1))),
      revision: 0,
      commitId: '',
    };
  }

  async function publish(make: (slot: Slot) => Entry): Promise<Head> {
    for (;;) {
      const { head, fence, checkpoint } = await open();
      const next = { epoch: head.epoch, revision: head.revision + 1, commitId: ulid(parts.clock.wallMs()) };
      const entry = make({ head, next });
      const outcome = await append(entry, fence);
      if ('appended' in outcome) {
        const after = entry.kind === 'anchor' || entry.kind === 'marker' ? head : next;
        current = { head: after, checkpoint, ...outcome.appended };
        acknowledged.set(storeId, after);
        return after;
      }
      // Another author, or our own entry whose acknowledgement was lost: the log says which.
      current = undefined;
      const logged = await parts.log.reader.head(storeId);
      if (logged?.head.commitId === next.commitId) {
        current = logged;
        acknowledged.set(storeId, next);
        return next;
      }
      await parts.clock.sleep(REFUSED_PAUSE_MS);
    }
  }

  async function append(entry: Entry, fence: string) {
    const deadline = parts.clock.monoMs() + (failing ? 0 : PUBLISH_RETRY_MS);
    for (;;) {
      if (!parts.term.holds()) throw new NotHolderError();
      try {
        const outcome = await parts.writer.append(entry, fence);
        failing = false;
        return outcome;
      } catch (error) {
        // An entry that no log can take does not get smaller by waiting.
        if (error instanceof RangeError) throw error;
        if (parts.clock.monoMs() >= deadline) {
          failing = true;
          current = undefined;
          throw error;
        }
        await parts.clock.sleep(RETRY_PAUSE_MS);
      }
    }
  }

  return { open, publish };
}
