/**
 * Copying a store from the primary while it changes: note where the log stands, copy, apply everything after that place,
 * then wait for a marker that was asked for afterwards. Changes carry absolute state, so replaying them over the copy
 * converges; until the marker is applied nothing of the store is answered.
 */

import { ulid } from 'ulid';
import { type Tuple, typeOf } from '../fga/tuple.ts';
import type { LoggedHead } from '../plugin/changelog.ts';
import type { BootstrapParts } from './bootstrap-parts.ts';
import { pagesOf, RowsMovedError } from './pages.ts';
import { startFromSnapshot } from './snapshot-load.ts';
import { type Track, wantsType } from './track.ts';

/** There is nothing to copy: the id is wrong, or the store is not made yet. */
export class UnknownStoreError extends Error {
  readonly storeId: string;

  constructor(storeId: string) {
    super(`the upstream has no store ${storeId}`);
    this.storeId = storeId;
  }
}

/** Tuples per commit of the copy: LMDB takes about 40 000 a second in batches of 1 000 and more. */
const COPY_BATCH = 2_000;
const PROGRESS_EVERY_MS = 2_000;
/** Before reading again after rows moved. */
const MOVED_PAUSE_MS = 50;
/** A walk of the changelog begun after the question may have to read pages; the sequencer has its own retries. */
export const BARRIER_TIMEOUT_MS = 10_000;

/**
 * Leaves the store in phase `confirming` with its position at the noted head. Throws when the upstream, the log or the
 * sequencer is out of reach; nothing is lost by calling it again.
 */
export async function copyStore(parts: BootstrapParts, track: Track, signal: AbortSignal): Promise<void> {
  // Where it was unknown a moment ago, the sequencer and the log are not bothered before it is there.
  if (track.unknown && !(await parts.upstream.hasStore(track.storeId)))
    throw new UnknownStoreError(track.storeId);
  const noted = await noteHead(parts, track);
  track.phase = 'copying';
  track.open = undefined;
  track.awaitedMarkers.clear();
  track.freshAtMs = undefined;
  if (await startFromSnapshot(parts, track, noted, signal)) await copyModels(parts, track);
  else await copyFromPrimary(parts, track, noted, signal);
  track.phase = 'confirming';
  track.rewind = true;
  await parts.ledger.write(track, {}, { freshAtMs: 0 });
}

async function copyFromPrimary(
  parts: BootstrapParts,
  track: Track,
  noted: LoggedHead,
  signal: AbortSignal,
): Promise<void> {
  await parts.ledger.clear(track);
  track.snapshot = undefined;
  track.head = noted.head;
  track.position = noted.position;
  track.checkpoint = noted.checkpoint;
  track.copy = { tuples: 0, beganMs: parts.clock.monoMs() };
  await copyModels(parts, track);
  await copyTuples(parts, track, signal);
}

/** Also beside a snapshot: a model that was too large for its message may have been missing where that was made. */
async function copyModels({ upstream, ledger }: BootstrapParts, track: Track): Promise<void> {
  const models = await upstream.listModels(track.storeId);
  // OpenFGA gives empty pages for a store that it does not have: nothing else tells a wrong id from an empty store.
  if (models.length === 0 && !(await upstream.hasStore(track.storeId)))
    throw new UnknownStoreError(track.storeId);
  await ledger.write(track, { models }, { freshAtMs: 0 });
}

/** The marker makes the sequencer say something about the store in this very log, also where it thinks it has. */
async function noteHead(parts: BootstrapParts, track: Track): Promise<LoggedHead> {
  const { log, clock } = parts;
  const marker = ulid(clock.wallMs());
  const question = { ask: 'barrier', storeIds: [track.storeId], marker } as const;
  const reply = await log.control.ask(question, BARRIER_TIMEOUT_MS);
  if (!reply.heads[track.storeId]) throw await noBarrier(parts, track);
  const noted = await log.reader.head(track.storeId);
  if (!noted) throw new Error('the change log holds nothing about the store although its sequencer answered');
  return noted;
}

/** The sequencer says nothing of a store that neither its log nor its upstream knows: this side's upstream may know more. */
async function noBarrier({ upstream }: BootstrapParts, { storeId }: Track): Promise<Error> {
  const isThere = await upstream.hasStore(storeId).catch(() => undefined);
  if (isThere === false) return new UnknownStoreError(storeId);
  const why = isThere
    ? 'the upstream here has the store, so the central sidecar stands before another server or cannot walk the store'
    : 'it does not know the store, or cannot walk it';
  return new Error(
    `the sequencer gave no barrier for the store: ${why}; look at the page of the central sidecar`,
  );
}

/** Reads until one reading went through without rows moving under it. */
async function copyTuples(parts: BootstrapParts, track: Track, signal: AbortSignal): Promise<void> {
  if (track.objectTypes?.size === 0) return;
  for (;;) {
    try {
      return await copyOnce(parts, track, signal);
    } catch (error) {
      if (!(error instanceof RowsMovedError)) throw error;
      track.lastError = `${error.message}; reading again`;
      await parts.clock.sleep(MOVED_PAUSE_MS, signal);
    }
  }
}

async function copyOnce(parts: BootstrapParts, track: Track, signal: AbortSignal): Promise<void> {
  const { upstream, ledger, clock, logger } = parts;
  const copy = { tuples: 0, beganMs: track.copy?.beganMs ?? clock.monoMs() };
  track.copy = copy;
  let batch: Tuple[] = [];
  let toldMs = clock.monoMs();
  const store = async () => {
    await ledger.write(track, { writes: batch });
    copy.tuples += batch.length;
    batch = [];
  };
  for await (const tuples of pagesOf((token) => upstream.readTuples(track.storeId, token, signal))) {
    if (signal.aborted) throw new Error('the copy was stopped');
    batch.push(...tuples.filter((tuple) => wantsType(track, typeOf(tuple.object))));
    if (batch.length >= COPY_BATCH) await store();
    if (clock.monoMs() - toldMs < PROGRESS_EVERY_MS) continue;
    toldMs = clock.monoMs();
    const perSecond = Math.round(copy.tuples / ((toldMs - copy.beganMs) / 1000));
    logger.info({ store: track.storeId, tuples: copy.tuples, per_second: perSecond }, 'copying a store');
  }
  await store();
}

/**
 * Asks for a marker and remembers its id; the follower completes the store when one that was asked for since the copy was made
 * is applied, however many more were asked for meanwhile.
 */
export async function askForMarker(parts: BootstrapParts, track: Track): Promise<void> {
  const marker = ulid(parts.clock.wallMs());
  track.awaitedMarkers.add(marker);
  const sent = { sentMs: parts.clock.monoMs(), sentWallMs: parts.clock.wallMs() };
  const reply = await parts.log.control.ask(
    { ask: 'barrier', storeIds: [track.storeId], marker },
    BARRIER_TIMEOUT_MS,
  );
  const head = reply.heads[track.storeId];
  if (!head) throw await noBarrier(parts, track);
  track.asked.push({ head, ...sent });
  parts.ledger.settleAsked(track);
}
