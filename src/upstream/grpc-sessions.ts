/**
 * The HTTP/2 sessions towards one gRPC server: opened when needed, shared by many calls, left when they are closing.
 * A session carries as many calls as the server allows; beyond a hundred another one takes its share.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { CONNECT_TIMEOUT_MS, IDLE_TIMEOUT_MS } from './forward.ts';
import { tell, type UpstreamTls, watchSocket } from './tls.ts';

export interface GrpcServer {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Undefined: clear text. */
  readonly tls?: UpstreamTls;
  readonly connectTimeoutMs?: number;
}

/** Calls on one session before another is opened: each is one loop at the server, and one flow-control window. */
const CALLS_PER_SESSION = 100;
const MAX_SESSIONS = 32;
/**
 * What a client has sent is sent on: a name twice where HTTP knows one value (node's types do not know the option), and a head
 * as large as may come in (`limits.header_bytes`, at most 1 MiB) and more.
 */
const AS_RECEIVED = { strictSingleValueFields: false, maxSendHeaderBlockLength: 2_097_152 };
/** Of a stream and of a session: gRPC's 64 KiB would stall answers at each round trip. */
const WINDOW_BYTES = 1_048_576;
const KEEP_ALIVE_MS = 30_000;

export interface OpenCall {
  readonly stream: ClientHttp2Stream;
  /** True once the session was established: from then on bytes of the call may have been sent. */
  sent(): boolean;
  /** The session is gone, not only this call. */
  lost(): boolean;
  /** The server did not answer in time: later calls take another session. */
  suspect(): void;
}

interface Session {
  readonly http2: ClientHttp2Session;
  connected: boolean;
  calls: number;
  /** What it was made with; undefined: clear text. */
  readonly tls: ConnectionOptions | undefined;
}

export class GrpcSessions {
  readonly #server: GrpcServer;
  #open: Session[] = [];

  constructor(server: GrpcServer) {
    this.#server = server;
  }

  /** Throws when these headers cannot be sent. */
  call(headers: OutgoingHttpHeaders): OpenCall {
    const session = this.#take();
    const stream = session.http2.request(headers);
    session.calls++;
    stream.once('close', () => {
      session.calls--;
    });
    return {
      stream,
      sent: () => session.connected,
      lost: () => session.http2.destroyed,
      suspect: () => this.#leave(session),
    };
  }

  /** Resolves once the calls under way have ended. */
  async close(): Promise<void> {
    await Promise.all(
      this.#open.map(
        ({ http2 }) =>
          new Promise<void>((resolve) => {
            if (http2.destroyed) return resolve();
            http2.close(resolve);
          }),
      ),
    );
  }

  #take(): Session {
    let best: Session | undefined;
    const tls = this.#server.tls?.options();
    for (const session of this.#open) {
      if (session.http2.closed || session.http2.destroyed) continue;
      // One that always has calls would keep old certificates for ever.
      if (session.tls !== tls) {
        this.#leave(session);
        continue;
      }
      if (best === undefined || session.calls < best.calls) best = session;
    }
    if (best !== undefined && (best.calls < room(best) || this.#open.length >= MAX_SESSIONS)) return best;
    const session = this.#connect(tls);
    this.#open.push(session);
    return session;
  }

  #connect(options: ConnectionOptions | undefined): Session {
    const { host, port, tls } = this.#server;
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const http2 = connect(`${tls ? 'https' : 'http'}://${authority}`, {
      ...options,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      ...AS_RECEIVED,
    });
    const session: Session = { http2, connected: false, calls: 0, tls: options };
    const late = setTimeout(
      () => http2.destroy(new Error('connecting took too long')),
      this.#server.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    );
    http2.once('connect', (_http2, socket) => {
      clearTimeout(late);
      session.connected = true;
      http2.setLocalWindowSize(WINDOW_BYTES);
      if (socket instanceof Socket) socket.setKeepAlive(true, KEEP_ALIVE_MS);
      if (tls) watchSocket(socket, tls);
    });
    // Each call hears of it by the end of its own stream.
    http2.on('error', (error: Error) => {
      if (tls) tell(tls, error);
      this.#forget(session);
    });
    http2.once('goaway', () => this.#forget(session));
    http2.once('close', () => {
      clearTimeout(late);
      this.#forget(session);
    });
    http2.setTimeout(IDLE_TIMEOUT_MS, () => session.calls === 0 && http2.close());
    return session;
  }

  #leave(session: Session): void {
    this.#forget(session);
    if (!session.http2.destroyed) session.http2.close();
  }

  #forget(session: Session): void {
    this.#open = this.#open.filter((other) => other !== session);
  }
}

function room({ http2 }: Session): number {
  const allowed = http2.remoteSettings?.maxConcurrentStreams ?? CALLS_PER_SESSION;
  return Math.min(CALLS_PER_SESSION, allowed);
}

/** How a call is given up: the server's context is cancelled. */
export const CANCEL = constants.NGHTTP2_CANCEL;
