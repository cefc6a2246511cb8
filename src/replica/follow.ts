/**
 * One session of following the log: compare heads, then read and apply until the session is ended from outside or the
 * log fails. A store that does not fit is reported; the others go on.
 */
import type { Head } from '../fga/change.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import {
  type ChangeFilter,
  type ChangeLog,
  type Delivered,
  type LoggedHead,
  type LogState,
  UnreadableHeadError,
} from '../plugin/changelog.ts';
import { inLanes } from '../plugin/lanes.ts';
import type { LogPosition, TupleStore } from '../plugin/store.ts';
import { createDraft, type Draft, take } from './apply.ts';
import type { Ledger } from './ledger.ts';
import { type AppliedChange, appliedChange, isFollowing, type ResyncReason, type Track } from './track.ts';

export interface SessionParts {
  readonly log: ChangeLog;
  readonly store: TupleStore;
  readonly ledger: Ledger;
  resync(track: Track, reason: ResyncReason, detail?: unknown): void;
  /** Before the change can be seen in the local store; perhaps again when it could not be stored. */
  applying(change: AppliedChange): void;
  applied(change: AppliedChange): void;
  /** Heads were compared, reading begins. */
  connected(): void;
  /** A model that did not fit its message. */
  readModel(storeId: string, modelId: string): Promise<AuthorizationModel | undefined>;
}

/** Heads asked of the log at once: one after the other, hundreds of stores would take seconds over a continent. */
export const HEADS_AT_ONCE = 32;

/** Runs until `signal` aborts; throws when the log does. */
export async function followOnce(parts: SessionParts, signal: AbortSignal): Promise<void> {
  const { log, ledger } = parts;
  const state = await log.reader.state();
  const held = parts.store.logPosition();
  const following = () => [...ledger.tracks.values()].filter(isFollowing);
  const fault = held && misfit(held, state, log);
  if (fault) for (const track of following().filter((one) => !one.rewind)) parts.resync(track, fault);
  const heads = new Map<Track, LoggedHead>();
  await inLanes(following(), HEADS_AT_ONCE, async (track) => {
    const logged = await compare(parts, track);
    if (logged) heads.set(track, logged);
  });
  const start = startOf(following(), held, log);
  if (start === undefined || signal.aborted) return;
  for (const [track, logged] of heads)
    if (isPassedOver(track, logged, start, log)) parts.resync(track, 'hole');
  const members = following();
  const session: Session = {
    parts,
    members: new Map(members.map((one) => [one.storeId, { track: one, copyNumber: one.resyncs }])),
    logId: state.logId,
  };
  let last = start;
  parts.connected();
  for await (const batch of log.reader.read({ after: start, filters: members.map(filterOf), signal })) {
    last = await applyBatch(session, batch, last);
    if (signal.aborted) return;
  }
}

/** Another log, or one that ends before what was read from it: nothing that is held can be found again in it. */
function misfit(held: LogPosition, state: LogState, log: ChangeLog): ResyncReason | undefined {
  if (held.logId !== state.logId) return 'log-replaced';
  return log.reader.isBefore(state.last, held.position) ? 'rolled-back' : undefined;
}

interface Session {
  readonly parts: SessionParts;
  /** The stores that this session began with. One that is copied meanwhile waits for the next session. */
  readonly members: ReadonlyMap<string, Member>;
  readonly logId: string;
}

function filterOf({ storeId, objectTypes, subjects }: Track): ChangeFilter {
  const types = objectTypes ? { objectTypes: [...objectTypes] } : {};
  return { storeId, ...types, ...(subjects ? { subjects } : {}) };
}

/** The log's newest word about a store must be ours or lie ahead of ours. */
async function compare(parts: SessionParts, track: Track): Promise<LoggedHead | undefined> {
  const { resync } = parts;
  const logged = await headOf(parts.log, track.storeId);
  if (logged?.storeDeleted) track.storeDeleted = true;
  const misfit = logged ? misfitOf(track.head, logged.head) : 'no-anchor';
  if (misfit) resync(track, misfit);
  return misfit ? undefined : logged;
}

/** A word that cannot be read is none: copying the store again has the sequencer say a new one, and the others go on. */
export async function headOf(log: ChangeLog, storeId: string): Promise<LoggedHead | undefined> {
  try {
    return await log.reader.head(storeId);
  } catch (error) {
    if (error instanceof UnreadableHeadError) return undefined;
    throw error;
  }
}

export function misfitOf(held: Head, logged: Head): ResyncReason | undefined {
  if (logged.epoch !== held.epoch) return 'epoch';
  if (logged.revision < held.revision) return 'rolled-back';
  return logged.revision === held.revision && logged.commitId !== held.commitId ? 'forked' : undefined;
}

/**
 * The log's word ahead of ours lies where it will not be read any more: a change was refused, or did not fit, others were
 * stored after it, and the process ended before the store was copied again.
 */
export function isPassedOver(
  track: Track,
  { head, position }: LoggedHead,
  start: string,
  log: ChangeLog,
): boolean {
  return head.revision > track.head.revision && !log.reader.isBefore(start, position);
}

/** The earliest place from which every store misses nothing. */
function startOf(
  tracks: readonly Track[],
  held: LogPosition | undefined,
  log: ChangeLog,
): string | undefined {
  const places = tracks.map((track) => (track.rewind || !held ? track.position : held.position));
  return places.reduce<string | undefined>(
    (first, place) => (first === undefined || log.reader.isBefore(place, first) ? place : first),
    undefined,
  );
}

interface Member {
  readonly track: Track;
  /** A copy made after the session began starts elsewhere in the log: it is not this session's to follow. */
  readonly copyNumber: number;
}

function isOurs({ track, copyNumber }: Member): boolean {
  return isFollowing(track) && track.resyncs === copyNumber;
}

/** Applies one batch in one commit; returns the position of its last message. */
async function applyBatch(session: Session, batch: readonly Delivered[], held: string): Promise<string> {
  const { parts, members } = session;
  const drafts = new Map<string, Draft>();
  let before = held;
  for (const delivered of batch) {
    takeOne(session, drafts, delivered, before);
    before = delivered.position;
  }
  const safe = beforeUnfinished(session, before);
  for (const draft of drafts.values())
    if (!(await hasItsModels(parts, draft))) drafts.delete(draft.track.storeId);
  for (const { commits } of drafts.values())
    for (const commit of commits) parts.applying(appliedChange(commit));
  try {
    await parts.ledger.apply([...drafts.values()], { logId: session.logId, position: safe });
  } catch (error) {
    for (const { track } of drafts.values()) parts.resync(track, 'refused', error);
    return before;
  }
  // The log position in the store now lies where this session reads, so nothing has to be read twice any more.
  for (const member of members.values()) if (isOurs(member)) member.track.rewind = false;
  parts.log.reader.applied(safe);
  for (const draft of drafts.values()) announce(parts, draft);
  return before;
}

/** A model becomes visible with its revision: until it is here, the one before it would answer. */
async function hasItsModels(parts: SessionParts, draft: Draft): Promise<boolean> {
  const { storeId } = draft.track;
  try {
    for (const modelId of draft.modelsToFetch) {
      const model = await parts.readModel(storeId, modelId);
      if (!model) throw new Error(`the upstream does not have model ${modelId}`);
      draft.models.push(model);
    }
    return true;
  } catch (error) {
    // Its queries forward while it is copied again, and the others are not held up.
    parts.resync(draft.track, 'model', error);
    return false;
  }
}

/** The log is not acknowledged past an unfinished transaction. */
function beforeUnfinished({ parts, members }: Session, last: string): string {
  const { isBefore } = parts.log.reader;
  return [...members.values()].reduce(
    (least, { track: { open } }) => (open && isBefore(open.before, least) ? open.before : least),
    last,
  );
}

function takeOne(session: Session, drafts: Map<string, Draft>, delivered: Delivered, before: string): void {
  const { parts } = session;
  const member = session.members.get(delivered.message.storeId);
  if (!member || !isOurs(member) || parts.ledger.tracks.get(member.track.storeId) !== member.track) return;
  const { track } = member;
  const draft = drafts.get(track.storeId) ?? createDraft(track);
  // What lies at or before the store's own position is in its copy already.
  if (draft.position !== '' && !parts.log.reader.isBefore(draft.position, delivered.position)) return;
  drafts.set(track.storeId, draft);
  const gap = take(draft, delivered, before);
  if (gap) parts.resync(track, gap, delivered.message.kind);
}

function announce(parts: SessionParts, draft: Draft): void {
  for (const commit of draft.commits) parts.applied(appliedChange(commit));
}
