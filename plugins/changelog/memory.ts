/**
 * The change log in this process: for the quick start and for tests. Several sidecars of one process share it by opening
 * it on the same hub. What it holds is lost with the process.
 */
import { ulid } from 'ulid';
import type { Entry } from '../../src/fga/change.ts';
import { headOf, messagesOf } from '../../src/fga/transaction.ts';
import type {
  Appended,
  ChangeLog,
  ChangeLogWriter,
  ControlQuestion,
  ControlReply,
  LoggedHead,
} from '../../src/plugin/changelog.ts';
import { type Clock, systemClock } from '../../src/plugin/clock.ts';
import { type ChangeBuffer, createChangeBuffer, isBefore } from './buffer.ts';
import { within } from './deadline.ts';
import { type HeldSnapshot, memorySnapshots } from './memory-snapshots.ts';

/** Messages kept by default; about 100 MB when each holds two tuples. */
export const MEMORY_RETENTION = 100_000;

export interface MemoryOptions {
  readonly retention?: number;
  readonly clock?: Clock;
}

export interface MemoryChangeLog extends ChangeLog {
  readonly writer: ChangeLogWriter;
}

/** What the sidecars of one process share. */
export interface MemoryHub {
  open(): MemoryChangeLog;
  /** Empties the log and gives it another identity, as if it had been deleted and made anew. */
  replace(): void;
  /** Cuts every handle off, as if the broker were away; `undefined` connects again. */
  cut(reason: string | undefined): void;
}

/** A log of its own, or another handle on the hub of one. */
export function createMemoryChangeLog(hub: MemoryHub = createMemoryHub()): MemoryChangeLog {
  return hub.open();
}

export function createMemoryHub(options: MemoryOptions = {}): MemoryHub {
  const clock = options.clock ?? systemClock;
  const make = (): Shared => ({
    logId: `memory@${ulid(clock.wallMs())}`,
    buffer: createChangeBuffer({ retention: options.retention ?? MEMORY_RETENTION }),
    stores: new Map(),
  });
  const hub: Hub = { clock, shared: make(), answers: new Set(), away: undefined, snapshots: new Map() };
  return {
    open: () => openHandle(hub),
    replace() {
      const before = hub.shared;
      hub.shared = make();
      before.buffer.fail(new Error('the change log was replaced'));
    },
    cut(reason) {
      hub.away = reason === undefined ? undefined : { reason, sinceMs: clock.wallMs() };
    },
  };
}

type Answer = (question: ControlQuestion) => Promise<ControlReply>;

interface Hub {
  readonly clock: Clock;
  shared: Shared;
  readonly answers: Set<Answer>;
  away: { readonly reason: string; readonly sinceMs: number } | undefined;
  readonly snapshots: Map<string, HeldSnapshot>;
}

interface Shared {
  readonly logId: string;
  readonly buffer: ChangeBuffer;
  readonly stores: Map<string, StoreEnd>;
}

/** The last word about a store, and the name of the entry that said it. */
interface StoreEnd {
  readonly logged: LoggedHead;
  readonly entry: string;
}

function openHandle(hub: Hub): MemoryChangeLog {
  const counts = { received: 0, published: 0, acks: 0, delivered: 0 };
  const reach = () => {
    if (hub.away) throw new Error(`the change log is out of reach: ${hub.away.reason}`);
    return hub.shared;
  };
  return {
    name: 'memory',
    reader: {
      state: async () => {
        const { logId, buffer } = reach();
        return { logId, last: buffer.last(), trimmedTo: buffer.trimmedTo() };
      },
      head: async (storeId) => reach().stores.get(storeId)?.logged,
      async *read(request) {
        for await (const batch of reach().buffer.read(request)) {
          reach();
          counts.received += batch.length;
          counts.delivered = Number(batch.at(-1)?.position ?? counts.delivered);
          yield batch;
        }
      },
      applied() {
        counts.acks += 1;
      },
      isBefore,
    },
    writer: {
      append: async (entry, fence) => {
        const outcome = appendTo(reach(), entry, fence);
        if ('appended' in outcome) counts.published += messagesOf(entry).length;
        return outcome;
      },
      reachable: () => hub.away === undefined,
    },
    control: {
      ask: async (question, timeoutMs) => {
        reach();
        const [answer] = hub.answers;
        if (!answer) throw new Error('no sequencer serves the change log');
        return within(hub.clock, timeoutMs, answer(question), 'the sequencer did not answer');
      },
      serve(answer) {
        hub.answers.add(answer);
        return () => void hub.answers.delete(answer);
      },
    },
    snapshots: memorySnapshots(hub.snapshots, reach),
    link: () =>
      hub.away
        ? { link: 'disconnected', sinceMs: hub.away.sinceMs, error: hub.away.reason }
        : { link: 'connected' },
    figures() {
      const { buffer } = hub.shared;
      const pending = counts.received === 0 ? 0 : Math.max(0, Number(buffer.last()) - counts.delivered);
      return {
        ...{ received: counts.received, published: counts.published, acks: counts.acks },
        ...{ pending, consumerLag: pending, streamMessages: buffer.size() },
        ...{ garbage: 0, streamBytes: 0, naks: 0 },
      };
    },
    close: async () => {},
  };
}

function appendTo({ buffer, stores }: Shared, entry: Entry, fence: string): Appended {
  const end = lastMessageOf(entry);
  const before = stores.get(end.storeId);
  const name = entryName(end);
  if ((before?.logged.fence ?? '') !== fence) {
    if (before?.entry !== name) return { refused: 'fence' };
    return { appended: { position: before.logged.position, fence: before.logged.fence } };
  }
  const position = buffer.append(messagesOf(entry));
  const deleted = end.kind === 'anchor' && end.storeDeleted ? { storeDeleted: true as const } : {};
  const logged = { head: headOf(end), checkpoint: end.checkpoint, position, fence: position, ...deleted };
  stores.set(end.storeId, { logged, entry: name });
  return { appended: { position, fence: position } };
}

function lastMessageOf(entry: Entry) {
  return entry.kind === 'transaction' ? entry.commit : entry;
}

/** The same for an entry that is appended again, and for no other. */
function entryName(end: ReturnType<typeof lastMessageOf>): string {
  const detail = end.kind === 'marker' ? end.markerId : end.kind === 'anchor' ? end.committedAtMs : '';
  return `${end.kind} ${end.commitId} ${detail}`;
}
