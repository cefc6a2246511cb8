/** The HTTP listener, in clear text or TLS: node's bare server with its limits set, and an orderly end. */
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import {
  CONNECTIONS,
  HEADER_BYTES,
  HEADER_TIMEOUT_MS,
  HEADERS,
  IDLE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  STALL_TIMEOUT_MS,
} from '../plugin/limits.ts';
import { type Handshakes, watchHandshakes } from '../tls/handshakes.ts';
import { boundBodies } from './body-time.ts';
import type { Handler } from './handle.ts';
import { type ListenAddress, listenOn } from './listen.ts';
import { ANSWER, type Connection, createQueue, isUnderWay } from './one-by-one.ts';
import { refusalOf } from './refuse.ts';
import { withoutUpgrade } from './upgrade.ts';

/** What clients may take; the configuration's `limits`. */
export interface ListenLimits {
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Between two requests of a connection. */
  readonly idleTimeoutMs: number;
  /** For a client to take something of an answer that waits for it. */
  readonly stallTimeoutMs: number;
  readonly headerBytes: number;
  readonly headers: number;
  /** Further ones are closed at once. */
  readonly connections: number;
}

export const DEFAULT_LIMITS: ListenLimits = {
  headerTimeoutMs: HEADER_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  idleTimeoutMs: IDLE_TIMEOUT_MS,
  stallTimeoutMs: STALL_TIMEOUT_MS,
  headerBytes: HEADER_BYTES,
  headers: HEADERS,
  connections: CONNECTIONS,
};

/** How often the two time limits are looked at. */
const LIMIT_CHECK_MS = 1_000;
/** Requests under way at the end; longer than OpenFGA takes for any (contract section 2.3). */
export const DRAIN_MS = 10_000;

/** At the end, a connection without a request so far has this long for the head of one. */
const SILENT_MS = 1_000;

export interface HttpListenerOptions {
  readonly address: ListenAddress;
  readonly handler: Handler;
  /** Certificates; absent: clear text. HTTP/1.1 either way, as OpenFGA's own port. */
  readonly tls?: TlsOptions;
  /** Told of each handshake that failed. */
  readonly refused?: (error: Error) => void;
  readonly limits?: Partial<ListenLimits>;
  readonly drainMs?: number;
}

export interface HttpListener {
  /** With the port that was taken. */
  readonly address: ListenAddress;
  /** New certificates, for connections from now on; only with `tls`. */
  renew(tls: SecureContextOptions): void;
  /** Takes no more connections, lets requests under way end, then resolves. Never longer than the drain time. */
  close(): Promise<void>;
}

/** Throws a ListenError. */
export async function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const open = new Set<Connection>();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  let draining = false;
  const queue = createQueue((req, res) => {
    if (draining) res.shouldKeepAlive = false;
    if (req.rawHeaders.length > 2 * limits.headers) return refuse(res, 431);
    const status = refusalOf(req);
    if (status === undefined) options.handler(req, res);
    else refuse(res, status);
  });
  const server = createListener(limits, queue, options.tls);
  const handshakes = 'setSecureContext' in server ? watchHandshakes(server, options.refused) : NO_HANDSHAKES;
  const connection = options.tls ? 'secureConnection' : 'connection';
  server.on(connection, (socket: Connection) => {
    // One that is taken for an upgrade comes here again.
    if (open.has(socket)) return;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  // Node answers 100-continue itself and hands on any other expectation, for `refusalOf` to see.
  server.on('checkExpectation', queue);
  turnAway(server, connection, limits.stallTimeoutMs);
  spareUntaken(server, open);
  endStalled(server, limits.stallTimeoutMs);
  const address = await listenOn(server, 'http', options.address);
  const bodies = boundBodies({ open, limitMs: limits.requestTimeoutMs, everyMs: LIMIT_CHECK_MS });
  return {
    address,
    renew: (tls) => 'setSecureContext' in server && server.setSecureContext(tls),
    async close() {
      draining = true;
      handshakes.end();
      await drain(server, open, options.drainMs ?? DRAIN_MS);
      clearInterval(bodies);
    },
  };
}

const NO_HANDSHAKES: Handshakes = { end() {} };

function createListener(
  limits: ListenLimits,
  answer: RequestListener,
  tls: TlsOptions | undefined,
): Server | TlsServer {
  const times = timesOf(limits);
  const server = tls ? createTlsServer({ ...times, ...tls }, answer) : createServer(times, answer);
  // Node would drop what is over its count without a word, and forward the rest.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connections;
  return server;
}

function timesOf(limits: ListenLimits): ServerOptions {
  return {
    headersTimeout: limits.headerTimeoutMs,
    // See `body-time.ts`.
    requestTimeout: 0,
    connectionsCheckingInterval: LIMIT_CHECK_MS,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.headerBytes,
  };
}

/** No tunnel and no other protocol: upstream has none either. */
function turnAway(
  server: Server | TlsServer,
  connection: 'connection' | 'secureConnection',
  stallTimeoutMs: number,
): void {
  server.on('connect', (_req, socket: Connection) => {
    // Node has let go of it: its errors would end the process, and nothing else would ever end it.
    socket.on('error', () => undefined);
    // An answer under way belongs to a parser that is gone by then: nothing may be said behind it.
    if (isUnderWay(socket)) return void socket.destroy();
    socket.setTimeout(stallTimeoutMs, () => socket.destroy());
    socket.write('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n');
    socket.destroySoon();
  });
  server.on('upgrade', (req, socket: Connection, head) => {
    if (isUnderWay(socket)) return void socket.destroy();
    socket.unshift(withoutUpgrade(req, head));
    server.emit(connection, socket);
  });
}

/** Node takes an answer for done once it is written, and would close while its client has half of it. */
function spareUntaken(server: Server | TlsServer, open: ReadonlySet<Connection>): void {
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    for (const { writableLength } of open) if (writableLength > 0) return;
    closeIdle();
  };
}

/** A client that stopped reading holds its answer, and the upstream's connection behind it, no longer than this. */
function endStalled(server: Server | TlsServer, stallTimeoutMs: number): void {
  server.timeout = stallTimeoutMs;
  server.on('timeout', (socket: Connection) => {
    // Nothing to take yet: the upstream is still at work, and has time limits of its own.
    if (isUnderWay(socket) && socket.writableLength === 0) socket.setTimeout(stallTimeoutMs);
    else socket.destroy();
  });
}

/** As node itself does for headers that are too large: no body, and the connection ends. */
function refuse(res: ServerResponse, status: number): void {
  // Which also keeps what follows on the connection from being taken for a request.
  res.shouldKeepAlive = false;
  res.writeHead(status, { 'content-length': '0' }).end();
}

function drain(server: Server | TlsServer, open: ReadonlySet<Connection>, drainMs: number): Promise<void> {
  for (const { [ANSWER]: res } of open) {
    if (res && !res.headersSent) res.shouldKeepAlive = false;
  }
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, drainMs);
    const silent = setTimeout(() => endSilent(open), SILENT_MS);
    // Answers whose head had already gone out promised to keep the connection; it is closed once it is idle.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearTimeout(silent);
      clearInterval(sweep);
      resolve();
    });
  });
}

/** Node takes a connection that never sent anything for one with a request under way: pools and probes hold such ones. */
function endSilent(open: ReadonlySet<Connection>): void {
  for (const socket of open) if (socket[ANSWER] === undefined) socket.destroy();
}
