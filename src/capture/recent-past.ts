/**
 * The recent past of one store's changelog is read again, since SQL stores may show an entry late or out of order (contract
 * 6.4): while anything is recent at each walk, and by a sequencer that takes up a log before all else.
 */
import { MAX_PAGE_SIZE } from '../fga/limits.ts';
import type { Clock } from '../plugin/clock.ts';
import type { ChangelogEntry, Upstream } from '../plugin/upstream.ts';
import type { Checkpoint } from './checkpoint.ts';
import { createRecentEntries, type Recent, signature, walkOverlap } from './walk.ts';

export interface RecentPast {
  /** What the tail came by, once it is dealt with. */
  note(entries: readonly ChangelogEntry[]): void;
  /** Something new was seen. */
  news(): void;
  /** Of an epoch that begins here: whatever is there already is in each follower's copy. */
  begin(end: Checkpoint): Promise<void>;
  /**
   * What appeared late in the predecessor's time, before the tail moves the checkpoint: until that is done, whoever comes
   * next begins at the same place.
   */
  takeUp(from: Checkpoint): Promise<void>;
  /** What appeared late since, if it is time to look. */
  look(at: Checkpoint): Promise<void>;
}

export interface RecentPastParts {
  readonly storeId: string;
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** How far back it reads, ms of upstream's clock; 0: not at all. */
  readonly overlapMs: number;
  publish(late: readonly ChangelogEntry[]): Promise<void>;
}

/** Up to this many recent entries (ten pages) every walk reads them again; with more, a third of the overlap apart. */
const CHEAP_ENTRIES = 1_000;

export function createRecentPast(parts: RecentPastParts): RecentPast {
  const { storeId, upstream, clock, overlapMs } = parts;
  const recent = createRecentEntries();
  let takenUp = false;
  let dueMs = 0;
  let newsMs = clock.monoMs();

  function readAgain({ seenMs }: Checkpoint, untilMs = Number.POSITIVE_INFINITY): Promise<Recent> {
    return walkOverlap(upstream, storeId, { fromMs: seenMs - overlapMs, untilMs, wallMs: clock.wallMs() });
  }

  async function deal(again: Recent, all: boolean): Promise<void> {
    const late = recent.late(again.entries, all);
    // In small steps, so that hand-overs get their turn in between. What failed is late again at the next walk.
    for (let at = 0; at < late.length; at += MAX_PAGE_SIZE) {
      const some = late.slice(at, at + MAX_PAGE_SIZE);
      await parts.publish(some);
      recent.note(some);
      newsMs = clock.monoMs();
    }
    // Upstream finds a moment by its ids, which another clock made than the times that it shows.
    recent.forget(again.fromMs - overlapMs);
  }

  function isDue({ seenMs }: Checkpoint): boolean {
    if (overlapMs === 0 || seenMs === 0) return false;
    const now = clock.monoMs();
    // Until upstream's clock, once it was set back, has come so far again, what is committed lies behind the token.
    const isBehind = seenMs > clock.wallMs();
    if (now - newsMs > overlapMs && !isBehind) return false;
    return recent.size() <= CHEAP_ENTRIES || now >= dueMs;
  }

  return {
    note: recent.note,
    news() {
      newsMs = clock.monoMs();
    },
    async begin(end) {
      if (end.seenMs > 0) recent.note((await readAgain(end)).entries);
      takenUp = true;
    },
    async takeUp(from) {
      if (takenUp) return;
      if (overlapMs > 0 && from.seenMs > 0) {
        const [ahead] = (await upstream.readChanges(storeId, from.token)).entries;
        const again = await readAgain(from, from.seenMs + overlapMs);
        await deal({ ...again, entries: before(ahead, again.entries) }, true);
      }
      takenUp = true;
    },
    async look(at) {
      if (!isDue(at)) return;
      const beganMs = clock.monoMs();
      await deal(await readAgain(at), false);
      dueMs = beganMs + overlapMs / 3;
    },
  };
}

/** Without what the tail comes by. Of two that look alike the later one is taken for its first: rather too much than too little. */
function before(
  ahead: ChangelogEntry | undefined,
  entries: readonly ChangelogEntry[],
): readonly ChangelogEntry[] {
  const at = ahead ? entries.findLastIndex((entry) => signature(entry) === signature(ahead)) : -1;
  return at < 0 ? entries : entries.slice(0, at);
}
