/** The gRPC listener: node's HTTP/2 server with its limits set, and an orderly end. */
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { HELD_BYTES, STREAMS } from '../plugin/limits.ts';
import { watchHandshakes } from '../tls/handshakes.ts';
import type { GrpcHandler } from './grpc.ts';
import { createGuard, guardRequest } from './grpc-guard.ts';
import { isUnary } from './grpc-routes.ts';
import { type ListenAddress, listenOn } from './listen.ts';
import { DEFAULT_LIMITS, DRAIN_MS, type ListenLimits } from './listen-http.ts';

/** Memory of one session, in MB: node's default is 10. Past it new streams are refused. */
const MAX_SESSION_MB = 16;
/** Flow-control window of a call: a whole request of OpenFGA's limit without a stop. */
const WINDOW_BYTES = 1_048_576;
/** Fields in one SETTINGS frame. HTTP/2 knows seven. */
const MAX_SETTINGS_ENTRIES = 32;
/** Calls that a client may cancel at once, and per second after it (CVE-2023-44487); nghttp2's own defaults. */
export const RESET_BURST = 1_000;
export const RESETS_PER_SECOND = 33;
/** Frames that make no sense before the session ends; empty DATA is one. */
export const MAX_INVALID_FRAMES = 100;

export interface GrpcLimits extends ListenLimits {
  /** Calls at once on one connection. */
  readonly streams: number;
  /** Half-read requests and untaken answers of all sessions; past it those that hold most are ended. */
  readonly heldBytes: number;
}

export interface GrpcListenerOptions {
  readonly address: ListenAddress;
  readonly handler: GrpcHandler;
  /** Certificates; absent: clear text with prior knowledge (h2c). */
  readonly tls?: TlsOptions;
  /** Told of each handshake that failed. */
  readonly refused?: (error: Error) => void;
  readonly limits?: Partial<GrpcLimits>;
  readonly keepAliveMs?: number;
  readonly keepAliveAnswerMs?: number;
  /** Half-read requests and untaken answers, of one session and of all. */
  readonly keptBytes?: { readonly session: number; readonly all: number };
  readonly drainMs?: number;
}

export interface GrpcListener {
  /** With the port that was taken. */
  readonly address: ListenAddress;
  /** New certificates, for connections from now on; only with `tls`. */
  renew(tls: SecureContextOptions): void;
  /** Takes no more calls, lets those under way end, then resolves. Never longer than the drain time. */
  close(): Promise<void>;
}

/** Throws a ListenError. */
export async function listenGrpc(options: GrpcListenerOptions): Promise<GrpcListener> {
  const limits = { ...DEFAULT_LIMITS, streams: STREAMS, heldBytes: HELD_BYTES, ...options.limits };
  const server = createListener(limits, options.tls);
  server.maxConnections = limits.connections;
  const handshakes = options.tls && watchHandshakes(server, options.refused);
  const guard = createGuard({ ...options, limits });
  server.on('session', (session) => {
    session.setLocalWindowSize(WINDOW_BYTES);
    guard.admit(session);
  });
  // A broken session has told its streams; the listener goes on.
  server.on('sessionError', () => undefined);
  // TLS without HTTP/2: a probe, mostly. Node would keep it for ten seconds, and the end of this listener would wait for it.
  server.on('unknownProtocol', (socket: Socket) => socket.destroy());
  server.on(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      guard.began(stream);
      guardRequest(stream, !isUnary(headers[':path']), limits);
      options.handler(stream, headers, raw);
    },
  );
  const address = await listenOn(server, 'grpc', options.address);
  return {
    address,
    renew: (tls) => 'setSecureContext' in server && server.setSecureContext(tls),
    close: async () => {
      handshakes?.end();
      await drain(server, guard.sessions, options.drainMs ?? DRAIN_MS);
      guard.stop();
    },
  };
}

function createListener(limits: GrpcLimits, tls: TlsOptions | undefined): Http2Server | Http2SecureServer {
  const options = {
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: WINDOW_BYTES,
    },
    maxHeaderListPairs: limits.headers,
    maxSessionMemory: MAX_SESSION_MB,
    maxSettings: MAX_SETTINGS_ENTRIES,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
    // What the upstream says is said again, a name twice too.
    strictSingleValueFields: false,
  };
  return tls ? createSecureServer({ ...options, ...tls }) : createServer(options);
}

function drain(
  server: Http2Server | Http2SecureServer,
  sessions: () => Iterable<Http2Session>,
  drainMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      for (const session of sessions()) session.destroy();
    }, drainMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    for (const session of sessions()) session.close();
  });
}
