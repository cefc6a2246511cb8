/**
 * Run as a process of its own, to be killed: commits one generation after the other. Each replaces all tuples of two
 * stores, their state and the position in the log, and is printed once it is acknowledged.
 */
import { openLmdbStore } from '../../../plugins/store/lmdb.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import type { StoreEdit } from '../../../src/plugin/store.ts';
import { stateAt } from '../../contract/store-data.ts';

export const STORES = ['01J0000000000000000000000A', '01J0000000000000000000000B'];
const PER_OBJECT = 60;

export function generation(number: number): Tuple[] {
  return ['doc:1', 'doc:2', 'doc:3'].flatMap((object) =>
    Array.from({ length: PER_OBJECT }, (_, i) => ({
      user: i % 2 === 0 ? `user:${number}-${i}` : `group:${number}-${i}#member`,
      relation: 'viewer',
      object,
    })),
  );
}

async function run(path: string): Promise<void> {
  const store = await openLmdbStore({ path });
  const [first = ''] = STORES;
  for (let number = (store.state(first)?.head.revision ?? 0) + 1; ; number++) {
    const change = { deletes: generation(number - 1), writes: generation(number), state: stateAt(number) };
    const edits: StoreEdit[] = STORES.map((storeId) => ({ storeId, ...change }));
    await store.commit(edits, { logId: 'log', position: `${number}` });
    process.stdout.write(`${number}\n`);
  }
}

const [, script, folder] = process.argv;
if (script === import.meta.filename && folder !== undefined) await run(folder);
