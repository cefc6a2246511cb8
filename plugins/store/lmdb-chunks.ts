/**
 * The long halves of the index by user. A list of all objects of one user reads nothing but such a half from end to end,
 * and nobody asks it for one member: so its members stand in chunks, a hundred to a key, instead of one to a key.
 *
 *     key    row half name   every member of the chunk has this name or a greater one, and a lesser one than the next chunk's
 *     value  name NUL payload NUL, again and again, ordered by name
 */
import type { Db, Put } from './lmdb-db.ts';
import type { Bytes, Half } from './lmdb-key.ts';
import type { Members } from './lmdb-row.ts';

/** A larger chunk is cut. Above half a page of 4 KiB, LMDB would give each value pages of its own. */
const CHUNK_BYTES = 1536;
/** What the pieces of a chunk that is cut hold at most, so that there is room in each (a single member may be larger). */
const PIECE_BYTES = 1024;

export interface ChunkChange {
  readonly name: Bytes;
  /** Undefined removes the member. */
  readonly payload: Bytes | undefined;
}

/** The texts of a half: names and payloads in turn. One array for each chunk, with an empty text at its end. */
export function* chunkTexts(db: Db, row: Bytes, half: Half): Generator<readonly string[]> {
  const start = halfKey(row, half);
  for (const { value } of db.getRange({ start, end: halfKey(row, half + 1) })) {
    yield value.toString().split('\0');
  }
}

/** Adds what is to be written to `puts`; returns by how many members the half grows. `changes` are ordered by name. */
export function rewriteChunks(
  db: Db,
  { row, half }: { readonly row: Bytes; readonly half: Half },
  changes: readonly ChunkChange[],
  puts: Put[],
): number {
  let added = 0;
  for (let at = 0; at < changes.length; ) {
    const chunk = chunkFor(db, row, half, changes[at]?.name ?? '');
    const before = chunk.members.size;
    for (let change = changes[at]; change && isWithin(chunk, change.name); change = changes[++at]) {
      if (change.payload === undefined) chunk.members.delete(change.name);
      else chunk.members.set(change.name, change.payload);
    }
    added += chunk.members.size - before;
    writeChunk(db, halfKey(row, half), chunk, puts);
  }
  return added;
}

interface Chunk {
  readonly key: Bytes;
  /** Undefined where there is none yet. */
  readonly value: Buffer | undefined;
  /** The name at which the next chunk begins. */
  readonly next: Bytes | undefined;
  readonly members: Members;
}

/** The chunk that has, or would have, this member. */
function chunkFor(db: Db, row: Bytes, half: Half, name: Bytes): Chunk {
  const first = halfKey(row, half);
  const before = { start: `${first}${name}`, end: halfKey(row, half - 1), reverse: true, limit: 1 };
  const [found] = [...db.getRange(before)].map(({ key, value }) => ({ key, value: Buffer.from(value) }));
  const key = found?.key.startsWith(first) ? found.key : first;
  const value = key === found?.key ? found.value : undefined;
  const [next] = [...db.getKeys({ start: `${key}\0`, end: halfKey(row, half + 1), limit: 1 })];
  return { key, value, next: next?.slice(first.length), members: membersOf(value) };
}

function isWithin({ next }: Chunk, name: Bytes): boolean {
  return next === undefined || name < next;
}

function membersOf(value: Buffer | undefined): Members {
  const members: Members = new Map();
  const texts = value?.toString('latin1').split('\0') ?? [];
  for (let i = 0; i + 1 < texts.length; i += 2) members.set(texts[i] ?? '', texts[i + 1] ?? '');
  return members;
}

/** A chunk that has grown too large is cut; the first piece keeps its key. */
function writeChunk(db: Db, prefix: Bytes, { key, value, members }: Chunk, puts: Put[]): void {
  const pieces = piecesOf(members);
  if (pieces.length === 0 && value !== undefined) puts.push({ db, key, value: undefined });
  pieces.forEach(({ name, text }, index) => {
    const bytes = Buffer.from(text, 'latin1');
    if (value?.equals(bytes)) return;
    puts.push({ db, key: index === 0 ? key : `${prefix}${name}`, value: bytes });
  });
}

interface Piece {
  readonly name: Bytes;
  text: Bytes;
}

function piecesOf(members: Members): Piece[] {
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = sorted.map(([name, payload]) => ({ name, text: `${name}\0${payload}\0` }));
  const size = texts.reduce((sum, { text }) => sum + text.length, 0);
  const limit = size > CHUNK_BYTES ? PIECE_BYTES : CHUNK_BYTES;
  const pieces: Piece[] = [];
  for (const { name, text } of texts) {
    const last = pieces.at(-1);
    if (last && last.text.length + text.length <= limit) last.text += text;
    else pieces.push({ name, text });
  }
  return pieces;
}

function halfKey(row: Bytes, half: number): Bytes {
  return `${row}${String.fromCharCode(half)}`;
}
