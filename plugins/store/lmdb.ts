/**
 * The local store on disk: one LMDB environment for all stores of this sidecar. It is open in milliseconds whatever it
 * holds, so a restart serves at once. A commit is one LMDB transaction, written in another thread; see `lmdb-env.ts` for
 * what a crash and what a power cut can cost.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createSerial } from '../../src/plugin/serial.ts';
import type { LogPosition, StoreEdit, TupleStore } from '../../src/plugin/store.ts';
import { planCommit } from './lmdb-commit.ts';
import type { Db, Put } from './lmdb-db.ts';
import { type Env, type LmdbOptions, openEnv } from './lmdb-env.ts';
import { freezeStore } from './lmdb-freeze.ts';
import { afterPrefix, storePrefix } from './lmdb-key.ts';
import { loadStore } from './lmdb-load.ts';
import { Records } from './lmdb-records.ts';
import { Rows } from './lmdb-rows.ts';
import { scanStore } from './lmdb-scan.ts';
import { LmdbView, type Reading } from './lmdb-view.ts';

export type { LmdbOptions } from './lmdb-env.ts';

/** Rejects when the folder is in use, or was written by another layout or program; the message says what to do. */
export async function openLmdbStore(options: LmdbOptions): Promise<TupleStore> {
  const env = await openEnv(options);
  const writer = createWriter(env);
  await writer.finishDrops();
  return { ...readsOf(env, writer.reading), ...writer.writes, bytes: () => sizeOf(options.path) };
}

function readsOf(
  env: Env,
  reading: Reading,
): Omit<TupleStore, 'commit' | 'load' | 'drop' | 'close' | 'bytes'> {
  const { records, objects, users } = reading;
  return {
    view(storeId) {
      const record = records.store(storeId);
      if (record?.state === undefined) return undefined;
      objects.forget();
      users.forget();
      return new LmdbView(reading, record, record.state);
    },
    state: (storeId) => records.store(storeId)?.state,
    stores: () => records.storeIds().filter((storeId) => records.store(storeId)?.state !== undefined),
    logPosition: () => records.logPosition(),
    count: (storeId) => records.store(storeId)?.count ?? 0,
    freeze: (storeId) => freezeStore(env, records, storeId),
    *all(storeId) {
      const record = records.store(storeId);
      if (record !== undefined) yield* scanStore(env.objects, record.number);
    },
  };
}

function createWriter(env: Env) {
  const records = new Records(env.meta);
  const reading: Reading = {
    records,
    objects: new Rows(env.objects),
    users: new Rows(env.users),
    objectsDb: env.objects,
    commits: 0,
  };
  const serial = createSerial();
  let closing: Promise<void> | undefined;

  async function write(puts: readonly Put[]): Promise<void> {
    const commit = records.commitNumber() + 1;
    await env.write([...puts, records.putCommit(commit)], () => records.commitNumber() === commit);
    reading.commits += 1;
  }
  function job<T>(work: () => Promise<T>): Promise<T> {
    return closing ? Promise.reject(new Error('the store is closed')) : serial.run(work);
  }
  /** Each step is a job of its own: other stores are written in between. What a close cuts short, the next start finishes. */
  async function erase(number: number): Promise<void> {
    for (const db of [env.objects, env.users]) while (await job(() => eraseSome(db, number, write)));
    await job(() => write([records.putDropped(number)]));
  }
  const writes: Pick<TupleStore, 'commit' | 'load' | 'drop' | 'close'> = {
    commit: (edits: readonly StoreEdit[], log?: LogPosition) =>
      job(async () => {
        const puts = [
          ...planCommit(env, records, edits),
          ...(log === undefined ? [] : [records.putLog(log)]),
        ];
        if (puts.length > 0) await write(puts);
      }),
    load: (load) =>
      loadStore(
        {
          env,
          records,
          commit: (plan) =>
            job(async () => {
              const puts = plan();
              if (puts.length > 0) await write(puts);
            }),
        },
        load,
      ),
    async drop(storeId) {
      const dropped = await job(async () => {
        const record = records.store(storeId);
        if (record) await write(records.putDropping(storeId, record.number));
        return record;
      });
      if (dropped) await erase(dropped.number);
    },
    close() {
      closing ??= serial.run(() => env.close());
      return closing;
    },
  };
  return {
    reading,
    writes,
    async finishDrops() {
      for (const n of records.dropping()) await erase(n);
    },
  };
}

/** One step, so that the store stays usable. True: there may be more. */
async function eraseSome(
  db: Db,
  number: number,
  write: (puts: readonly Put[]) => Promise<void>,
): Promise<boolean> {
  const start = storePrefix(number);
  const range = { start, end: afterPrefix(start), limit: ERASE_STEP };
  const puts = [...db.getKeys(range)].map((key) => ({ db, key, value: undefined }));
  if (puts.length > 0) await write(puts);
  return puts.length === ERASE_STEP;
}

const ERASE_STEP = 5000;

function sizeOf(folder: string): number {
  return statSync(join(folder, 'data.mdb'), { throwIfNoEntry: false })?.size ?? 0;
}
