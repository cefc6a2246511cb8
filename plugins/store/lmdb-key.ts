/**
 * Keys of the LMDB indexes, in an encoding that keeps the order of UTF-8 (which is code-point order):
 *
 *     row     store(4) first NUL relation NUL last NUL
 *     member  store(4) first NUL relation NUL last NUL half name
 *
 * Two indexes use it. By object: first = type, last = id, name = user. By user: first = user, last = type, name = id.
 * NUL separates because no part may hold one: control characters are refused upstream, and by `assertStorable` here.
 *
 * OpenFGA allows 256 characters (1024 bytes) of object, 50 (200 bytes) of relation and 512 bytes of user: with the rest
 * 1744 bytes, under LMDB's 1978. So nothing has to be hashed or cut.
 */
import type { TupleKey } from '../../src/fga/tuple.ts';

export const MAX_KEY_BYTES = 1978;
const SEPARATORS = 4 + 3 + 1;

/** A userset as a user sorts before a plain user or wildcard, so that a scan can stop between them. */
export const USERSETS = 1;
export const PLAIN = 2;
export type Half = typeof USERSETS | typeof PLAIN;

/**
 * Bytes as a string, one character (0-255) for each. Such strings compare as the bytes do and serve as Map keys. For
 * ASCII it is the text itself.
 */
export type Bytes = string;

/** A key by its parts, written without building a string first: this is the hot path. Reused between reads. */
export interface KeyParts {
  store: number;
  /** The parts are slices of these: `first` from its start to `firstEnd`, `last` from `lastStart` to `lastEnd`. */
  first: string;
  firstEnd: number;
  relation: string;
  last: string;
  lastStart: number;
  lastEnd: number;
  /** 0: the row itself. */
  half: Half | 0;
  name: string;
}

export const newKeyParts = (): KeyParts => ({
  store: 0,
  first: '',
  firstEnd: 0,
  relation: '',
  last: '',
  lastStart: 0,
  lastEnd: 0,
  half: 0,
  name: '',
});

/** For lmdb's `keyEncoder`: writes parts or bytes, reads bytes. */
export const keyEncoder = {
  writeKey(key: KeyParts | Bytes, target: Buffer, start: number): number {
    if (typeof key === 'string') return start + target.write(key, start, 'latin1');
    target.writeUInt32BE(key.store, start);
    let at = writeText(target, start + 4, key.first, 0, key.firstEnd);
    target[at++] = 0;
    at = writeText(target, at, key.relation, 0, key.relation.length);
    target[at++] = 0;
    at = writeText(target, at, key.last, key.lastStart, key.lastEnd);
    target[at++] = 0;
    if (key.half === 0) return at;
    target[at++] = key.half;
    return writeText(target, at, key.name, 0, key.name.length);
  },
  readKey(target: Buffer, start: number, end: number): Bytes {
    return target.toString('latin1', start, end);
  },
};

/** Whether the parts may be beyond `MAX_KEY_BYTES`; such a key is in no store. One UTF-16 unit is at most three bytes. */
export function isOverlong(a: string, b: string, c: string): boolean {
  if (a.length + b.length + c.length < (MAX_KEY_BYTES - SEPARATORS) / 3) return false;
  const size = Buffer.byteLength(a) + Buffer.byteLength(b) + Buffer.byteLength(c);
  return size + SEPARATORS > MAX_KEY_BYTES;
}

/** Throws for what no OpenFGA server can hold and this encoding cannot tell apart. */
export function assertStorable(key: TupleKey): void {
  const { object, relation, user } = key;
  const hasNul = object.includes('\0') || relation.includes('\0') || user.includes('\0');
  if (object.indexOf(':') > 0 && !hasNul && !isOverlong(object, relation, user)) return;
  throw new Error(`a tuple that no store can hold: ${JSON.stringify(key).slice(0, 300)}`);
}

export function storePrefix(store: number): Bytes {
  return String.fromCharCode(store >>> 24, (store >>> 16) & 255, (store >>> 8) & 255, store & 255);
}

/** `store first NUL relation NUL last NUL`, or as many of the parts as are given. */
export function prefixOf(store: number, ...parts: readonly string[]): Bytes {
  return `${storePrefix(store)}${parts.map((part) => `${bytesOf(part)}\0`).join('')}`;
}

/** The least key that is greater than every key with this prefix, which must not be all `\xff`. */
export function afterPrefix(prefix: Bytes): Bytes {
  const kept = prefix.replace(/\u00ff+$/, '');
  return `${kept.slice(0, -1)}${String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1)}`;
}

/** The parts after the store number: first, relation, last, and what follows them (`''` for a row). */
export function splitKey(key: Bytes): readonly [first: Bytes, relation: Bytes, last: Bytes, rest: Bytes] {
  const a = key.indexOf('\0', 4);
  const b = key.indexOf('\0', a + 1);
  const c = key.indexOf('\0', b + 1);
  return [key.slice(4, a), key.slice(a + 1, b), key.slice(b + 1, c), key.slice(c + 1)];
}

export function bytesOf(text: string): Bytes {
  return /[\u0080-\uffff]/.test(text) ? Buffer.from(text).toString('latin1') : text;
}

export function textOf(bytes: Bytes): string {
  return /[\u0080-\u00ff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

/** Returns where the text ends. Short ASCII is faster here than in a native call; the rest goes through one. */
function writeText(target: Buffer, at: number, text: string, from: number, to: number): number {
  let end = at;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return at + target.write(text.slice(from, to), at);
    target[end++] = code;
  }
  return end;
}
