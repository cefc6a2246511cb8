/**
 * Filling an empty store with very many tuples that come ordered by object. The index by object is written as they come,
 * page after page; for the index by user they are gathered and sorted in large lots, since writing each row again with
 * every batch is what a load would spend its time on. Between the lots the two indexes disagree: the caller keeps the
 * store in a phase in which nothing is answered, and begins anew after a crash.
 */
import type { StoreLoad } from '../../src/plugin/store.ts';
import { objectPlace, planIndex, rowsOf, userPlace, written } from './lmdb-commit.ts';
import type { Put } from './lmdb-db.ts';
import type { Env } from './lmdb-env.ts';
import type { Bytes } from './lmdb-key.ts';
import type { Records, StoreRecord } from './lmdb-records.ts';
import type { MemberChange } from './lmdb-rewrite.ts';

/** Tuples gathered for the index by user: about 100 MB. */
const LOT = 250_000;
/** Rows of the index by user in one commit, so that other stores' commits get in between. */
const ROWS_PER_COMMIT = 20_000;

export interface LoadParts {
  readonly env: Env;
  readonly records: Records;
  /** Runs `plan` with no other commit between what it reads and what it asks to be written. */
  commit(plan: () => readonly Put[]): Promise<void>;
}

/** The store must hold a state and no tuples. Throws when it is dropped meanwhile. */
export async function loadStore({ env, records, commit }: LoadParts, load: StoreLoad): Promise<void> {
  const { storeId, batches } = load;
  const begun = present(records, storeId).number;
  let users = new Map<Bytes, MemberChange[]>();
  let gathered = 0;

  const record = (): StoreRecord => {
    const now = present(records, storeId);
    if (now.number !== begun) throw new Error('the store was dropped while it was loaded');
    return now;
  };
  async function flush(): Promise<void> {
    const rows = [...users].sort(([a], [b]) => (a < b ? -1 : 1));
    for (let at = 0; at < rows.length; at += ROWS_PER_COMMIT)
      await commit(() => {
        record();
        return planIndex({ db: env.users, spill: 'chunks' }, new Map(rows.slice(at, at + ROWS_PER_COMMIT)))
          .puts;
      });
    users = new Map();
    gathered = 0;
  }

  for await (const tuples of batches) {
    const changes = tuples.map(written);
    await commit(() => {
      const now = record();
      const objects = planIndex(
        { db: env.objects, spill: 'keys' },
        rowsOf(changes, (key) => objectPlace(begun, key)),
      );
      return [...objects.puts, records.putStore(storeId, { ...now, count: now.count + objects.added })];
    });
    rowsOf(changes, (key) => userPlace(begun, key), users);
    gathered += changes.length;
    if (gathered >= LOT) await flush();
  }
  await flush();
}

function present(records: Records, storeId: string): StoreRecord {
  const record = records.store(storeId);
  if (!record) throw new Error('a store is loaded only after it was begun');
  return record;
}
