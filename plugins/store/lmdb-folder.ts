/** The folder of the database, looked at before LMDB opens it. */
import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What an operator can do about data that cannot be read: it is a copy. */
export const FIX = 'remove the folder, or name another, and the tuples are fetched again';

/** Makes it when it is not there; throws when it cannot hold a store, or holds something else. */
export function prepareFolder(path: string): void {
  makeFolder(path);
  if (isDatabase(join(path, 'data.mdb'))) return;
  throw new Error(`the store in ${path} cannot be opened: data.mdb is no LMDB database; ${FIX}`);
}

function makeFolder(path: string): void {
  try {
    makeEach(resolve(path));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the folder ${path} of the store cannot be made: ${reason}`, { cause });
  }
}

/** One after the other: where none can be made, as under `/proc`, Node's own `recursive` tries without end. */
function makeEach(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (!found) makeEach(dirname(path));
  try {
    mkdirSync(path);
  } catch (fault) {
    // Another process may have been faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw fault;
  }
}

/** lmdb crashes the process on a file that LMDB refuses. True also when there is nothing yet. */
function isDatabase(file: string): boolean {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return true;
  const handle = openSync(file, 'r');
  try {
    const first = Buffer.alloc(META_BYTES);
    readSync(handle, first, 0, META_BYTES, 0);
    if (first.readUInt32LE(MAGIC_AT) !== MAGIC) return false;
    const second = Buffer.alloc(META_BYTES);
    readSync(handle, second, 0, META_BYTES, first.readUInt32LE(PAGE_SIZE_AT));
    return second.readUInt32LE(MAGIC_AT) === MAGIC && second.readUInt32LE(VERSION_AT) === VERSION;
  } finally {
    closeSync(handle);
  }
}

/** A meta page: a header of 24 bytes, the magic, the version, an address, the map's size, the page's size. */
const META_BYTES = 64;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
