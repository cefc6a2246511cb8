/**
 * How old the local data is, measured by round trip: the edge asks, the sequencer answers after a walk of the changelog
 * that began after the question; once that revision is applied, the data is as young as the moment the question was sent.
 */
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Ledger } from './ledger.ts';
import { isFollowing, type ResyncReason, type Track } from './track.ts';

export const ASK_EVERY_MS = 1_000;
export const ASK_TIMEOUT_MS = 5_000;
/** How often the age is written down for a restart. */
const NOTE_EVERY_MS = 5_000;

export interface FreshnessParts {
  readonly log: ChangeLog;
  readonly ledger: Ledger;
  readonly clock: Clock;
  resync(track: Track, reason: ResyncReason): void;
  /** The sequencer cannot be reached, or can again (`undefined`). */
  trouble(error: unknown): void;
}

/** Stores asked about at once: their answer comes when all of them were walked, and all share its time limit. */
const STORES_PER_QUESTION = 100;

export async function keepFresh(parts: FreshnessParts, signal: AbortSignal): Promise<void> {
  const { clock } = parts;
  let notedMs = clock.monoMs();
  while (!signal.aborted) {
    const beganMs = clock.monoMs();
    try {
      await askAll(parts, signal);
      parts.trouble(undefined);
    } catch (error) {
      parts.trouble(error);
    }
    if (clock.monoMs() - notedMs >= NOTE_EVERY_MS) {
      notedMs = clock.monoMs();
      await parts.ledger.noteFreshness().catch(parts.trouble);
    }
    // Where a round takes long, the sequencer gets as long to do something else.
    await clock.sleep(Math.max(ASK_EVERY_MS, clock.monoMs() - beganMs), signal);
  }
}

/** The oldest data first: where there is not time for all, none is left out twice. */
async function askAll(parts: FreshnessParts, signal: AbortSignal): Promise<void> {
  const { ledger } = parts;
  const age = new Map([...ledger.tracks.values()].map((track) => [track, ledger.ageMs(track)]));
  const tracks = [...age.keys()].filter(isFollowing).sort((a, b) => (age.get(b) ?? 0) - (age.get(a) ?? 0));
  for (let at = 0; at < tracks.length && !signal.aborted; at += STORES_PER_QUESTION)
    await askAbout(parts, tracks.slice(at, at + STORES_PER_QUESTION));
}

/** One question about these stores. Throws when the sequencer does not answer, or not for all of them. */
export async function askAbout(parts: FreshnessParts, tracks: readonly Track[]): Promise<void> {
  const { log, ledger, clock, resync } = parts;
  const sent = { sentMs: clock.monoMs(), sentWallMs: clock.wallMs() };
  const held = new Map(tracks.map((track) => [track, track.head]));
  const storeIds = tracks.map((track) => track.storeId);
  const reply = await log.control.ask({ ask: 'barrier', storeIds }, ASK_TIMEOUT_MS);
  for (const track of tracks) {
    const head = reply.heads[track.storeId];
    if (!head || !isFollowing(track)) continue;
    const before = held.get(track);
    if (head.epoch !== track.head.epoch) resync(track, 'epoch');
    // The sequencer stands behind what was held here before it was asked.
    else if (before?.epoch === head.epoch && head.revision < before.revision) resync(track, 'rolled-back');
    else if (head.revision === track.head.revision && head.commitId !== track.head.commitId)
      resync(track, 'forked');
    else {
      track.asked.push({ head, ...sent });
      ledger.settleAsked(track);
    }
  }
  const unanswered = storeIds.filter((id) => !reply.heads[id]);
  if (unanswered.length > 0)
    throw new Error(`the sequencer gave no answer for ${unanswered.length} of ${storeIds.length} stores`);
}
