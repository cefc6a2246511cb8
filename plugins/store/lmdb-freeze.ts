/** A store as it is now, on a snapshot of LMDB's that stays while it is read. */
import type { FrozenStore } from '../../src/plugin/store.ts';
import type { Env } from './lmdb-env.ts';
import type { Records } from './lmdb-records.ts';
import { scanSnapshot } from './lmdb-scan.ts';

/** State, models and the snapshot are taken in one turn of the event loop, in which lmdb reads one transaction. */
export function freezeStore(env: Env, records: Records, storeId: string): FrozenStore | undefined {
  const record = records.store(storeId);
  if (record?.state === undefined) return undefined;
  const snapshot = env.objects.useReadTransaction();
  let held = true;
  return {
    state: record.state,
    models: records.models(record.number),
    count: record.count,
    tuples: scanSnapshot(env.objects, record.number, snapshot),
    release() {
      if (held) snapshot.done();
      held = false;
    },
  };
}
