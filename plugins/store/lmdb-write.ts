/** Commits: many keys, one LMDB transaction, written in another thread. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { RootDatabase } from 'lmdb';
import type { Put, WritePuts } from './lmdb-db.ts';

/** lmdb's own promise waits for the flush, so a commit is looked for meanwhile: a few turns long, then each millisecond. */
export function createWrites(root: RootDatabase): WritePuts {
  /** A flush that failed after its commit was shown: nothing more may be built on it. */
  let lost: unknown;
  return async (puts, isVisible) => {
    if (lost !== undefined) throw lost;
    let ended = false;
    let shown = false;
    const flushed = flushedWrite(root, puts).finally(() => {
      ended = true;
    });
    flushed.catch((fault: unknown) => {
      if (shown) lost = fault;
    });
    for (let look = 0; !ended; look++) {
      await (look < QUICK_LOOKS ? setImmediate() : Promise.race([setTimeout(1), flushed]));
      root.resetReadTxn();
      shown = isVisible();
      if (shown) return;
    }
    await flushed;
  };
}

const QUICK_LOOKS = 20;

async function flushedWrite(root: RootDatabase, puts: readonly Put[]): Promise<void> {
  /** When a commit fails, lmdb rejects the promises of its parts too. */
  const parts = new Set<Promise<boolean>>();
  const work = () => {
    for (const { db, key, value } of puts) {
      parts.add(value === undefined ? db.remove(key) : db.put(key, value));
    }
  };
  const committed = root.batch(work);
  for (const part of parts) part.catch(() => {});
  try {
    await committed;
  } catch (fault) {
    throw new Error('the store could not commit', { cause: await reasonOf(fault) });
  }
}

/** lmdb rejects with a general error that holds a promise of the real one, which does not always settle. */
async function reasonOf(fault: unknown): Promise<unknown> {
  const pending = fault instanceof Error && 'commitError' in fault ? fault.commitError : undefined;
  if (!(pending instanceof Promise)) return fault;
  return Promise.race([pending.catch((reason: unknown) => reason), setTimeout(REASON_MS, fault)]);
}

const REASON_MS = 200;
