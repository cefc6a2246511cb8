/** One row with its changes applied. */
import { type ChunkChange, rewriteChunks } from './lmdb-chunks.ts';
import type { Db, Put } from './lmdb-db.ts';
import { type Bytes, type Half, PLAIN, USERSETS } from './lmdb-key.ts';
import { decodeRow, encodeRow, INLINE_BYTES, inlineBytes, type RowHalf } from './lmdb-row.ts';

export interface MemberChange extends ChunkChange {
  readonly half: Half;
}

/** Where the members of a long half stand: each at a key of its own, or in chunks. */
export type Spill = 'keys' | 'chunks';

/** Adds what is to be written to `puts`; returns by how many members the row grows. */
export function rewriteRow(
  index: { readonly db: Db; readonly spill: Spill },
  key: Bytes,
  changes: readonly MemberChange[],
  puts: Put[],
): number {
  const { db, spill } = index;
  const old = db.getBinary(key);
  const row = decodeRow(old);
  const before = row[USERSETS].count + row[PLAIN].count;
  const spilled: Put[] = [];
  const sorted = [...changes].sort(byName);
  const rewrite = spill === 'keys' ? rewriteKeys : rewriteChunks;
  for (const half of [USERSETS, PLAIN] as const) {
    const mine = sorted.filter((change) => change.half === half);
    const state = row[half];
    if (state.members !== undefined) changeInline(state, mine);
    else state.count += rewrite(db, { row: key, half }, mine, spilled);
    const leaving = settle(state);
    if (leaving !== undefined) rewrite(db, { row: key, half }, leaving, spilled);
  }
  const value = encodeRow(row);
  if (!isSame(old, value)) puts.push({ db, key, value });
  for (const put of spilled) puts.push(put);
  return row[USERSETS].count + row[PLAIN].count - before;
}

function changeInline(half: RowHalf, changes: readonly MemberChange[]): void {
  const { members } = half;
  if (members === undefined) return;
  for (const { name, payload } of changes) {
    if (payload === undefined) members.delete(name);
    else members.set(name, payload);
  }
  half.count = members.size;
}

/** The members of a half that has grown too large to stay; takes an empty one back in. */
function settle(state: RowHalf): ChunkChange[] | undefined {
  const { members, count } = state;
  if (members === undefined) {
    if (count === 0) state.members = new Map();
    return undefined;
  }
  if (inlineBytes(members) <= INLINE_BYTES) return undefined;
  state.members = undefined;
  return [...members].map(([name, payload]) => ({ name, payload })).sort(byName);
}

function rewriteKeys(
  db: Db,
  { row, half }: { readonly row: Bytes; readonly half: Half },
  changes: readonly ChunkChange[],
  puts: Put[],
): number {
  let added = 0;
  for (const { name, payload } of changes) {
    const key = `${row}${String.fromCharCode(half)}${name}`;
    const was = db.getBinaryFast(key) !== undefined;
    const value = payload === undefined ? undefined : Buffer.from(payload, 'latin1');
    if (value !== undefined || was) puts.push({ db, key, value });
    added += Number(value !== undefined) - Number(was);
  }
  return added;
}

function isSame(old: Buffer | undefined, value: Buffer | undefined): boolean {
  return old === undefined || value === undefined ? old === value : old.equals(value);
}

function byName(a: ChunkChange, b: ChunkChange): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
