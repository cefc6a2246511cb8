/** Reads a unary gRPC request, bounded. What is too large to be read goes on as a stream. */
import type { ServerHttp2Stream } from 'node:http2';
import { gunzipSync } from 'node:zlib';
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
export function messageOf(body: ReadSoFar): Buffer | undefined {
  return payloadOf(body, PLAIN);
}

/** The message of a request that is exactly one, compressed, where that can be undone here and comes to no more than `limit`. */
export function unpackedOf(body: ReadSoFar, encoding: unknown, limit: number): Buffer | undefined {
  const packed = encoding === 'gzip' ? payloadOf(body, COMPRESSED) : undefined;
  try {
    return packed && gunzipSync(packed, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}

/** The first bytes of a plain message of which the rest is still to come. */
export function frontOf({ chunks, whole }: ReadSoFar, length: number): Buffer | undefined {
  const bytes = Buffer.concat(chunks, FRAME_BYTES + length);
  return whole || bytes[0] !== PLAIN ? undefined : bytes.subarray(FRAME_BYTES);
}

const PLAIN = 0;
const COMPRESSED = 1;

function payloadOf({ chunks, whole }: ReadSoFar, flag: number): Buffer | undefined {
  if (!whole) return undefined;
  const [only] = chunks;
  const bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  if (bytes.length < FRAME_BYTES || bytes[0] !== flag) return undefined;
  return bytes.readUInt32BE(1) === bytes.length - FRAME_BYTES ? bytes.subarray(FRAME_BYTES) : undefined;
}
