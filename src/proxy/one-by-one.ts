/**
 * The requests of one connection, one after the other, as upstream takes them: a client that sends two Writes without
 * waiting gets them committed in its order. Node would begin all of them at once, as many as a client cares to send.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PIPELINED, PIPELINED_IN_ALL } from '../plugin/limits.ts';

export const ANSWER = Symbol('the newest answer');
export const TURN = Symbol('the request that is handled');
const WAITING = Symbol('requests that wait');
const WEIGHT = Symbol('what they weigh');
export type Connection = Socket & {
  [ANSWER]?: ServerResponse<IncomingMessage>;
  [TURN]?: { readonly res: ServerResponse<IncomingMessage>; readonly sinceMs: number };
  [WAITING]?: number;
  [WEIGHT]?: number;
};

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** A request is handled once the one before it has its answer. Too many that wait, or too large: the connection is cut. */
export function createQueue(handler: Handler, most = PIPELINED_IN_ALL): Handler {
  let inAll = 0;

  function count(socket: Connection, requests: number, weight: number): void {
    inAll += weight;
    socket[WAITING] = (socket[WAITING] ?? 0) + requests;
    socket[WEIGHT] = (socket[WEIGHT] ?? 0) + weight;
  }

  function wait(before: ServerResponse, req: IncomingMessage, res: ServerResponse): void {
    const socket = req.socket as Connection;
    const { [WAITING]: waiting = 0 } = socket;
    const weight = weightOf(req);
    if (waiting >= PIPELINED || inAll + weight > most) {
      socket.destroy();
      return;
    }
    // Of answers that wait node tells nothing when their connection is lost.
    if (socket[WAITING] === undefined) socket.once('close', () => count(socket, 0, -(socket[WEIGHT] ?? 0)));
    count(socket, 1, weight);
    before.once('close', () => {
      if (socket.destroyed) return;
      count(socket, -1, -weight);
      if (goesOn(before, socket)) begin(socket, req, res);
    });
  }

  function begin(socket: Connection, req: IncomingMessage, res: ServerResponse): void {
    socket[TURN] = { res, sinceMs: performance.now() };
    handler(req, res);
  }

  return (req, res) => {
    const socket = req.socket as Connection;
    const before = socket[ANSWER];
    socket[ANSWER] = res;
    if (before === undefined) begin(socket, req, res);
    else if (!isOut(before)) wait(before, req, res);
    else if (goesOn(before, socket)) begin(socket, req, res);
  };
}

/** What node reads of a body that nobody takes yet: a stream's high-water mark. */
const READ_AHEAD_BYTES = 65_536;
/** Of a request without a body, with its two streams. */
const REQUEST_BYTES = 4_096;

/** 1 for a request whose body is short. */
function weightOf({ headers }: IncomingMessage): number {
  const length = headers['transfer-encoding'] ? READ_AHEAD_BYTES : Number(headers['content-length'] ?? 0);
  return 1 + Math.floor(Math.min(length, READ_AHEAD_BYTES) / REQUEST_BYTES);
}

export function isUnderWay({ [ANSWER]: answer }: Connection): boolean {
  return answer !== undefined && !isOut(answer);
}

function isOut(answer: ServerResponse): boolean {
  return answer.writableFinished || answer.closed;
}

/** What follows the last answer of a connection is no request any more. */
function goesOn(before: ServerResponse, socket: Socket): boolean {
  return before.shouldKeepAlive && !socket.destroyed;
}
