/** Reads a unary gRPC request, bounded. What is too large to be read goes on as a stream. */
import type { ServerHttp2Stream } from 'node:http2';
import { constants, gunzipSync } from 'node:zlib';
import type { ReadSoFar } from '../upstream/grpc-call.ts';
import { keepsFor } from '../upstream/grpc-stream.ts';

const FRAME_BYTES = 5;
/** So many pieces are made one: a request that comes byte by byte would cost a hundred times its size. */
const PIECES = 256;

/**
 * Calls `done` once, from the event loop. When the client leaves in the middle it is not called: nothing was begun.
 * The listener ends a call whose request does not end in time.
 */
export function readRequest(stream: ServerHttp2Stream, limit: number, done: (body: ReadSoFar) => void): void {
  const packed: Buffer[] = [];
  let chunks: Buffer[] = [];
  let size = 0;
  keepsFor(stream, () => size);
  const finish = (whole: boolean) => {
    stream.off('data', onData);
    stream.off('end', onEnd);
    done({ chunks: packed.length === 0 ? chunks : [...packed, ...chunks], whole });
  };
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (chunks.length === PIECES) {
      packed.push(Buffer.concat(chunks));
      chunks = [];
    }
    if (size <= limit + FRAME_BYTES) return;
    stream.pause();
    finish(false);
  };
  const onEnd = () => finish(true);
  stream.on('data', onData);
  stream.on('end', onEnd);
}

/** The message of a request that is exactly one, uncompressed. */
export function messageOf({ chunks, whole }: ReadSoFar): Buffer | undefined {
  if (!whole) return undefined;
  const [only] = chunks;
  const bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  if (bytes.length < FRAME_BYTES || bytes[0] !== PLAIN) return undefined;
  return bytes.readUInt32BE(1) === bytes.length - FRAME_BYTES ? bytes.subarray(FRAME_BYTES) : undefined;
}

const PLAIN = 0;
const COMPRESSED = 1;
/** As much of a message is looked at; packed, it comes to a thousand times that at most. */
const FRONT_BYTES = 256;

/** The first bytes of a message that is compressed, or still to come; undefined where they cannot be told. */
export function frontOf({ chunks }: ReadSoFar, encoding: unknown): Buffer | undefined {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  const bytes = Buffer.concat(chunks, Math.min(size, FRAME_BYTES + FRONT_BYTES));
  const front = bytes.subarray(FRAME_BYTES);
  if (bytes[0] === PLAIN) return front;
  return bytes[0] === COMPRESSED && encoding === 'gzip' ? unpacked(front) : undefined;
}

function unpacked(front: Buffer): Buffer | undefined {
  try {
    return gunzipSync(front, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}
