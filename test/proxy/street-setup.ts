/** A request street on a free port in front of any upstream, with every socket in reach of the test. */
import { connect } from 'node:net';
import { anybody, type Callers } from '../../src/auth/callers.ts';
import type { Log } from '../../src/plugin/log.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { Room } from '../../src/proxy/body.ts';
import type { Capture } from '../../src/proxy/capture-call.ts';
import { noEvents, type ProxyEvents } from '../../src/proxy/events.ts';
import { openStreet } from '../../src/proxy/handle.ts';
import { type HttpListenerOptions, listenHttp } from '../../src/proxy/listen-http.ts';
import type { Decider } from '../../src/proxy/query-call.ts';
import type { Turnstile } from '../../src/proxy/turnstile.ts';
import { parseQuery } from '../../src/proxy/wire/parse.ts';
import { readAnswer } from '../../src/proxy/wire/read-answer.ts';
import { renderAnswer } from '../../src/proxy/wire/render.ts';
import type { Breakers } from '../../src/upstream/breaker.ts';
import { type ForwarderOptions, openForwarder } from '../../src/upstream/forward.ts';

export const STORE = '01M850XKZ1YW26T9CD0HFPXXQH';
export const MODEL = '01M850XM20BRXZ0HAWH2E1TNGF';
export const CHECK = `/stores/${STORE}/check`;
export const WRITE = `/stores/${STORE}/write`;
export const A_CHECK = JSON.stringify({
  tuple_key: { user: 'user:anne', relation: 'viewer', object: 'document:1' },
});
export const A_WRITE = JSON.stringify({
  writes: { tuple_keys: [{ user: 'user:anne', relation: 'viewer', object: 'document:1' }] },
});

/** Nothing is answered here. */
export const forwardAll: Decider = {
  serves: () => false,
  decide: () => ({ declined: 'method' }),
  sawModel() {},
};

export interface StreetOptions {
  readonly upstream: string;
  readonly primary?: string;
  readonly decider?: Decider;
  readonly capture?: Capture;
  readonly wroteLately?: (storeId: string) => boolean;
  readonly breakers?: Breakers;
  readonly events?: Partial<ProxyEvents>;
  readonly log?: Log;
  readonly timeouts?: Omit<ForwarderOptions, 'url'>;
  readonly turnstile?: Turnstile;
  readonly heldBytes?: number;
  /** Places for Writes under way. */
  readonly writes?: Room;
  readonly listener?: Partial<HttpListenerOptions>;
  readonly callers?: Callers;
}

export interface TestStreet {
  readonly port: number;
  readonly url: string;
  /** Ends the listener; the forwarders too, unless it is called a second time. */
  close(): Promise<void>;
}

export async function startStreet(options: StreetOptions): Promise<TestStreet> {
  const upstream = openForwarder({ url: options.upstream, ...options.timeouts });
  const primary = options.primary ? openForwarder({ url: options.primary, ...options.timeouts }) : upstream;
  const handler = openStreet({
    upstream,
    primary,
    replica: primary !== upstream,
    callers: options.callers ?? anybody(() => false),
    decider: options.decider ?? forwardAll,
    ...(options.capture && { capture: options.capture }),
    ...(options.wroteLately && { wroteLately: options.wroteLately }),
    ...(options.turnstile && { turnstile: options.turnstile }),
    ...(options.writes && { writes: options.writes }),
    ...(options.heldBytes === undefined ? {} : { heldBytes: options.heldBytes }),
    ...(options.breakers && { breakers: options.breakers }),
    wire: { parseQuery, renderAnswer, readAnswer },
    events: { ...noEvents, ...options.events },
    log: options.log ?? silentLog,
  });
  const address = { host: '127.0.0.1', port: 0 };
  const listener = await listenHttp({ address, handler, drainMs: 500, ...options.listener });
  return {
    port: listener.address.port,
    url: `http://127.0.0.1:${listener.address.port}`,
    async close() {
      await listener.close();
      await Promise.all([upstream.close(), primary.close()]);
    },
  };
}

/** Sends bytes and reads until the other side ends, the text `until` came, or two seconds passed. */
export function talk(port: number, bytes: string | Buffer, until?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(heard);
    };
    const timer = setTimeout(done, 2_000);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (until !== undefined && heard.includes(until)) done();
    });
    socket.on('end', done);
    socket.on('error', done);
    socket.write(bytes);
  });
}

export function post(path: string, body: string, ...headers: string[]): string {
  const more = headers.map((header) => `${header}\r\n`).join('');
  return `POST ${path} HTTP/1.1\r\nHost: sidecar\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
}
