/**
 * Following one store of the upstream by walking its changelog. Each page becomes one transaction at most, with the
 * follower's own revision. The order of upstream's entries is not trusted where it may be wrong (contract section 6.4): a
 * key whose entries came late, or twice within the overlap, is read from the primary and published as it is now.
 */
import { ulid } from 'ulid';
import type { Head, TupleDelta } from '../../src/fga/change.ts';
import { headOf, messagesOf, toTransaction } from '../../src/fga/transaction.ts';
import { keyText } from '../../src/fga/tuple.ts';
import type { LoggedHead } from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import { createTurns } from '../../src/plugin/turns.ts';
import type { ChangelogEntry, Upstream } from '../../src/plugin/upstream.ts';
import type { ChangeBuffer } from './buffer.ts';
import { type Checkpoint, encodeCheckpoint } from './upstream-checkpoint.ts';
import { sortEntries, statesOf } from './upstream-delta.ts';
import { createOwed, type Owed } from './upstream-owed.ts';
import { createPages, isRefused } from './upstream-pages.ts';
import { createRecentEntries } from './upstream-recent.ts';
import { acceptedTime, findStart } from './upstream-start.ts';

export interface StoreFollower {
  /** Where the store stands; begins to follow it at the first call. */
  head(): Promise<LoggedHead>;
  /** A walk that begins after this call. All who ask while one runs share the next. */
  walk(): Promise<void>;
  /** Appends a marker at the present head. */
  mark(markerId: string): Promise<void>;
  /** Monotonic ms at which the last walk began. */
  walkedMs(): number;
  /** What Writes that passed by have left in the changelog. */
  readonly owed: Owed;
}

export interface WalkParts {
  readonly storeId: string;
  readonly upstream: Upstream;
  readonly buffer: ChangeBuffer;
  readonly clock: Clock;
  readonly overlapMs: number;
  readonly nodeId: string;
  /** Waits until few enough stores are walked at once. */
  readonly slot: (walk: () => Promise<void>) => Promise<void>;
  /** Where an earlier run of this follower stopped. */
  readonly resume: { readonly head: Head; readonly checkpoint: Checkpoint } | undefined;
  readonly signal: AbortSignal;
}

export function createStoreFollower(parts: WalkParts): StoreFollower {
  const { storeId, upstream, buffer, clock, overlapMs, signal } = parts;
  const recent = createRecentEntries();
  const owed = createOwed(clock);
  const pages = createPages({ upstream, storeId, signal });
  let state: State | undefined;
  let attaching: Promise<State> | undefined;
  let walkedMs = Number.NEGATIVE_INFINITY;
  /**
   * Keys whose present state was published since the last walk that reached the end: they are ahead of their entries on
   * the pages to come, which must not turn them back.
   */
  const ahead = new Set<string>();
  /** An earlier run may have been ahead of its entries too: until the end was reached once, every key is read. */
  let caughtUp = parts.resume === undefined;

  async function attach(): Promise<State> {
    const never = Number.NEGATIVE_INFINITY;
    const begun = { position: buffer.last(), newsMs: clock.monoMs(), rereadMs: never, rereadFromMs: never };
    if (parts.resume) return { ...begun, ...parts.resume };
    const head = { epoch: ulid(clock.wallMs()), revision: 0, commitId: '' };
    return { ...begun, head, checkpoint: await findStart({ upstream, storeId, recent, clock, overlapMs }) };
  }

  async function attached(): Promise<State> {
    if (state) return state;
    attaching ??= attach().finally(() => {
      attaching = undefined;
    });
    state ??= await attaching;
    return state;
  }

  function signed(now: State) {
    const checkpoint = encodeCheckpoint(now.checkpoint);
    return { storeId, committedAtMs: clock.wallMs(), publisher: parts.nodeId, checkpoint };
  }

  function nextHead(now: State): { readonly before: string; readonly head: Head } {
    const { epoch, revision, commitId } = now.head;
    return { before: commitId, head: { epoch, revision: revision + 1, commitId: ulid(clock.wallMs()) } };
  }

  /** Models have no changelog. The newest comes first in the list; what followers lack is published in order. */
  async function walkModels(now: State): Promise<void> {
    const latest = await upstream.latestModelId(storeId);
    if (latest === undefined || latest <= now.checkpoint.modelId) return;
    const models = await upstream.listModels(storeId);
    for (const model of models.filter(({ id }) => id > now.checkpoint.modelId).toReversed()) {
      await buffer.room(signal);
      const { before, head } = nextHead(now);
      now.head = head;
      now.checkpoint = { ...now.checkpoint, modelId: model.id };
      const message = { kind: 'model', ...head, previousCommitId: before, modelId: model.id, model } as const;
      now.position = buffer.append([{ ...message, ...signed(now) }]);
    }
  }

  async function walkOnce(): Promise<void> {
    const now = await attached();
    const began: Walk = { monoMs: clock.monoMs(), seenMs: now.checkpoint.seenMs };
    walkedMs = began.monoMs;
    await walkModels(now);
    // Nothing can appear late any more once the overlap was read again that long after the last news; until upstream's
    // clock, once it was set back, has come so far again, everything does.
    const isSettled = now.rereadMs > now.newsMs + overlapMs && now.checkpoint.seenMs <= clock.wallMs();
    const isQuiet = isSettled && now.checkpoint.token !== '';
    if (!isQuiet || !(await walkTail(now, began))) await walkAgain(now, began);
    ahead.clear();
    caughtUp = true;
    recent.forget(Math.min(now.checkpoint.settledMs - overlapMs, now.rereadFromMs) - overlapMs);
  }

  /** Only what is new. False when the upstream does not know the token any more. */
  async function walkTail(now: State, walk: Walk): Promise<boolean> {
    try {
      await pages(now.checkpoint.token, 0, async ({ entries, continuationToken: token }) => {
        await deal(now, walk, entries, token);
      });
      return true;
    } catch (error) {
      if (isRefused(error)) return false;
      throw error;
    }
  }

  /** From the overlap on: what is new, and what appeared late among what was seen. */
  async function walkAgain(now: State, walk: Walk): Promise<void> {
    const { settledMs } = now.checkpoint;
    try {
      await walkFrom(now, walk, settledMs - overlapMs);
    } catch (error) {
      if (!isRefused(error)) throw error;
      // Its clock was set back, and what it committed since lies behind the token.
      await walkFrom(now, walk, (await acceptedTime({ upstream, storeId, clock, overlapMs })) - overlapMs);
    }
  }

  async function walkFrom(now: State, walk: Walk, startMs: number): Promise<void> {
    const reading = recent.secondReading();
    let token = now.checkpoint.token;
    await pages('', startMs, async (page) => {
      await deal(now, walk, reading.unknown(page.entries));
      token = page.continuationToken;
    });
    now.checkpoint = { ...now.checkpoint, token };
    now.rereadMs = walk.monoMs;
    now.rereadFromMs = startMs;
  }

  async function deal(
    now: State,
    walk: Walk,
    entries: readonly ChangelogEntry[],
    token = now.checkpoint.token,
  ): Promise<void> {
    const delta = entries.length > 0 ? await deltaOf(entries, walk) : undefined;
    await buffer.room(signal);
    // From here on nothing waits: entries, checkpoint and messages move together.
    recent.note(entries);
    for (const entry of entries) owed.met(entry);
    const seenMs = entries.reduce(
      (latest, entry) => Math.max(latest, entry.timestampMs),
      now.checkpoint.seenMs,
    );
    const tookMs = Math.ceil(clock.monoMs() - walk.monoMs);
    const settledMs = Math.max(now.checkpoint.settledMs, seenMs - tookMs);
    now.checkpoint = { ...now.checkpoint, token, seenMs, settledMs };
    if (!delta) return;
    now.newsMs = clock.monoMs();
    const { before, head } = nextHead(now);
    now.head = head;
    const stamp = { ...signed(now), head, previousCommitId: before, origin: 'walk' } as const;
    now.position = buffer.append(messagesOf(toTransaction(delta, stamp)));
  }

  async function deltaOf(entries: readonly ChangelogEntry[], walk: Walk): Promise<TupleDelta> {
    const { sure, doubtful } = sortEntries(
      entries,
      ({ tuple, timestampMs }) =>
        !caughtUp ||
        timestampMs <= walk.seenMs ||
        ahead.has(keyText(tuple)) ||
        recent.isNear(tuple, timestampMs, overlapMs),
    );
    const states = await statesOf(upstream, storeId, doubtful);
    for (const key of doubtful) ahead.add(keyText(key));
    return { writes: [...sure.writes, ...states.writes], deletes: [...sure.deletes, ...states.deletes] };
  }

  const walks = createTurns(() => parts.slot(walkOnce));
  return {
    async head() {
      const { head, checkpoint, position } = await attached();
      return { head: headOf(head), checkpoint: encodeCheckpoint(checkpoint), position, fence: '' };
    },
    walk: walks,
    async mark(markerId) {
      const now = await attached();
      now.position = buffer.append([{ kind: 'marker', ...now.head, markerId, ...signed(now) }]);
    },
    walkedMs: () => walkedMs,
    owed,
  };
}

interface State {
  head: Head;
  checkpoint: Checkpoint;
  /** Of the last message about the store. */
  position: string;
  /** Monotonic ms at which something new was seen last. */
  newsMs: number;
  /** Monotonic ms at which the last complete reading of the overlap began. */
  rereadMs: number;
  /** Where that began, on upstream's clock. */
  rereadFromMs: number;
}

interface Walk {
  readonly monoMs: number;
  /** Greatest timestamp seen before the walk: what is not later was passed over once. */
  readonly seenMs: number;
}
