/**
 * Starting a store from a snapshot: the newest that fits what is wanted and what the log still holds. One that is
 * damaged is named and left out, one that stops coming is begun again; when none is left, the caller reads the primary.
 */
import { typeOf } from '../fga/tuple.ts';
import type { LoggedHead, LogState } from '../plugin/changelog.ts';
import type { SnapshotInfo, SnapshotPlace } from '../plugin/snapshots.ts';
import type { BootstrapParts } from './bootstrap-parts.ts';
import { SnapshotCorruptError, type SnapshotPiece, snapshotPieces } from './snapshot-file.ts';
import { type ResyncReason, type Track, wantsType } from './track.ts';

/** A download that was interrupted is begun again this often. */
const TRIES = 3;
const RETRY_MS = 500;
const PROGRESS_EVERY_MS = 2_000;
const DOUBTED: readonly ResyncReason[] = ['requested', 'audit'];

/** Leaves the store holding a snapshot, in phase `copying`; false when there is none to start from. */
export async function startFromSnapshot(
  parts: BootstrapParts,
  track: Track,
  noted: LoggedHead,
  signal: AbortSignal,
): Promise<boolean> {
  const { snapshots } = parts.log;
  // Whoever asked for a copy doubts what is held, and what is held may be what snapshots are made of.
  if (!snapshots || DOUBTED.some((reason) => reason === track.resync?.reason)) return false;
  for (const info of await fitting(parts, snapshots, track, noted)) {
    try {
      await tryOften(parts, track, info, signal);
      track.snapshot = snapshotKey(info);
      parts.snapshot('used', info);
      return true;
    } catch (error) {
      if (signal.aborted || parts.ledger.tracks.get(track.storeId) !== track) throw error;
      track.refusedSnapshots.add(snapshotKey(info));
      parts.snapshot('refused', info, error);
    }
  }
  return false;
}

/** Names one content: the same object name may hold another snapshot tomorrow. */
export function snapshotKey({ name, head, position }: SnapshotInfo): string {
  return `${name} ${head.commitId} ${position}`;
}

/** Newest first. A list that cannot be had is no list. */
async function fitting(
  { log, logger }: BootstrapParts,
  place: SnapshotPlace,
  track: Track,
  noted: LoggedHead,
): Promise<readonly SnapshotInfo[]> {
  try {
    const [infos, state] = await Promise.all([place.list(), log.reader.state()]);
    return infos
      .filter((info) => info.storeId === track.storeId && !track.refusedSnapshots.has(snapshotKey(info)))
      .filter((info) => fits(info, track, noted, state, log.reader.isBefore))
      .sort((a, b) => b.head.revision - a.head.revision || b.madeAtMs - a.madeAtMs);
  } catch (error) {
    logger.warn({ store: track.storeId, err: error }, 'snapshots cannot be listed; the primary is read');
    return [];
  }
}

/** The same history, not ahead of it, with all that is wanted, and everything after it still in the log. */
function fits(
  info: SnapshotInfo,
  track: Track,
  noted: LoggedHead,
  state: LogState,
  isBefore: (a: string, b: string) => boolean,
): boolean {
  const { head } = noted;
  const sameHistory =
    info.head.epoch === head.epoch &&
    info.head.revision <= head.revision &&
    (info.head.revision < head.revision || info.head.commitId === head.commitId);
  const wanted = track.objectTypes;
  const contained =
    info.objectTypes === undefined ||
    (wanted !== undefined && [...wanted].every((type) => info.objectTypes?.includes(type)));
  return sameHistory && contained && info.logId === state.logId && !isBefore(info.position, state.trimmedTo);
}

async function tryOften(
  parts: BootstrapParts,
  track: Track,
  info: SnapshotInfo,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await loadOne(parts, track, info, signal);
    } catch (error) {
      if (signal.aborted || attempt >= TRIES || error instanceof SnapshotCorruptError) throw error;
      parts.logger.warn(
        { store: track.storeId, snapshot: info.name, err: error },
        'a snapshot was interrupted and is begun again',
      );
      await parts.clock.sleep(RETRY_MS, signal);
    }
  }
}

async function loadOne(
  parts: BootstrapParts,
  track: Track,
  info: SnapshotInfo,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, log } = parts;
  await ledger.clear(track);
  track.head = info.head;
  track.position = info.position;
  track.checkpoint = info.checkpoint;
  await ledger.write(track, {}, { freshAtMs: 0 });
  const bytes = log.snapshots?.get(info.name, signal);
  if (!bytes) throw new Error('the change log has no snapshots');
  await ledger.load(track, tuplesOf(parts, track, snapshotPieces(info, bytes), info.tuples, signal));
}

/** Models are written as they come; tuples of other types are passed over. */
async function* tuplesOf(
  { ledger, clock, logger }: BootstrapParts,
  track: Track,
  pieces: AsyncIterable<SnapshotPiece>,
  expected: number,
  signal: AbortSignal,
) {
  const copy = { tuples: 0, expected, beganMs: clock.monoMs() };
  track.copy = copy;
  let toldMs = clock.monoMs();
  for await (const piece of pieces) {
    if (signal.aborted) throw new Error('the copy was stopped');
    if ('model' in piece) {
      await ledger.write(track, { models: [piece.model] }, { freshAtMs: 0 });
      continue;
    }
    yield piece.tuples.filter((tuple) => wantsType(track, typeOf(tuple.object)));
    copy.tuples += piece.tuples.length;
    if (clock.monoMs() - toldMs < PROGRESS_EVERY_MS) continue;
    toldMs = clock.monoMs();
    logger.info({ store: track.storeId, tuples: copy.tuples, of: expected }, 'loading a snapshot');
  }
}
