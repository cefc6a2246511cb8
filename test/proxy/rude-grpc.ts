/** A gRPC upstream of the test's own making, and a street with its listener in front of it. */

import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { anybody } from '../../src/auth/callers.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { noEvents } from '../../src/proxy/events.ts';
import { openGrpcStreet } from '../../src/proxy/grpc.ts';
import type { GrpcStreet } from '../../src/proxy/grpc-street.ts';
import { type GrpcListenerOptions, listenGrpc } from '../../src/proxy/listen-grpc.ts';
import { clientOptions, listenerOptions } from '../../src/tls/settings.ts';
import { openGrpcForwarder } from '../../src/upstream/grpc.ts';
import { type GrpcClient, grpcClient } from '../support/grpc.ts';
import { forwardAll } from './street-setup.ts';

export type Answering = (
  stream: ServerHttp2Stream,
  headers: Readonly<Record<string, unknown>>,
  raw: readonly string[],
) => void;

export interface RudeGrpc {
  readonly port: number;
  readonly server: Http2Server | Http2SecureServer;
  /** Ends every session at once, without a word. */
  cut(): void;
  close(): Promise<void>;
}

/** PEM texts of this machine, and of who vouches for them. */
export interface WireTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export async function startRudeGrpc(answer: Answering, tls?: WireTls): Promise<RudeGrpc> {
  const server = tls ? createSecureServer({ cert: tls.cert, key: tls.key }) : createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      stream.on('error', () => undefined);
      answer(stream, headers, raw);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const session of sessions) session.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    server,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

/** Answers each call with these frames and status 0, once its request is whole. */
export function politely(...frames: readonly Buffer[]): Answering {
  return (stream) => {
    stream.resume();
    stream.once('end', () => {
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      for (const frame of frames) stream.write(frame);
      stream.end();
    });
  };
}

export interface GrpcTestStreet {
  readonly address: string;
  readonly client: GrpcClient;
  /** The listener alone, as it is drained. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface GrpcStreetOptions {
  readonly port: number;
  /** On both sides. */
  readonly tls?: WireTls | undefined;
  readonly street?: Partial<GrpcStreet>;
  readonly listener?: Partial<GrpcListenerOptions>;
  readonly answerTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

export async function startGrpcStreet(options: GrpcStreetOptions): Promise<GrpcTestStreet> {
  const { port, tls, answerTimeoutMs = 15_000, connectTimeoutMs = 5_000 } = options;
  const trusted = tls && clientOptions({ ca: tls.ca });
  const trust = trusted && { options: () => trusted, shook: () => undefined };
  const times = { answerTimeoutMs, connectTimeoutMs };
  const upstream = openGrpcForwarder({ host: '127.0.0.1', port, ...times, ...(trust && { tls: trust }) });
  const handler = openGrpcStreet({
    upstream,
    primary: upstream,
    callers: anybody(() => false),
    decider: forwardAll,
    events: noEvents,
    log: silentLog,
    ...options.street,
  });
  const address = { host: '127.0.0.1', port: 0 };
  const pair = tls && { tls: listenerOptions({ cert: tls.cert, key: tls.key }) };
  const listener = await listenGrpc({ address, handler, drainMs: 200, ...pair, ...options.listener });
  const text = `127.0.0.1:${listener.address.port}`;
  const client = grpcClient(text, tls && { ca: tls.ca });
  return {
    address: text,
    client,
    stop: () => listener.close(),
    async close() {
      client.close();
      await listener.close();
      await upstream.close();
    },
  };
}
