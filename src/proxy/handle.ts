/** The hall of the request street: where each request goes. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { FgaError } from '../fga/error.ts';
import { MAX_REQUEST_BYTES } from '../fga/limits.ts';
import { HELD_BYTES } from '../plugin/limits.ts';
import type { Forwarder } from '../upstream/forward.ts';
import type { RequestBody } from '../upstream/forward-call.ts';
import { FORWARDED, sendOwnError } from './answer.ts';
import { bytesOf, createRoom, type ReadBody, type Reading, type Room, readBody } from './body.ts';
import { captureWrite } from './capture-call.ts';
import { httpWriteCall } from './capture-http.ts';
import { gated } from './gate.ts';
import { routeOf, storeIn } from './routes.ts';
import { serve } from './serve.ts';
import { HttpQueryCall } from './serve-http.ts';
import type { Street } from './street.ts';
import { isStrongRead } from './strong.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

export function openStreet(street: Street): Handler {
  const room = createRoom(street.heldBytes ?? HELD_BYTES);
  const open: Handler = (req, res) => handle(req, res, { street, room });
  const { gate } = street.callers;
  return gate === undefined ? open : gated(open, gate);
}

interface Hall {
  readonly street: Street;
  readonly room: Room;
}

function handle(req: IncomingMessage, res: ServerResponse, { street, room }: Hall): void {
  const startedAt = performance.now();
  const read = (done: (body: ReadBody) => void) => readBody(reading(req, res, { street, room }), done);
  const route = routeOf(req.method ?? '', req.url ?? '');
  switch (route.kind) {
    case 'query':
      read((body) => serve(new HttpQueryCall({ street, req, res, ...route, body, startedAt })));
      break;
    case 'write':
    case 'write-model':
      read((body) => {
        const done = captureWrite(httpWriteCall({ street, req, res, ...route, body, startedAt }));
        if ('whole' in body) res.once('close', () => keepUntil(done, room, body.whole.length));
      });
      break;
    case 'read':
      if (street.replica) read((body) => readOnce({ street, req, res, startedAt }, route.storeId, body));
      else pass(street.upstream, { street, req, res, startedAt });
      break;
    case 'forward': {
      const primary = route.primary || seesPrimary(street, req, storeIn(req.url ?? ''));
      pass(primary ? street.primary : street.upstream, { street, req, res, startedAt });
    }
  }
}

/** A Write is seen through when its client has left, and its bytes are kept so long. */
function keepUntil(done: Promise<void>, room: Room, bytes: number): void {
  if (room.take(bytes)) void done.then(() => room.give(bytes));
}

const NO_ROOM = new FgaError(
  'resource_exhausted',
  'this sidecar holds as many bytes of requests as it may; try again',
);

function reading(req: IncomingMessage, res: ServerResponse, { street, room }: Hall): Reading {
  return {
    req,
    res,
    limit: street.requestBytes ?? MAX_REQUEST_BYTES,
    room,
    refused() {
      street.events.shed(undefined, 'bytes');
      res.shouldKeepAlive = false;
      sendOwnError(res, NO_ROOM);
    },
  };
}

interface Passing {
  readonly street: Street;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly startedAt: number;
  readonly body?: RequestBody;
}

/** A Read behind a replica: to the primary where it has to see what was just written. */
function readOnce(passing: Passing, storeId: string, body: ReadBody): void {
  const { street, req } = passing;
  const primary = isStrongRead(body) || seesPrimary(street, req, storeId);
  pass(primary ? street.primary : street.upstream, { ...passing, body: bytesOf(body) });
}

/** Behind a replica: it names a revision, or a store of which a Write has just passed through here. */
function seesPrimary(
  { replica, wroteLately }: Street,
  { headers }: IncomingMessage,
  storeId: string | undefined,
): boolean {
  if (!replica) return false;
  if (headers['rsfga-min-revision'] !== undefined) return true;
  return storeId !== undefined && (wroteLately?.(storeId) ?? false);
}

/** Untouched, both ways. */
function pass(forwarder: Forwarder, { street, req, res, startedAt, body }: Passing): void {
  forwarder.relay({
    req,
    res,
    ...(body === undefined ? {} : { body }),
    added: FORWARDED,
    done: () => street.events.forwarded(undefined, (performance.now() - startedAt) / 1000),
    failed: ({ fault, error }) => {
      street.events.forwardFailed(fault);
      if (!res.headersSent) sendOwnError(res, error);
    },
  });
}
