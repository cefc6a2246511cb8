/** Reads a request's body for a decision, bounded. What is too large to be read goes on as a stream. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unread } from '../upstream/forward.ts';

export type ReadBody =
  | { readonly whole: Buffer }
  /** What was read, then the rest as it comes. */
  | { readonly streamed: AsyncIterable<Uint8Array> };

/** Room for the bodies that come in pieces, of all requests, from their first byte until they are answered. */
export interface Room {
  /** False: there is none left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createRoom(bytes: number): Room {
  let left = bytes;
  return {
    take(wanted) {
      if (wanted > left) return false;
      left -= wanted;
      return true;
    },
    give(back) {
      left += back;
    },
  };
}

export interface Reading {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** A longer body is streamed. */
  readonly limit: number;
  readonly room: Room;
  /** There is no room: the rest of the body is not read, so the connection has to end. */
  refused(): void;
}

/**
 * Calls `done` once, from the event loop, without a promise on the way: every served Check passes here. When the client
 * leaves in the middle it is not called: nothing was begun. The listener's request timeout bounds the reading.
 */
export function readBody({ req, res, limit, room, refused }: Reading, done: (body: ReadBody) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let taken = 0;
  const stop = () => {
    req.off('data', onData);
    req.off('end', onEnd);
    req.pause();
  };
  function hasRoom(chunk: Buffer): boolean {
    // A body that came in one piece waits for nobody to send the rest: it never lacks room.
    if (req.complete && size === 0) return true;
    if (!room.take(chunk.length)) return false;
    if (taken === 0) res.once('close', () => room.give(taken));
    taken += chunk.length;
    return true;
  }
  const onData = (chunk: Buffer) => {
    if (!hasRoom(chunk)) {
      stop();
      refused();
      return;
    }
    chunks.push(chunk);
    size += chunk.length;
    if (size <= limit) return;
    stop();
    done({ streamed: replay(chunks, req) });
  };
  const onEnd = () => {
    const only = chunks.length === 1 ? chunks[0] : undefined;
    done({ whole: only ?? Buffer.concat(chunks, size) });
  };
  req.on('data', onData);
  req.on('end', onEnd);
}

/** What to send on. */
export function bytesOf(body: ReadBody): Uint8Array | AsyncIterable<Uint8Array> {
  return 'whole' in body ? body.whole : body.streamed;
}

async function* replay(chunks: readonly Buffer[], req: IncomingMessage): AsyncGenerator<Uint8Array> {
  yield* chunks;
  yield* unread(req);
}
