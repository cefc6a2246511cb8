/** TLS towards the upstream: each new connection is made with the certificates of that moment, and how it went is told. */
import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';

export interface UpstreamTls {
  /** Asked at each connect, and at each gRPC call; the same object until the certificates have changed. */
  options(): ConnectionOptions;
  /** Told what TLS refused, and `undefined` when a connection has stood for a moment, or brought something. */
  shook(error: Error | undefined): void;
}

/** With TLS 1.3 a server refuses the client's certificate only after the client believes itself connected. */
const STANDS_AFTER_MS = 1_000;

/** What undici's `connect` takes. */
export function connector(url: string, timeoutMs: number, tls: UpstreamTls | undefined) {
  if (tls === undefined || !url.startsWith('https:')) return { timeout: timeoutMs };
  let made: { readonly from: ConnectionOptions; readonly connect: buildConnector.connector } | undefined;
  const connect: buildConnector.connector = (to, done) => {
    const from = tls.options();
    if (made?.from !== from) made = { from, connect: connectorOf(from, timeoutMs) };
    made.connect(to, (...outcome) => {
      const [error, socket] = outcome;
      if (error !== null) tell(tls, error);
      else watchSocket(socket, tls);
      done(...outcome);
    });
  };
  return connect;
}

function connectorOf({ servername, ...options }: ConnectionOptions, timeoutMs: number) {
  // HTTP/1.1 as OpenFGA's own port speaks it: a request is one message on one connection, its headers as they came.
  const settings = { ...options, timeout: timeoutMs, allowH2: false };
  const connect = buildConnector(settings as buildConnector.BuildOptions);
  const named: buildConnector.connector = (to, done) =>
    connect(servername === undefined ? to : { ...to, servername }, done);
  return named;
}

/** For clients of node's own `https`. */
export class UpstreamAgent extends Agent {
  readonly #tls: UpstreamTls;

  constructor(options: AgentOptions, tls: UpstreamTls) {
    // A session resumed under other certificates would not be verified again.
    super({ ...options, maxCachedSessions: 0 });
    this.#tls = tls;
  }

  override createConnection(
    options: ConnectionOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = super.createConnection({ ...options, ...this.#tls.options() }, done);
    if (socket instanceof TLSSocket) {
      socket.on('error', (error) => tell(this.#tls, error));
      socket.once('secureConnect', () => watchSocket(socket, this.#tls));
    }
    return socket;
  }
}

/** From the moment that it is connected. */
export function watchSocket(socket: Duplex, tls: UpstreamTls): void {
  const stands = setTimeout(() => tls.shook(undefined), STANDS_AFTER_MS);
  stands.unref();
  let failed = false;
  socket.on('error', (error) => {
    // Clients of HTTP end a socket with errors of their own, also one that served them well.
    failed ||= isTlsFault(error);
    tell(tls, error);
  });
  socket.once('close', () => {
    clearTimeout(stands);
    if (!failed && socket.readableDidRead) tls.shook(undefined);
  });
}

export function tell(tls: UpstreamTls, error: Error): void {
  if (isTlsFault(error)) tls.shook(error);
}

/** Of OpenSSL and of node's verification; a host that is down is none. */
const FAULTS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|HOSTNAME_MISMATCH|EPROTO)/;

export function isTlsFault(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && FAULTS.test(error.code);
}
