/**
 * The value of a row: who is in it, as long as they are few. Most rows (one object's viewers, one user's documents) hold
 * a handful, so that one get answers the exact tuple, the usersets and the list. A half that grows past `INLINE_BYTES`
 * moves to keys of its own, one for each member, right behind the row; the row then holds only its count.
 *
 *     flags(1) usersets(4) plain(4) bytes of inline usersets(2) | inline usersets | inline plain
 *     member: size of name, top bit = has a payload (2) name [size of payload (4) payload]
 *
 * The payload is the tuple's condition as JSON.
 */
import { type Bytes, type Half, PLAIN, USERSETS } from './lmdb-key.ts';

export const INLINE_BYTES = 512;
const HEADER = 11;
const HAS_PAYLOAD = 0x8000;
/** No row is larger: two inline halves. */
export const MAX_ROW_BYTES = HEADER + 2 * INLINE_BYTES;

/** Payloads by name. `''`: no payload. */
export type Members = Map<Bytes, Bytes>;

/** One half while the row is rewritten. */
export interface RowHalf {
  count: number;
  /** Undefined when spilled. */
  members: Members | undefined;
}

export type Row = Readonly<Record<Half, RowHalf>>;

export interface Member {
  readonly name: string;
  /** JSON, or `''`. */
  readonly payload: string;
}

export function isSpilled(row: Buffer, half: Half): boolean {
  return ((row[0] ?? 0) & half) !== 0;
}

export function countOf(row: Buffer, half: Half): number {
  return row.readUInt32LE(half === USERSETS ? 1 : 5);
}

/** The payload of the inline member whose name is the first `size` bytes of `name`, or undefined. */
export function findInline(row: Buffer, half: Half, name: Buffer, size: number): string | undefined {
  let at = startOf(row, half);
  for (let left = countOf(row, half); left > 0; left--) {
    const head = row.readUInt16LE(at);
    const nameEnd = at + 2 + (head & ~HAS_PAYLOAD);
    if (nameEnd - at - 2 === size && startsWith(row, at + 2, name, size)) {
      return head & HAS_PAYLOAD ? row.toString('utf8', nameEnd + 4, payloadEnd(row, head, nameEnd)) : '';
    }
    at = payloadEnd(row, head, nameEnd);
  }
  return undefined;
}

/** The inline members of a half, in the order of names. */
export function inlineMembers(row: Buffer, half: Half, encoding: 'utf8' | 'latin1' = 'utf8'): Member[] {
  const members: Member[] = [];
  let at = startOf(row, half);
  for (let left = countOf(row, half); left > 0; left--) {
    const head = row.readUInt16LE(at);
    const nameEnd = at + 2 + (head & ~HAS_PAYLOAD);
    const end = payloadEnd(row, head, nameEnd);
    const payload = end === nameEnd ? '' : row.toString(encoding, nameEnd + 4, end);
    members.push({ name: row.toString(encoding, at + 2, nameEnd), payload });
    at = end;
  }
  return members;
}

/** The same as names and payloads in turn. */
export function inlineTexts(row: Buffer, half: Half): string[] {
  const texts: string[] = [];
  for (const { name, payload } of inlineMembers(row, half)) texts.push(name, payload);
  return texts;
}

export function decodeRow(row: Buffer | undefined): Row {
  return { [USERSETS]: decodeHalf(row, USERSETS), [PLAIN]: decodeHalf(row, PLAIN) };
}

/** Halves that have grown too large must be spilled before. Undefined for a row that holds nobody. */
export function encodeRow(row: Row): Buffer | undefined {
  if (row[USERSETS].count + row[PLAIN].count === 0) return undefined;
  const usersets = inlineBytes(row[USERSETS].members);
  const buffer = Buffer.allocUnsafe(HEADER + usersets + inlineBytes(row[PLAIN].members));
  buffer[0] = (row[USERSETS].members ? 0 : USERSETS) | (row[PLAIN].members ? 0 : PLAIN);
  buffer.writeUInt32LE(row[USERSETS].count, 1);
  buffer.writeUInt32LE(row[PLAIN].count, 5);
  buffer.writeUInt16LE(usersets, 9);
  const plainStart = writeMembers(buffer, HEADER, row[USERSETS].members);
  writeMembers(buffer, plainStart, row[PLAIN].members);
  return buffer;
}

export function inlineBytes(members: Members | undefined): number {
  let size = 0;
  for (const [name, payload] of members ?? []) {
    size += 2 + name.length + (payload === '' ? 0 : 4 + payload.length);
  }
  return size;
}

function startOf(row: Buffer, half: Half): number {
  return half === USERSETS ? HEADER : HEADER + row.readUInt16LE(9);
}

function payloadEnd(row: Buffer, head: number, nameEnd: number): number {
  return head & HAS_PAYLOAD ? nameEnd + 4 + row.readUInt32LE(nameEnd) : nameEnd;
}

function startsWith(row: Buffer, at: number, name: Buffer, size: number): boolean {
  for (let i = 0; i < size; i++) {
    if (row[at + i] !== name[i]) return false;
  }
  return true;
}

function decodeHalf(row: Buffer | undefined, half: Half): RowHalf {
  if (row === undefined) return { count: 0, members: new Map() };
  const count = countOf(row, half);
  if (isSpilled(row, half)) return { count, members: undefined };
  const members = inlineMembers(row, half, 'latin1').map(({ name, payload }) => [name, payload] as const);
  return { count, members: new Map(members) };
}

/** Sorted by name: byte strings compare as their bytes do. */
function writeMembers(buffer: Buffer, start: number, members: Members | undefined): number {
  let at = start;
  const sorted = [...(members ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, payload] of sorted) {
    at = buffer.writeUInt16LE(name.length | (payload === '' ? 0 : HAS_PAYLOAD), at);
    at += buffer.write(name, at, 'latin1');
    if (payload === '') continue;
    at = buffer.writeUInt32LE(payload.length, at);
    at += buffer.write(payload, at, 'latin1');
  }
  return at;
}
