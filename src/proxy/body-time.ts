/**
 * The time that a client has for the body of a request. Node would count it while the request waits for the answer before it,
 * which is none of its client's doing, and cut that answer off; here it begins with the request's turn.
 */
import { type Connection, TURN } from './one-by-one.ts';

export interface BodyTime {
  readonly open: ReadonlySet<Connection>;
  readonly limitMs: number;
  /** Between two looks. */
  readonly everyMs: number;
}

export function boundBodies({ open, limitMs, everyMs }: BodyTime): NodeJS.Timeout {
  const look = () => {
    const latest = performance.now() - limitMs;
    for (const socket of open) {
      const turn = socket[TURN];
      if (turn && turn.sinceMs < latest && !turn.res.req.complete) end(socket, turn.res.headersSent);
    }
  };
  return setInterval(look, everyMs).unref();
}

/** As node itself does for a head that takes too long. */
function end(socket: Connection, begun: boolean): void {
  if (!begun) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  socket.destroy();
}
