/**
 * Writing snapshots of stores that are held whole: one store at a time, from a view that stays at one commit while changes
 * go on, packed outside the event loop's thread. Two objects per store take turns, so a damaged or half-read one has an
 * older sister, and nothing has to be tidied up.
 */
import { createHash } from 'node:crypto';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { SnapshotInfo, SnapshotPlace } from '../plugin/snapshots.ts';
import type { FrozenStore, TupleStore } from '../plugin/store.ts';
import { snapshotBytes } from './snapshot-file.ts';

export interface SnapshotWriterParts {
  readonly log: ChangeLog;
  readonly store: TupleStore;
  readonly clock: Clock;
  readonly madeBy: string;
  /** True once the sidecar ends: what is being written is given up. */
  stopped(): boolean;
}

export type SnapshotOutcome =
  | { readonly written: SnapshotInfo }
  /** Why none was written; not a fault. */
  | { readonly skipped: 'no snapshots in this change log' | 'not complete' | 'fresh enough' };

const SLOTS = ['a', 'b'] as const;

/** `maxAgeMs`: one that is younger, or at the same revision and still in the log, is enough. Throws when the place does. */
export async function writeSnapshot(
  parts: SnapshotWriterParts,
  storeId: string,
  maxAgeMs: number,
): Promise<SnapshotOutcome> {
  const { log, store, clock } = parts;
  if (!log.snapshots) return { skipped: 'no snapshots in this change log' };
  const logState = await log.reader.state();
  const state = store.state(storeId);
  const held = store.logPosition();
  if (state?.phase !== 'complete' || held?.logId !== logState.logId) return { skipped: 'not complete' };
  const family = familyOf(storeId, state.objectTypes);
  const sisters = (await log.snapshots.list()).filter(({ name }) =>
    SLOTS.some((slot) => name === `${family}.${slot}`),
  );
  const useful = (info: SnapshotInfo) =>
    info.logId === logState.logId &&
    info.head.epoch === state.head.epoch &&
    !log.reader.isBefore(info.position, logState.trimmedTo);
  const young = (info: SnapshotInfo) =>
    clock.wallMs() - info.madeAtMs < maxAgeMs || info.head.commitId === state.head.commitId;
  if (maxAgeMs > 0 && sisters.some((info) => useful(info) && young(info))) return { skipped: 'fresh enough' };
  const name = `${family}.${slotFor(sisters, family)}`;
  return writeTo(parts, log.snapshots, name, storeId, logState.logId);
}

/** Removes what no edge can start from any more: of another log, or older than what the log holds. */
export async function removeUseless({ log }: Pick<SnapshotWriterParts, 'log'>): Promise<number> {
  if (!log.snapshots) return 0;
  const [infos, state] = await Promise.all([log.snapshots.list(), log.reader.state()]);
  const useless = infos.filter(
    (info) => info.logId !== state.logId || log.reader.isBefore(info.position, state.trimmedTo),
  );
  for (const { name } of useless) await log.snapshots.remove(name);
  return useless.length;
}

async function writeTo(
  { store, clock, madeBy, stopped }: SnapshotWriterParts,
  place: SnapshotPlace,
  name: string,
  storeId: string,
  logId: string,
): Promise<SnapshotOutcome> {
  const frozen = store.freeze(storeId);
  if (frozen?.state.phase !== 'complete') {
    frozen?.release();
    return { skipped: 'not complete' };
  }
  try {
    const info = infoOf(frozen, { name, storeId, logId, madeAtMs: clock.wallMs(), madeBy });
    await place.put(info, untilStopped(snapshotBytes(info, frozen), stopped));
    return { written: info };
  } finally {
    frozen.release();
  }
}

async function* untilStopped(pieces: AsyncIterable<Uint8Array>, stopped: () => boolean) {
  for await (const piece of pieces) {
    if (stopped()) throw new Error('the sidecar ends');
    yield piece;
  }
}

function infoOf(
  { state, count }: FrozenStore,
  around: Pick<SnapshotInfo, 'name' | 'storeId' | 'logId' | 'madeAtMs' | 'madeBy'>,
): SnapshotInfo {
  const { head, position, checkpoint, objectTypes } = state;
  return { ...around, head, position, checkpoint, ...(objectTypes ? { objectTypes } : {}), tuples: count };
}

/** Snapshots of a store with the same object types. */
function familyOf(storeId: string, objectTypes: readonly string[] | undefined): string {
  if (!objectTypes) return `${storeId}.all`;
  const types = createHash('sha256').update(JSON.stringify([...objectTypes].sort()));
  return `${storeId}.${types.digest('hex').slice(0, 12)}`;
}

/** The one that is not there, else the older. */
function slotFor(sisters: readonly SnapshotInfo[], family: string): string {
  const free = SLOTS.find((slot) => !sisters.some(({ name }) => name === `${family}.${slot}`));
  if (free) return free;
  const [oldest] = [...sisters].sort((a, b) => a.madeAtMs - b.madeAtMs);
  return oldest?.name.endsWith('.b') ? 'b' : 'a';
}
