/**
 * The change log without a broker: the sidecar follows ReadChanges of the upstream by itself. Nothing can be published to
 * it, and its revisions are counted here, so they mean nothing at another sidecar. It goes on after a restart from what
 * the local store holds; what it has walked since lies in this process only.
 */
import { ulid } from 'ulid';
import type { Head } from '../../src/fga/change.ts';
import type {
  ChangeLog,
  ControlQuestion,
  ControlReply,
  LinkState,
  ReadRequest,
} from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import type { Upstream } from '../../src/plugin/upstream.ts';
import { createChangeBuffer, isBefore } from './buffer.ts';
import { decodeCheckpoint } from './upstream-checkpoint.ts';
import { createStoreFollower, type StoreFollower } from './upstream-walk.ts';

export interface UpstreamChangeLogOptions {
  readonly upstream: Upstream;
  /** Each followed store is walked this often. */
  readonly intervalMs: number;
  /** How late the upstream may show an entry, ms of its clock. */
  readonly overlapMs: number;
  readonly clock: Clock;
  readonly nodeId: string;
  /** The local store, to go on where an earlier run stopped. Without it every start is a new epoch. */
  readonly resume?: Pick<TupleStore, 'state' | 'logPosition'> | undefined;
}

export interface UpstreamChangeLog extends ChangeLog {
  readonly passing: NonNullable<ChangeLog['passing']>;
}

/** Messages kept for readers that begin again. A reader that is further behind holds the walks up. */
const RETENTION = 20_000;
/** Stores walked at once. */
const WALKS = 8;
const IDENTITY = 'upstream@';
const LATE =
  'the changelog of the upstream does not show a Write that it has committed, so nothing proves how young the data is: ' +
  'run OpenFGA with --changelog-horizon-offset=0, and follow one that does not read from a replica';

export function openUpstreamChangeLog(options: UpstreamChangeLogOptions): UpstreamChangeLog {
  const { clock, intervalMs, resume } = options;
  const closing = new AbortController();
  const held = resume?.logPosition();
  const isOurs = held?.logId.startsWith(IDENTITY) === true;
  const logId = isOurs ? held.logId : `${IDENTITY}${ulid(clock.wallMs())}`;
  const buffer = createChangeBuffer({ retention: RETENTION, after: isOurs ? held.position : '' });
  const followers = new Map<string, StoreFollower>();
  const followed = new Map<string, number>();
  const slot = createSlots(WALKS);
  const counts = { received: 0, acks: 0, at: 0 };
  const health = createHealth(clock);

  function follower(storeId: string): StoreFollower {
    const known = followers.get(storeId);
    if (known) return known;
    const made = createStoreFollower({
      ...options,
      storeId,
      buffer,
      slot,
      resume: resumed(storeId),
      signal: closing.signal,
    });
    followers.set(storeId, made);
    return made;
  }

  function resumed(storeId: string) {
    const state = isOurs ? resume?.state(storeId) : undefined;
    const checkpoint = state && decodeCheckpoint(state.checkpoint);
    return state && checkpoint && state.head.epoch !== '' ? { head: state.head, checkpoint } : undefined;
  }

  async function walk(storeId: string): Promise<void> {
    try {
      await follower(storeId).walk();
      health.succeeded();
    } catch (error) {
      health.failed(error);
      throw error;
    }
  }

  /** What fails here shows in `link`, and the next round tries again. */
  function walkSoon(storeId: string): Promise<void> {
    return walk(storeId).catch(() => {});
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      await clock.sleep(intervalMs, closing.signal);
      const dueMs = clock.monoMs() - intervalMs;
      const due = [...followed.keys()].filter((storeId) => follower(storeId).walkedMs() <= dueMs);
      if (!closing.signal.aborted) await Promise.all(due.map(walkSoon));
    }
  }

  async function headAfterWalk(storeId: string, marker: string | undefined): Promise<Head> {
    const { owed } = follower(storeId);
    const due = owed.due();
    await walk(storeId);
    if (owed.isLate(due)) throw new Error(LATE);
    if (marker !== undefined) await follower(storeId).mark(marker);
    return (await follower(storeId).head()).head;
  }

  /** What is known in time is the answer: a store whose walk takes long, or fails, is missing from it. */
  async function barrier({ storeIds, marker }: ControlQuestion, timeoutMs: number): Promise<ControlReply> {
    const heads: Record<string, Head> = {};
    let fault: unknown = new Error(
      `the changelog of the upstream could not be walked within ${timeoutMs} ms`,
    );
    const asked = storeIds.map(async (storeId) => {
      try {
        heads[storeId] = await headAfterWalk(storeId, marker);
      } catch (error) {
        fault = error;
      }
    });
    const done = new AbortController();
    await Promise.race([Promise.all(asked), clock.sleep(timeoutMs, done.signal)]);
    done.abort();
    if (storeIds.length > 0 && Object.keys(heads).length === 0) throw fault;
    return { heads: { ...heads } };
  }

  async function* read(request: ReadRequest) {
    const storeIds = request.filters.map((filter) => filter.storeId);
    for (const storeId of storeIds) followed.set(storeId, (followed.get(storeId) ?? 0) + 1);
    try {
      for await (const batch of buffer.read(request)) {
        counts.received += batch.length;
        counts.at = Number(batch.at(-1)?.position ?? counts.at);
        yield batch;
      }
    } finally {
      for (const storeId of storeIds) {
        const left = (followed.get(storeId) ?? 1) - 1;
        if (left > 0) followed.set(storeId, left);
        else followed.delete(storeId);
      }
    }
  }

  const running = run();
  return {
    name: 'upstream',
    countsAlone: true,
    reader: {
      state: async () => ({ logId, last: buffer.last(), trimmedTo: buffer.trimmedTo() }),
      head: (storeId) => follower(storeId).head(),
      read,
      applied() {
        counts.acks += 1;
      },
      isBefore,
    },
    control: {
      ask: barrier,
      // Every sidecar answers itself; there is nobody else to serve.
      serve: () => () => {},
    },
    passing(storeId, delta) {
      const entries = followers.get(storeId)?.owed.begin(delta);
      return {
        made(certain) {
          if (certain) entries?.confirm();
          else entries?.release();
          if (entries) void walkSoon(storeId);
        },
        refused: () => entries?.release(),
      };
    },
    link: health.link,
    figures() {
      const pending = counts.at === 0 ? 0 : Math.max(0, Number(buffer.last()) - counts.at);
      return {
        ...{ received: counts.received, acks: counts.acks, pending, consumerLag: pending },
        ...{ streamMessages: buffer.size(), streamBytes: 0, published: 0, garbage: 0, naks: 0 },
      };
    },
    async close() {
      closing.abort();
      buffer.fail(new Error('the change log is closed'));
      await running;
    },
  };
}

/** One failure among successes is one store's own; two in a row mean that the upstream is away. */
function createHealth(clock: Clock) {
  let failures = 0;
  let bad: { readonly sinceMs: number; readonly error: string } | undefined;
  return {
    succeeded() {
      failures = 0;
      bad = undefined;
    },
    failed(error: unknown) {
      failures += 1;
      bad = { sinceMs: bad?.sinceMs ?? clock.wallMs(), error: String(error) };
    },
    link: (): LinkState => (bad && failures > 1 ? { link: 'disconnected', ...bad } : { link: 'connected' }),
  };
}

/** At most `count` jobs at once; the others wait their turn. */
function createSlots(count: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (job) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
