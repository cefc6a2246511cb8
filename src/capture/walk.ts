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
  try {
    const page = await upstream.readChanges(storeId, '', ms);
    return page.entries.length > 0 ? page : undefined;
  } catch (error) {
    // Upstream refuses a start that is in its future: its clock is behind ours.
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

function signature(entry: ChangelogEntry): string {
  return `${entry.operation} ${entry.timestampMs} ${keyText(entry.tuple)}`;
}

/** Reads the changelog again from a moment of upstream's clock up to the token where the tail stands. */
export async function walkOverlap(
  upstream: Upstream,
  storeId: string,
  fromMs: number,
): Promise<readonly ChangelogEntry[]> {
  const entries: ChangelogEntry[] = [];
  let token = '';
  for (;;) {
    const page = await upstream.readChanges(storeId, token, token === '' ? fromMs : undefined);
    entries.push(...page.entries);
    if (isLast(page)) return entries;
    token = page.continuationToken;
  }
}
