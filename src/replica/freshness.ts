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

/**
 * Two rounds of questions: one about the stores that the last answer spoke of, one about those that it left out. The
 * sequencer waits for a walk that takes long before it answers without it, and the others must not age meanwhile.
 */
export async function keepFresh(parts: FreshnessParts, signal: AbortSignal): Promise<void> {
  const silent = new Set<Track>();
  const isFollowed = (track: Track) => isFollowing(track) && parts.ledger.tracks.get(track.storeId) === track;
  await Promise.all([
    rounds(parts, signal, async () => {
      for (const track of silent) if (!isFollowed(track)) silent.delete(track);
      const tracks = byAge(parts.ledger).filter((track) => !silent.has(track));
      const outcome = await askAll(parts, tracks, silent, signal);
      const { size } = silent;
      parts.trouble(size > 0 ? new Error(`the sequencer gives no answer for ${size} stores`) : undefined);
      return outcome;
    }),
    rounds({ ...parts, trouble() {} }, signal, () =>
      askAll(parts, [...silent].filter(isFollowed), silent, signal),
    ),
    noteOften(parts, signal),
  ]);
}

type Outcome = 'all answered' | 'some left out';

async function rounds(
  { clock, trouble }: FreshnessParts,
  signal: AbortSignal,
  ask: () => Promise<Outcome>,
): Promise<void> {
  while (!signal.aborted) {
    const beganMs = clock.monoMs();
    const outcome = await ask().catch(trouble);
    // Where a round takes long, the sequencer gets as long to do something else. One that took long because of stores that
    // are left out from now on says nothing about the next.
    const tookMs = outcome === 'some left out' ? 0 : clock.monoMs() - beganMs;
    await clock.sleep(Math.max(ASK_EVERY_MS, tookMs), signal);
  }
}

async function noteOften({ ledger, clock, trouble }: FreshnessParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(NOTE_EVERY_MS, signal);
    await ledger.noteFreshness().catch(trouble);
  }
}

/** The oldest data first: where there is not time for all, none is left out twice. */
function byAge(ledger: Ledger): readonly Track[] {
  const age = new Map([...ledger.tracks.values()].map((track) => [track, ledger.ageMs(track)]));
  return [...age.keys()].filter(isFollowing).sort((a, b) => (age.get(b) ?? 0) - (age.get(a) ?? 0));
}

async function askAll(
  parts: FreshnessParts,
  tracks: readonly Track[],
  silent: Set<Track>,
  signal: AbortSignal,
): Promise<Outcome> {
  const before = silent.size;
  for (let at = 0; at < tracks.length && !signal.aborted; at += STORES_PER_QUESTION) {
    const some = tracks.slice(at, at + STORES_PER_QUESTION);
    const unanswered = new Set(await ask(parts, some));
    for (const track of some)
      if (unanswered.has(track)) silent.add(track);
      else silent.delete(track);
  }
  return silent.size > before ? 'some left out' : 'all answered';
}

/** One question about these stores. Throws when the sequencer does not answer, or not for all of them. */
export async function askAbout(parts: FreshnessParts, tracks: readonly Track[]): Promise<void> {
  const unanswered = await ask(parts, tracks);
  if (unanswered.length > 0)
    throw new Error(`the sequencer gave no answer for ${unanswered.length} of ${tracks.length} stores`);
}

/** Returns those that the answer does not speak of. */
async function ask(parts: FreshnessParts, tracks: readonly Track[]): Promise<readonly Track[]> {
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
  return tracks.filter(({ storeId }) => !reply.heads[storeId]);
}
