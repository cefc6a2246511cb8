/** What the change log suites share: one store's chain as a sequencer extends it, and reading until enough has come. */
import { ulid } from 'ulid';
import type {
  ChangeMessage,
  Commit,
  Head,
  Marker,
  Part,
  Transaction,
  TupleDelta,
} from '../../src/fga/change.ts';
import { type Tuple, typeOf } from '../../src/fga/tuple.ts';
import type { ChangeFilter, ChangeLog, ChangeLogWriter, Delivered } from '../../src/plugin/changelog.ts';

export interface Chain {
  readonly storeId: string;
  /** The next transaction of the store, not yet appended. */
  next(delta: Partial<TupleDelta>): Transaction;
  /** Appends it and moves on. */
  append(writer: ChangeLogWriter, delta: Partial<TupleDelta>): Promise<Transaction>;
  anchor(): Extract<ChangeMessage, { kind: 'anchor' }>;
  marker(markerId: string): Marker;
  head(): Head;
  fence(): string;
  /** After an append that went around `append`. */
  moved(head: Head, fence: string): void;
}

export function createChain(storeId: string): Chain {
  let head: Head = { epoch: ulid(), revision: 0, commitId: '' };
  let fence = '';
  const signed = () => ({
    committedAtMs: Date.now(),
    publisher: 'suite',
    checkpoint: `after ${head.revision}`,
  });

  function next(delta: Partial<TupleDelta>): Transaction {
    const made = { epoch: head.epoch, revision: head.revision + 1, commitId: ulid() };
    const parts = partsOf(storeId, made, { writes: [], deletes: [], ...delta });
    const commit: Commit = {
      kind: 'commit',
      storeId,
      ...made,
      previousCommitId: head.commitId,
      parts: parts.map(({ operation, objectType, tuples }) => ({
        operation,
        objectType,
        count: tuples.length,
      })),
      touched: [],
      origin: 'capture',
      ...signed(),
    };
    return { kind: 'transaction', parts, commit };
  }

  function moved(to: Head, newFence: string): void {
    head = { epoch: to.epoch, revision: to.revision, commitId: to.commitId };
    fence = newFence;
  }

  return {
    storeId,
    next,
    async append(writer, delta) {
      const transaction = next(delta);
      const outcome = await writer.append(transaction, fence);
      if ('refused' in outcome) throw new Error('the chain of a test was refused');
      moved(transaction.commit, outcome.appended.fence);
      return transaction;
    },
    anchor: () => ({ kind: 'anchor', storeId, ...head, ...signed() }),
    marker: (markerId) => ({ kind: 'marker', storeId, ...head, markerId, ...signed() }),
    head: () => head,
    fence: () => fence,
    moved,
  };
}

function partsOf(storeId: string, head: Head, delta: TupleDelta): readonly Part[] {
  const groups = new Map<string, Omit<Part, 'index'> & { readonly tuples: Tuple[] }>();
  for (const operation of ['delete', 'write'] as const)
    for (const tuple of operation === 'write' ? delta.writes : delta.deletes) {
      const objectType = typeOf(tuple.object);
      const name = `${operation} ${objectType}`;
      const group = groups.get(name) ?? { kind: 'part', storeId, ...head, operation, objectType, tuples: [] };
      group.tuples.push(tuple);
      groups.set(name, group);
    }
  return [...groups.values()].map((part, index) => ({ ...part, index }));
}

export interface ReaderFixture {
  readonly log: ChangeLog;
  /** Makes a change at the source as one transaction; resolves once it is committed there. */
  change(storeId: string, delta: Partial<TupleDelta>): Promise<void>;
  /** Makes a log that learns of stores by being asked know this one. */
  attach?(storeId: string): Promise<void>;
  /** The same log as another process, or the same one after a restart, sees it. Undefined: only one process can. */
  another?(): Promise<ChangeLog>;
  /** Removes what the log holds by now, as retention would. */
  trim?(): Promise<void>;
  /** Puts bytes on the store's subjects that are no message; returns how many. */
  garbage?(storeId: string): Promise<number>;
  /** Deletes the log and makes it anew. */
  replace?(): Promise<void>;
  close(): Promise<void>;
}

export interface Reading {
  readonly after: string;
  readonly filters: readonly ChangeFilter[];
}

/** Reads until `enough` says so of everything that came, then stops. Fails with what had come after `timeoutMs`. */
export async function readUntil(
  log: ChangeLog,
  reading: Reading,
  enough: (all: readonly Delivered[]) => boolean,
  timeoutMs = 10_000,
): Promise<readonly Delivered[]> {
  const all: Delivered[] = [];
  if (enough(all)) return all;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  try {
    for await (const batch of log.reader.read({ ...reading, signal: stop.signal })) {
      all.push(...batch);
      if (enough(all)) return all;
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  const seen = all.map(({ message, position }) => `${position} ${message.kind} ${message.storeId}`);
  throw new Error(`only ${all.length} messages came in ${timeoutMs} ms: ${seen.slice(-20).join('; ')}`);
}

export function commitsOf(all: readonly Delivered[]): readonly Commit[] {
  return all.flatMap(({ message }) => (message.kind === 'commit' ? [message] : []));
}

export function partsIn(all: readonly Delivered[]): readonly Part[] {
  return all.flatMap(({ message }) => (message.kind === 'part' ? [message] : []));
}

/** What a follower that applies these messages to nothing would hold: by key, the tuple. */
export function applied(all: readonly Delivered[]): ReadonlyMap<string, Tuple> {
  const held = new Map<string, Tuple>();
  let open: Part[] = [];
  for (const { message } of all) {
    if (message.kind === 'part') open.push(message);
    if (message.kind !== 'commit') continue;
    for (const part of open.filter((one) => one.commitId === message.commitId))
      for (const tuple of part.tuples) {
        const key = `${tuple.object}#${tuple.relation}@${tuple.user}`;
        if (part.operation === 'write') held.set(key, tuple);
        else held.delete(key);
      }
    open = [];
  }
  return held;
}

export function tuple(object: string, user = 'user:anne', relation = 'viewer'): Tuple {
  return { user, relation, object };
}

/** Number of tuples in the parts of whole transactions. */
export function sizeOf(all: readonly Delivered[]): number {
  const committed = new Set(commitsOf(all).map((commit) => commit.commitId));
  return partsIn(all)
    .filter((part) => committed.has(part.commitId))
    .reduce((sum, part) => sum + part.tuples.length, 0);
}

/** Objects in the order in which their changes came. */
export function touchedObjects(all: readonly Delivered[]): string[] {
  return partsIn(all).flatMap((part) => part.tuples.map((one) => one.object));
}
