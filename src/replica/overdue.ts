/**
 * Revisions that the sequencer has named and that do not come. What the log trimmed, or forgot, while this sidecar was cut
 * off is not noticed by a reader that goes on where it stood: no message tells of it until the store is written to again.
 * So the log is asked for its last word about such a store.
 */
import { ulid } from 'ulid';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import { inLanes } from '../plugin/lanes.ts';
import type { TupleStore } from '../plugin/store.ts';
import { BARRIER_TIMEOUT_MS } from './bootstrap.ts';
import { HEADS_AT_ONCE, headOf, isPassedOver, misfitOf } from './follow.ts';
import type { Ledger } from './ledger.ts';
import { isFollowing, type ResyncReason, type Track } from './track.ts';

export interface OverdueParts {
  readonly log: ChangeLog;
  readonly store: Pick<TupleStore, 'logPosition'>;
  readonly ledger: Ledger;
  readonly clock: Clock;
  resync(track: Track, reason: ResyncReason): void;
  trouble(error: unknown): void;
}

/** Longer than a connection takes to come back and read what was written meanwhile, in most cases. */
const OVERDUE_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

export async function seekOverdue(parts: OverdueParts, signal: AbortSignal): Promise<void> {
  const { ledger, clock } = parts;
  while (!signal.aborted) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    const overdue = [...ledger.tracks.values()].filter((track) => isOverdue(track, clock));
    if (!signal.aborted)
      await inLanes(overdue, HEADS_AT_ONCE, (track) => seek(parts, track)).catch(parts.trouble);
  }
}

function isOverdue(track: Track, clock: Clock): boolean {
  const [first] = track.asked;
  return isFollowing(track) && first !== undefined && clock.monoMs() - first.sentMs >= OVERDUE_MS;
}

async function seek(parts: OverdueParts, track: Track): Promise<void> {
  const { log, store, clock, resync } = parts;
  const { head } = track;
  const logged = await headOf(log, track.storeId);
  // Something came meanwhile.
  if (track.head !== head || !isOverdue(track, clock)) return;
  const misfit = logged ? misfitOf(head, logged.head) : 'no-anchor';
  if (misfit || !logged) return resync(track, misfit ?? 'no-anchor');
  if (logged.head.revision === head.revision) return haveItSaidAgain(log, track, clock);
  const read = store.logPosition();
  if (read && isPassedOver(track, logged, read.position, log)) resync(track, 'hole');
}

/** The log has forgotten what the sequencer believes to be in it. Having something to append there, it finds out. */
async function haveItSaidAgain(log: ChangeLog, { storeId }: Track, clock: Clock): Promise<void> {
  const question = { ask: 'barrier', storeIds: [storeId], marker: ulid(clock.wallMs()) } as const;
  await log.control.ask(question, BARRIER_TIMEOUT_MS);
}
