/**
 * Walking the upstream's changelog: the outbox that remembers every committed change, whoever made it.
 * The tail goes on from its token; the overlap reads the recent past again, because SQL stores can show an entry late
 * or out of order (contract section 6.4).
 */
import { FgaError } from '../fga/error.ts';
import { MAX_PAGE_SIZE } from '../fga/limits.ts';
import { keyText } from '../fga/tuple.ts';
import type { ChangelogEntry, ChangelogPage, Upstream } from '../plugin/upstream.ts';
import { advance, BEGINNING, type Checkpoint } from './checkpoint.ts';

export interface WalkStep {
  readonly entries: readonly ChangelogEntry[];
  /** To be stored once the entries are dealt with. */
  readonly checkpoint: Checkpoint;
}

/** Pages from the checkpoint to the end. Each is dealt with before the next is fetched. */
export async function walkTail(
  upstream: Upstream,
  storeId: string,
  from: Checkpoint,
  deal: (step: WalkStep) => Promise<void>,
): Promise<void> {
  let checkpoint = from;
  for (;;) {
    const page = await upstream.readChanges(storeId, checkpoint.token);
    checkpoint = advance(checkpoint, page.continuationToken, page.entries);
    if (page.entries.length > 0) await deal({ entries: page.entries, checkpoint });
    if (isLast(page)) return;
  }
}

/**
 * The end of the changelog, for a new epoch: its followers copy everything that was committed before, so nothing before
 * needs to be published. Looks back from our clock in growing steps until there are entries: upstream's clock may stand
 * anywhere, and a long history should not be read whole.
 */
export async function findEnd(upstream: Upstream, storeId: string, wallMs: number): Promise<Checkpoint> {
  for (const lookbackMs of LOOKBACKS_MS) {
    const entries = await entriesSince(upstream, storeId, wallMs - lookbackMs);
    if (entries) return lastOf(upstream, storeId, entries);
  }
  return lastOf(upstream, storeId, await upstream.readChanges(storeId, ''));
}

function isLast({ entries, more = false }: ChangelogPage): boolean {
  return entries.length < MAX_PAGE_SIZE && !more;
}

const MINUTE_MS = 60_000;
const LOOKBACKS_MS = [5 * MINUTE_MS, 60 * MINUTE_MS, 1_440 * MINUTE_MS, 43_200 * MINUTE_MS];

async function entriesSince(
  upstream: Upstream,
  storeId: string,
  ms: number,
): Promise<ChangelogPage | undefined> {
  const page = await pageSince(upstream, storeId, ms);
  return page && page.entries.length > 0 ? page : undefined;
}

/** Undefined when upstream refuses the start, because it lies in its future. */
async function pageSince(
  upstream: Upstream,
  storeId: string,
  ms: number,
): Promise<ChangelogPage | undefined> {
  try {
    return await upstream.readChanges(storeId, '', ms);
  } catch (error) {
    if (error instanceof FgaError && error.httpStatus === 400) return undefined;
    throw error;
  }
}

async function lastOf(upstream: Upstream, storeId: string, first: ChangelogPage): Promise<Checkpoint> {
  let at = advance(BEGINNING, first.continuationToken, first.entries);
  let page = first;
  while (!isLast(page)) {
    page = await upstream.readChanges(storeId, at.token);
    at = advance(at, page.continuationToken, page.entries);
  }
  return at;
}

/** Remembers the entries of the recent past, so that a second reading shows which of them came late. */
export interface RecentEntries {
  note(entries: readonly ChangelogEntry[]): void;
  /**
   * Of entries that were read again, those that were never noted although a later one was: they were not there at the
   * first reading. What lies behind the last noted entry is not late, the tail comes by it. `all` when nothing could be
   * noted before: then every entry may be late. Notes nothing: that is for the time when they are published.
   */
  late(entries: readonly ChangelogEntry[], all: boolean): readonly ChangelogEntry[];
  /** Forgets what is older than `ms`. */
  forget(olderThanMs: number): void;
  size(): number;
}

export function createRecentEntries(): RecentEntries {
  /** How often each (operation, key, timestamp) was seen: MySQL's clock has whole seconds, so one may come twice. */
  const seen = new Map<string, { count: number; timestampMs: number }>();

  function note(entries: readonly ChangelogEntry[]): void {
    for (const entry of entries) {
      const mark = seen.get(signature(entry));
      if (mark) mark.count += 1;
      else seen.set(signature(entry), { count: 1, timestampMs: entry.timestampMs });
    }
  }

  return {
    note,
    late(entries, all) {
      const left = new Map<string, number>();
      const isNoted = entries.map((entry) => {
        const text = signature(entry);
        const remaining = left.get(text) ?? seen.get(text)?.count ?? 0;
        left.set(text, Math.max(0, remaining - 1));
        return remaining > 0;
      });
      const lastNoted = isNoted.lastIndexOf(true);
      return entries.filter((_, n) => !isNoted[n] && (all || n < lastNoted));
    },
    forget(olderThanMs) {
      for (const [text, mark] of seen) if (mark.timestampMs < olderThanMs) seen.delete(text);
    },
    size: () => seen.size,
  };
}

export function signature(entry: ChangelogEntry): string {
  return `${entry.operation} ${entry.timestampMs} ${keyText(entry.tuple)}`;
}

export interface Recent {
  /** The moment of upstream's clock from which it was read. */
  readonly fromMs: number;
  readonly entries: readonly ChangelogEntry[];
}

export interface RecentWanted {
  readonly fromMs: number;
  /** No page is read after one of which every entry is later. Absent: to the end. */
  readonly untilMs?: number;
  /** Our clock, for an upstream whose clock was set back. */
  readonly wallMs: number;
}

/**
 * Reads the changelog again from a moment of upstream's clock. After that was set back, the moment lies in its future and
 * is refused: then from an earlier one, found by our clock, since what was committed meanwhile lies behind the tail's token.
 */
export async function walkOverlap(
  upstream: Upstream,
  storeId: string,
  wanted: RecentWanted,
): Promise<Recent> {
  const { fromMs, wallMs, untilMs } = wanted;
  const earlier = LOOKBACKS_MS.map((ms) => wallMs - ms).filter((ms) => ms < fromMs);
  for (const ms of [fromMs, ...earlier]) {
    const first = await pageSince(upstream, storeId, ms);
    if (first) return { fromMs: ms, entries: await entriesFrom(upstream, storeId, first, untilMs) };
  }
  const first = await upstream.readChanges(storeId, '');
  return { fromMs: 0, entries: await entriesFrom(upstream, storeId, first, untilMs) };
}

async function entriesFrom(
  upstream: Upstream,
  storeId: string,
  first: ChangelogPage,
  untilMs = Number.POSITIVE_INFINITY,
): Promise<readonly ChangelogEntry[]> {
  const entries = [...first.entries];
  let page = first;
  while (!isLast(page) && page.entries.some(({ timestampMs }) => timestampMs <= untilMs)) {
    page = await upstream.readChanges(storeId, page.continuationToken);
    entries.push(...page.entries);
  }
  return entries;
}
