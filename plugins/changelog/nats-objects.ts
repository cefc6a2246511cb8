/**
 * Reading an Object Store without a consumer: by `DIRECT.GET` alone, which NATS can allow for one bucket. Whoever may make a
 * consumer may have a bucket's messages sent to any subject, also to one that he may not publish on: no right for a reader.
 */
import { createHash } from 'node:crypto';
import { JetStreamError, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { isNobody } from './nats-control.ts';

export interface Bucket {
  readonly jsm: JetStreamManager;
  readonly name: string;
  /** The server answers with many messages at once (2.11). */
  readonly batches: boolean;
}

/** What the client library writes about an object. */
export interface ObjectFacts {
  readonly name: string;
  /** Last word of the subject of its pieces. */
  readonly nuid: string;
  readonly digest: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Pieces have 128 KiB: 4 MiB on the way hide the round trip over a continent. */
const PIECES_AT_ONCE = 32;
const NAMES_AT_ONCE = 1_000;
/** Status codes: no message, no responders. */
const NOTHING: readonly number[] = [404, 503];

/** Every object; none when there is no such bucket. */
export async function objectsIn(bucket: Bucket): Promise<readonly ObjectFacts[]> {
  const found: ObjectFacts[] = [];
  for await (const message of messagesOn(bucket, `$O.${bucket.name}.M.>`, NAMES_AT_ONCE))
    found.push(...factsOf(message));
  return found;
}

/** Undefined when there is no such object. */
export async function objectNamed(bucket: Bucket, name: string): Promise<ObjectFacts | undefined> {
  const subject = `$O.${bucket.name}.M.${padded(Buffer.from(name).toString('base64url'))}`;
  let newest: StoredMsg | undefined;
  for await (const message of messagesOn(bucket, subject, 1)) newest = message;
  return newest && factsOf(newest)[0];
}

/** Its bytes. Throws at the end when they are not those that were written. */
export async function* piecesOf(bucket: Bucket, { nuid, digest }: ObjectFacts): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const { data } of messagesOn(bucket, `$O.${bucket.name}.C.${nuid}`, PIECES_AT_ONCE)) {
    hash.update(data);
    yield data;
  }
  const read = `SHA-256=${padded(hash.digest('base64url'))}`;
  if (read !== digest)
    throw new Error(`the object is corrupt: its digest is ${read}, and ${digest} was written`);
}

/** In the order of the stream. */
async function* messagesOn(bucket: Bucket, subject: string, atOnce: number): AsyncGenerator<StoredMsg> {
  // The first by itself: an answer to a single question also says that the question was not allowed.
  for (let [seq, count] = [1, 1]; ; count = atOnce) {
    const came = await someFrom(bucket, subject, seq, count).catch(nothing);
    yield* came;
    const last = came.at(-1);
    if (!last) return;
    seq = last.seq + 1;
  }
}

async function someFrom(
  { jsm, name, batches }: Bucket,
  subject: string,
  seq: number,
  count: number,
): Promise<readonly StoredMsg[]> {
  const stream = `OBJ_${name}`;
  const next = { seq, next_by_subj: subject };
  if (!batches || count === 1) return [(await jsm.direct.getMessage(stream, next)) ?? []].flat();
  const came: StoredMsg[] = [];
  for await (const message of await jsm.direct.getBatch(stream, { ...next, batch: count }))
    came.push(message);
  return came;
}

/** No more messages, or no bucket. */
function nothing(error: unknown): readonly StoredMsg[] {
  const code = error instanceof JetStreamError && 'code' in error ? Number(error.code) : 0;
  if (isNobody(error) || NOTHING.includes(code)) return [];
  throw error;
}

function factsOf(message: StoredMsg): readonly ObjectFacts[] {
  try {
    const { name, nuid, digest, metadata, deleted } =
      message.json<Partial<ObjectFacts & { deleted: boolean }>>();
    if (deleted || typeof name !== 'string' || typeof nuid !== 'string' || !/^\w+$/.test(nuid)) return [];
    return typeof digest === 'string' ? [{ name, nuid, digest, metadata: metadata ?? {} }] : [];
  } catch {
    // Whoever may write to the bucket can put anything there.
    return [];
  }
}

/** The library pads. */
function padded(base64: string): string {
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=');
}
