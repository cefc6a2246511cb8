/** The `upstream` change log over a fake upstream, walking by itself or when the test says so. */
import { ulid } from 'ulid';
import { openUpstreamChangeLog, type UpstreamChangeLog } from '../../../plugins/changelog/upstream.ts';
import type { ChangeLog, Delivered } from '../../../src/plugin/changelog.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import type { StoreState } from '../../../src/plugin/store.ts';
import { commitsOf, readUntil } from '../../contract/changelog-chain.ts';
import { type HandClock, handClock } from '../../support/hand-clock.ts';
import { createFakeUpstream, type FakeUpstream } from './upstream-fake.ts';

export const OVERLAP_MS = 30_000;

export type Resume = NonNullable<Parameters<typeof openUpstreamChangeLog>[0]['resume']>;

export interface Given {
  readonly clock?: HandClock;
  readonly upstream?: FakeUpstream;
  readonly storeId?: string;
  readonly resume?: Resume;
}

/** A log that walks when the test says so, and follows one store. */
export async function byHand(given: Given = {}) {
  const clock = given.clock ?? handClock();
  const upstream = given.upstream ?? createFakeUpstream(clock.wallMs, 10);
  const storeId = given.storeId ?? ulid();
  const { resume } = given;
  const log = openUpstreamChangeLog({
    ...{ upstream, clock, resume, nodeId: 'test' },
    ...{ intervalMs: 1_000, overlapMs: OVERLAP_MS },
  });
  const { position } = (await log.reader.head(storeId)) ?? { position: '' };
  return {
    ...{ clock, upstream, storeId, log },
    barrier: () => log.control.ask({ ask: 'barrier', storeIds: [storeId] }, 5_000),
    /** Everything that the log holds after a position; by default, since the store was followed. */
    async all(after = position): Promise<readonly Delivered[]> {
      const { last } = await log.reader.state();
      const isAll = (seen: readonly Delivered[]) =>
        !log.reader.isBefore(seen.at(-1)?.position ?? after, last);
      return readUntil(log, { after, filters: [{ storeId }] }, isAll);
    },
  };
}

/** A log that walks by itself every 50 ms. */
export function openReal(upstream: FakeUpstream, resume?: Resume): UpstreamChangeLog {
  return openUpstreamChangeLog({
    ...{ upstream, resume, nodeId: 'test', clock: systemClock },
    ...{ intervalMs: 50, overlapMs: 2_000 },
  });
}

/** What the local store would hold, had it applied everything; `seen`: had it applied this. */
export async function snapshotOf(
  log: ChangeLog,
  upstream: FakeUpstream,
  seen?: readonly Delivered[],
): Promise<Resume> {
  const { logId, last } = await log.reader.state();
  const states = new Map<string, StoreState>();
  for (const storeId of await upstream.listStores()) {
    const logged = await log.reader.head(storeId);
    if (!logged) continue;
    const checkpoint = (seen && commitsOf(seen).at(-1)?.checkpoint) ?? logged.checkpoint;
    const { head, position } = logged;
    states.set(storeId, { head, phase: 'complete', position, checkpoint, freshAtMs: 0 });
  }
  return { logPosition: () => ({ logId, position: last }), state: (storeId) => states.get(storeId) };
}
