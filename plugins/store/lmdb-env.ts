/** Opens the LMDB environment of a store: one writer, a known layout, and commits that do not wait for the disk. */

import { open, type RootDatabase } from 'lmdb';
import { claimFolder } from './lmdb-claim.ts';
import type { Db, WritePuts } from './lmdb-db.ts';
import { FIX, prepareFolder } from './lmdb-folder.ts';
import { keyEncoder } from './lmdb-key.ts';
import { createWrites } from './lmdb-write.ts';

export interface Env {
  /** Rows by type, relation and id of the object; their names are users. */
  readonly objects: Db;
  /** Rows by user, relation and type; their names are ids. */
  readonly users: Db;
  readonly meta: Db;
  readonly write: WritePuts;
  close(): Promise<void>;
}

export interface LmdbOptions {
  /** Folder of the database; created when it is not there. */
  readonly path: string;
  /** Address space to reserve at first. It grows by itself; reserving what will be needed saves the remapping. */
  readonly mapSizeBytes?: number;
}

/** Rises with every change of keys or values that the version before could not read. */
const LAYOUT = 'rsfga-edge 2';
const LAYOUT_KEY = 'layout';

/** Throws when another process has it open, or when another version or program wrote it; the message says what to do. */
export async function openEnv({ path, mapSizeBytes }: LmdbOptions): Promise<Env> {
  prepareFolder(path);
  const claim = await claimFolder(path);
  try {
    return openClaimed(path, mapSizeBytes, claim.release);
  } catch (fault) {
    await claim.release();
    throw fault;
  }
}

function openClaimed(path: string, mapSizeBytes: number | undefined, release: () => Promise<void>): Env {
  const root = openRoot(path, mapSizeBytes);
  try {
    checkLayout(root, path);
  } catch (fault) {
    root.close().catch(() => {});
    throw fault;
  }
  const writes = createWrites(root);
  const database = (name: string) => root.openDB(name, DATABASE) as unknown as Db;
  return {
    objects: database('objects'),
    users: database('users'),
    meta: database('meta'),
    write: writes,
    async close() {
      await root.flushed;
      await root.close();
      await release();
    },
  };
}

/**
 * `overlappingSync`: a commit is visible, and outlives a crash of the process, once its pages are written; the flush to
 * disk follows in another thread. After a power cut LMDB opens the last commit that was flushed: commits may be missing
 * at the end, whole, never in part. The follower then goes on from the position that is stored with the data.
 */
function openRoot(path: string, mapSizeBytes: number | undefined): RootDatabase {
  const mapSize = mapSizeBytes === undefined ? {} : { mapSize: mapSizeBytes };
  const mode = {
    overlappingSync: true,
    separateFlushed: true,
    eventTurnBatching: false,
    noSubdir: false,
    maxDbs: 4,
    ...mapSize,
  };
  try {
    return open({ path, ...DATABASE, ...mode });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the store in ${path} cannot be opened (${reason}); ${FIX}`, { cause });
  }
}

const DATABASE = { encoding: 'binary', keyEncoder } as const;

function checkLayout(root: RootDatabase, path: string): void {
  const found = root.getBinary(LAYOUT_KEY)?.toString();
  if (found === LAYOUT) return;
  if (found !== undefined) {
    throw new Error(`the store in ${path} has the layout "${found}", this version reads "${LAYOUT}"; ${FIX}`);
  }
  for (const key of root.getKeys({ start: '\0', end: '\u00ff', limit: 1 })) {
    throw new Error(`${path} holds an LMDB database of another program (it has a "${String(key)}"); ${FIX}`);
  }
  root.putSync(LAYOUT_KEY, Buffer.from(LAYOUT));
}
