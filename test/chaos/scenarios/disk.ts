/** A full disk under an edge. Only where a small disk can be made; elsewhere a store that fails stands for it (`failing-store.test.ts`). */
import { setTimeout as sleep } from 'node:timers/promises';
import { call, writeAll } from '../../support/api.ts';
import { eventually, type Sidecar, storeStatus } from '../../support/fleet.ts';
import { createSmallDisk, type SmallDisk, smallDiskAvailable } from '../../support/small-disk.ts';
import { grant } from '../company.ts';
import { untilEqual } from '../judge.ts';
import type { Scenario, Stage } from '../scenario.ts';
import { startWatcher } from '../watcher.ts';
import { BOUND_MS, chaosEdgeYaml } from '../world.ts';

const DISK_MIB = 16;
/** More than fits into the pages that the database has already, in Writes of 100. */
const TUPLES = 2_000;
const WITHIN_MS = 60_000;

let disks = 0;

const full: Scenario = {
  name: 'disk full at an edge',
  // A store is copied meanwhile: docs/guarantees.md, just after a copy.
  transactions: 'batches',
  async play(stage) {
    const disk = createSmallDisk(DISK_MIB);
    const name = `edge-disk-${++disks}`;
    const { world, storeId } = stage;
    const yaml = chaosEdgeYaml(world.centrals[0]?.http ?? '', world.nats().url, { name, onStale: 'forward' });
    const edge = await world.fleet.start(name, { ...yaml, store: { lmdb: { path: disk.path } } });
    try {
      await untilHeld(edge, storeId);
      const { seen, ...watcher } = startWatcher({ ...stage, edge, boundMs: BOUND_MS });
      await fillAndFree(stage, edge, disk);
      await untilEqualAtRest(stage, edge);
      await watcher.stop();
      stage.watchers[0]?.seen.violations.push(...seen.violations, ...seen.half);
      return 1;
    } finally {
      await edge.kill();
      disk.remove();
    }
  },
};

async function fillAndFree({ world, storeId }: Stage, edge: Sidecar, disk: SmallDisk): Promise<void> {
  disk.fill();
  const many = Array.from({ length: TUPLES }, (_, n) => grant(7, n));
  const writing = writeAll(world.centrals[0]?.http ?? '', storeId, many);
  await eventually(
    async () => storeStatus(await edge.status(), storeId),
    (status) => status?.phase !== 'complete',
    WITHIN_MS,
  );
  await writing;
  await sleep(500);
  disk.free();
}

/** The load goes on, so equality holds for a moment only: the writers are stopped first. */
async function untilEqualAtRest({ world, storeId, writers }: Stage, edge: Sidecar): Promise<void> {
  await writers.stop();
  await untilEqual(edge, { storeId, openfga: world.openfga.http, withinMs: WITHIN_MS });
}

async function untilHeld(edge: Sidecar, storeId: string): Promise<void> {
  const tuple_key = { user: 'user:nobody', relation: 'owner', object: 'document:none' };
  await eventually(
    () => call(edge.http, `/stores/${storeId}/check`, { body: { tuple_key } }),
    ({ headers }) => headers['rsfga-served-by'] === 'local',
    WITHIN_MS,
  );
}

export const DISK: readonly Scenario[] = smallDiskAvailable() ? [full] : [];
