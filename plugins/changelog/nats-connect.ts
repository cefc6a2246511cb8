/**
 * The connection to NATS: made in the background, made again without end, for outages of days. Who needs it while it is
 * down gets an error at once; who can wait, waits.
 */
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import type { LinkState } from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { Log } from '../../src/plugin/log.ts';
import { authenticatorOf, type NatsLogin, type NatsTls, tlsOf } from './nats-login.ts';

export interface NatsServerOptions extends NatsLogin {
  /** `nats://host:port` or `tls://host:port`, at least one. */
  readonly servers: readonly string[];
  /** Absent: TLS where the server demands it. */
  readonly tls?: NatsTls;
  /** Prefix of reply subjects, for users whose permissions name one. Default: `_INBOX`. */
  readonly inboxPrefix?: string;
  /** JetStream domain of the streams, where the server is a leaf node. */
  readonly domain?: string;
}

export interface NatsLink {
  /** Throws while there is no connection. */
  connection(): NatsConnection;
  /** Waits for a connection; undefined when `signal` aborts or the link is closed. */
  up(signal: AbortSignal): Promise<NatsConnection | undefined>;
  isUp(): boolean;
  state(): LinkState;
  /** Calls back at each loss of the connection; returns how to stop. */
  onDown(listener: () => void): () => void;
  /** What the connection itself does not show: heartbeats that stay away. `undefined`: well again. */
  trouble(error: string | undefined): void;
  readonly closed: AbortSignal;
  /** Where JetStream's API is asked: `$JS.API`, or that of a domain. */
  readonly apiPrefix: string;
  close(): Promise<void>;
}

/** A black-holed connection is noticed after two of these (measured: 14 s, against minutes by default). */
const PING_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = 500;
/** Reasons told in one outage. */
const MAX_SAID = 10;

export function openNatsLink(options: NatsServerOptions, name: string, clock: Clock, log: Log): NatsLink {
  const closing = new AbortController();
  const downs = new Set<() => void>();
  const ups = new Set<() => void>();
  const said = new Set<string>();
  let current: NatsConnection | undefined;
  let down: { sinceMs: number; error: string } | undefined = { sinceMs: clock.wallMs(), error: 'connecting' };
  let trouble: { sinceMs: number; error: string } | undefined;

  function wentDown(error: string): void {
    if (down) {
      down.error = error;
      sayOnce(error);
      return;
    }
    down = { sinceMs: clock.wallMs(), error };
    if (!closing.signal.aborted) log.warn({ error }, 'the connection to NATS is lost');
    for (const listener of [...downs]) listener();
  }

  /** An attempt is made twice a second: each reason is said once until there is a connection. */
  function sayOnce(error: string): void {
    if (closing.signal.aborted || said.has(error) || said.size >= MAX_SAID) return;
    said.add(error);
    log.warn({ error, servers: options.servers }, 'NATS cannot be reached; it is tried again');
  }

  function wentUp(server: string): void {
    said.clear();
    const awayMs = down ? clock.wallMs() - down.sinceMs : 0;
    down = undefined;
    log.info({ server, away_ms: awayMs }, 'connected to NATS');
    for (const wake of [...ups]) wake();
  }

  async function watch(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') wentDown(`disconnected from ${status.server}`);
      else if (status.type === 'reconnect') wentUp(status.server);
      else if (status.type === 'staleConnection') wentDown('the server does not answer pings');
      else if (status.type === 'error') log.warn({ error: status.error.message }, 'NATS refused something');
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const nc = await connect(connectionOptions(options, name));
        if (closing.signal.aborted) return nc.close();
        current = nc;
        wentUp(nc.getServer());
        await watch(nc);
        const error = await nc.closed();
        current = undefined;
        wentDown(error ? error.message : 'closed');
      } catch (error) {
        wentDown(reasonOf(error, options));
      }
      await clock.sleep(RETRY_MS, closing.signal);
    }
  }

  const running = run();
  const connection = () => (down ? undefined : current);
  return {
    closed: closing.signal,
    apiPrefix: options.domain === undefined ? '$JS.API' : `$JS.${options.domain}.API`,
    isUp: () => connection() !== undefined,
    connection() {
      const nc = connection();
      if (!nc) throw new Error(`not connected to NATS: ${down?.error ?? 'closed'}`);
      return nc;
    },
    async up(signal) {
      const either = AbortSignal.any([signal, closing.signal]);
      while (!either.aborted) {
        const nc = connection();
        if (nc) return nc;
        await heard(ups, either);
      }
      return undefined;
    },
    state() {
      const bad = down ?? trouble;
      return bad ? { link: 'disconnected', ...bad } : { link: 'connected' };
    },
    onDown(listener) {
      downs.add(listener);
      return () => downs.delete(listener);
    },
    trouble(error) {
      if (error === undefined) trouble = undefined;
      else trouble ??= { sinceMs: clock.wallMs(), error };
    },
    async close() {
      closing.abort();
      await current?.close();
      await running;
    },
  };
}

function connectionOptions(options: NatsServerOptions, name: string): ConnectionOptions {
  const authenticator = authenticatorOf(options);
  return {
    servers: [...options.servers],
    name,
    ...(authenticator ? { authenticator } : {}),
    ...(options.tls ? { tls: tlsOf(options.tls) } : {}),
    ...(options.inboxPrefix ? { inboxPrefix: options.inboxPrefix } : {}),
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: RETRY_MS,
    // A password that is refused today may be right tomorrow.
    ignoreAuthErrorAbort: true,
  };
}

/** With TLS 1.3 a client believes itself connected before the server has looked at its certificate. */
function reasonOf(error: unknown, { tls }: NatsServerOptions): string {
  const text = error instanceof Error ? error.message : String(error);
  if (tls === undefined || text !== 'timeout') return text;
  return 'timeout: TLS stands and the server says nothing more; does it accept the certificate in changelog.nats.tls?';
}

function heard(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    waiting.add(wake);
    signal.addEventListener('abort', wake);
  });
}
