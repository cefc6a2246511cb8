/**
 * The bytes of a snapshot: frames of `kind (1) size (4) body`, packed one by one so that neither writing nor reading
 * blocks for long or needs the whole in memory.
 *
 *     h  what it is, as JSON: compared with what its place says, so that bytes under another name are refused
 *     m  a model, t  a list of tuples: gzipped JSON
 *     e  the end: how many of each came before, and the SHA-256 of all bytes before this frame
 */
import { createHash, type Hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { AuthorizationModel } from '../fga/model.ts';
import type { JsonObject, Tuple } from '../fga/tuple.ts';
import { infoText, type SnapshotInfo } from '../plugin/snapshots.ts';

/** Not what was written: never used, whoever is to blame. */
export class SnapshotCorruptError extends Error {
  constructor(name: string, why: string) {
    super(`the snapshot ${name} is corrupt: ${why}`);
    this.name = 'SnapshotCorruptError';
  }
}

export type SnapshotPiece = { readonly model: AuthorizationModel } | { readonly tuples: readonly Tuple[] };

/** Parsed in a few milliseconds. */
const TUPLES_PER_FRAME = 2_000;
const HEADER_BYTES = 5;
/** 2 000 tuples with the largest allowed context each are 64 MiB; a size beyond is no size. */
const MAX_FRAME_BYTES = 128 * 1024 * 1024;
const FAST = { level: 1 };

const zip = promisify<Buffer, typeof FAST, Buffer>(gzip);
const unzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

export interface SnapshotContent {
  readonly models: readonly AuthorizationModel[];
  readonly tuples: Iterable<Tuple>;
}

export async function* snapshotBytes(
  info: SnapshotInfo,
  { models, tuples }: SnapshotContent,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const told = (bytes: Buffer) => {
    hash.update(bytes);
    return bytes;
  };
  let count = 0;
  yield told(frame('h', Buffer.from(infoText(info))));
  for (const model of models) yield told(frame('m', await zip(Buffer.from(JSON.stringify(model)), FAST)));
  for (const some of inFrames(tuples)) {
    count += some.length;
    yield told(frame('t', await zip(Buffer.from(JSON.stringify(some.map(toRow))), FAST)));
  }
  const end = { models: models.length, tuples: count, sha256: hash.digest('hex') };
  yield frame('e', Buffer.from(JSON.stringify(end)));
}

/** Throws a SnapshotCorruptError. What was yielded before counts only once the last piece has come. */
export async function* snapshotPieces(
  info: SnapshotInfo,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<SnapshotPiece> {
  const hash = createHash('sha256');
  const seen = { models: 0, tuples: 0 };
  let ended = false;
  for await (const { kind, body, whole } of framesOf(info.name, bytes)) {
    if (ended) throw new SnapshotCorruptError(info.name, 'something follows its end');
    if (kind === 'e') ended = endsWell(info.name, body, seen, hash);
    else hash.update(whole);
    if (kind === 'h') sameInfo(info, body);
    else if (kind !== 'e') {
      const piece = await pieceOf(info.name, kind, body);
      if ('model' in piece) seen.models += 1;
      else seen.tuples += piece.tuples.length;
      yield piece;
    }
  }
  if (!ended) throw new SnapshotCorruptError(info.name, 'it has no end');
}

function* inFrames(tuples: Iterable<Tuple>): Generator<readonly Tuple[]> {
  let some: Tuple[] = [];
  for (const tuple of tuples) {
    some.push(tuple);
    if (some.length < TUPLES_PER_FRAME) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

function frame(kind: string, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(kind, 0, 'latin1');
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
}

interface Frame {
  readonly kind: string;
  readonly body: Buffer;
  readonly whole: Buffer;
}

async function* framesOf(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held: Buffer[] = [];
  let size = 0;
  let needed = HEADER_BYTES;
  for await (const piece of bytes) {
    held.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    size += piece.byteLength;
    if (size < needed) continue;
    let rest = Buffer.concat(held);
    for (;;) {
      needed = rest.length < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + rest.readUInt32BE(1);
      if (needed > MAX_FRAME_BYTES) throw new SnapshotCorruptError(name, `a frame of ${needed} bytes`);
      if (rest.length < needed || needed === HEADER_BYTES) break;
      const whole = rest.subarray(0, needed);
      yield { kind: whole.toString('latin1', 0, 1), body: whole.subarray(HEADER_BYTES), whole };
      rest = rest.subarray(needed);
    }
    held = [rest];
    size = rest.length;
  }
  if (size > 0) throw new SnapshotCorruptError(name, `${size} bytes are left over`);
}

function sameInfo(info: SnapshotInfo, body: Buffer): void {
  if (body.equals(Buffer.from(infoText(info)))) return;
  throw new SnapshotCorruptError(info.name, 'it holds something else than its place says');
}

function endsWell(
  name: string,
  body: Buffer,
  seen: { readonly models: number; readonly tuples: number },
  hash: Hash,
): boolean {
  const told = JSON.stringify({ ...seen, sha256: hash.digest('hex') });
  if (body.toString() !== told) throw new SnapshotCorruptError(name, 'its checksum does not fit');
  return true;
}

async function pieceOf(name: string, kind: string, body: Buffer): Promise<SnapshotPiece> {
  try {
    const text = (await unzip(body, { maxOutputLength: MAX_FRAME_BYTES })).toString();
    // The wire's word: the checksum at the end says whether a sidecar wrote it.
    if (kind === 'm') return { model: JSON.parse(text) as AuthorizationModel };
    if (kind === 't') return { tuples: (JSON.parse(text) as Row[]).map(toTuple) };
  } catch (error) {
    throw new SnapshotCorruptError(name, String(error));
  }
  throw new SnapshotCorruptError(name, `a frame of the unknown kind ${JSON.stringify(kind)}`);
}

/** Without names: half the bytes. */
type Row = readonly [
  object: string,
  relation: string,
  user: string,
  condition?: string,
  context?: JsonObject,
];

function toRow({ object, relation, user, condition }: Tuple): Row {
  if (!condition) return [object, relation, user];
  const { name, context } = condition;
  return context ? [object, relation, user, name, context] : [object, relation, user, name];
}

function toTuple([object, relation, user, name, context]: Row): Tuple {
  if (name === undefined) return { object, relation, user };
  return { object, relation, user, condition: context ? { name, context } : { name } };
}
