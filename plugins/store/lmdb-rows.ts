/** Reads rows: the few members that stand in the row itself, and those that have keys of their own. */
import { chunkTexts } from './lmdb-chunks.ts';
import type { Db, Snapshot } from './lmdb-db.ts';
import { type Bytes, type Half, isOverlong, newKeyParts, prefixOf, textOf } from './lmdb-key.ts';
import {
  countOf,
  findInline,
  inlineMembers,
  inlineTexts,
  isSpilled,
  MAX_ROW_BYTES,
  type Member,
} from './lmdb-row.ts';

const NOBODY: readonly Member[] = Object.freeze([]);

/** Rows of either index. Remembers the last one read, since a check asks the same row two or three times. */
export class Rows {
  readonly #db: Db;
  readonly #parts = newKeyParts();
  readonly #row = Buffer.alloc(MAX_ROW_BYTES);
  readonly #name = Buffer.alloc(2048);
  #found = false;
  #store = 0;
  #whole = '';
  #relation = '';
  #type = '';

  constructor(db: Db) {
    this.#db = db;
  }

  /** Must be called when the snapshot may have moved on. Store numbers begin at 1. */
  forget(): void {
    this.#store = 0;
  }

  /** Moves to the row of `object#relation`. False when there is none. */
  ofObject(store: number, object: string, relation: string): boolean {
    if (this.#isAt(store, object, relation, '')) return this.#found;
    const colon = object.indexOf(':');
    const parts = this.#parts;
    parts.firstEnd = colon;
    parts.last = object;
    parts.lastStart = colon + 1;
    return this.#load(store, object, relation, '');
  }

  /** Moves to the row of `user` and `relation` on objects of `type`. False when there is none. */
  ofUser(store: number, user: string, relation: string, type: string): boolean {
    if (this.#isAt(store, user, relation, type)) return this.#found;
    const parts = this.#parts;
    parts.firstEnd = user.length;
    parts.last = type;
    parts.lastStart = 0;
    return this.#load(store, user, relation, type);
  }

  /** The payload of a member of the present row, or undefined. */
  find(half: Half, name: string): string | undefined {
    if (!isSpilled(this.#row, half)) {
      return findInline(this.#row, half, this.#name, writeName(this.#name, name));
    }
    this.#parts.half = half;
    this.#parts.name = name;
    return this.#db.getBinaryFast(this.#parts)?.toString();
  }

  /** The members of the present row, ordered by name. For the index by object. */
  members(half: Half): Iterable<Member> {
    if (countOf(this.#row, half) === 0) return NOBODY;
    if (!isSpilled(this.#row, half)) return inlineMembers(this.#row, half);
    const { first, firstEnd, last, lastStart } = this.#parts;
    const prefix = prefixOf(this.#store, first.slice(0, firstEnd), this.#relation, last.slice(lastStart));
    return spilledMembers(this.#db, prefix, half);
  }

  /** The members of the present row as names and payloads in turn, in pieces. For the index by user. */
  texts(half: Half): Iterable<readonly string[]> {
    if (countOf(this.#row, half) === 0) return [];
    if (!isSpilled(this.#row, half)) return [inlineTexts(this.#row, half)];
    const { first, firstEnd, last, lastStart } = this.#parts;
    const prefix = prefixOf(this.#store, first.slice(0, firstEnd), this.#relation, last.slice(lastStart));
    return chunkTexts(this.#db, prefix, half);
  }

  #isAt(store: number, whole: string, relation: string, type: string): boolean {
    return (
      whole === this.#whole && relation === this.#relation && type === this.#type && store === this.#store
    );
  }

  #load(store: number, whole: string, relation: string, type: string): boolean {
    const parts = this.#parts;
    parts.store = this.#store = store;
    parts.first = this.#whole = whole;
    parts.relation = this.#relation = relation;
    parts.lastEnd = parts.last.length;
    parts.half = 0;
    this.#type = type;
    const value = isOverlong(whole, relation, type) ? undefined : this.#db.getBinaryFast(parts);
    this.#found = value !== undefined;
    value?.copy(this.#row, 0, 0, value.length);
    return this.#found;
  }
}

/** The members of a spilled half, ordered by name, read as they are asked for. */
export function* spilledMembers(
  db: Db,
  rowKey: Bytes,
  half: Half,
  transaction?: Snapshot,
): Generator<Member> {
  const start = `${rowKey}${String.fromCharCode(half)}`;
  const end = `${rowKey}${String.fromCharCode(half + 1)}`;
  const range = transaction === undefined ? { start, end } : { start, end, transaction };
  for (const { key, value } of db.getRange(range)) {
    yield { name: textOf(key.slice(start.length)), payload: value.toString() };
  }
}

function writeName(target: Buffer, name: string): number {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 127) return target.write(name, 0);
    target[i] = code;
  }
  return name.length;
}
