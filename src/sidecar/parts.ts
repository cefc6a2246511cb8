/** From the configuration to opened plugins. What was opened is closed in reverse, also when a later part fails. */
import { openChangelog, openStore, startEmbedded } from '../../plugins/index.ts';
import { type Config, follows, type UpstreamConfig } from '../config/config.ts';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Upstream } from '../plugin/upstream.ts';
import { type Forwarder, openForwarder } from '../upstream/forward.ts';
import { type GrpcForwarder, openGrpcForwarder } from '../upstream/grpc.ts';
import { openUpstreamReader } from '../upstream/read.ts';
import type { Certificates } from './certificates.ts';

export interface Parts {
  /** Where requests go. */
  readonly server: UpstreamConfig;
  readonly forwarder: Forwarder;
  /** Where Writes and strong reads go; the same object when there is no replica. */
  readonly primary: Forwarder;
  /** The same for gRPC, where it is listened for. */
  readonly grpc: { readonly forwarder: GrpcForwarder; readonly primary: GrpcForwarder } | undefined;
  /** The sidecar's own calls, to the primary. */
  readonly reader: Upstream;
  readonly log: ChangeLog;
  /** Absent where nothing is kept. */
  readonly store: TupleStore | undefined;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Log;
  readonly certificates: Pick<Certificates, 'upstream' | 'primary'>;
  /** Shared by the sidecars of one process (`changelog: memory`). */
  readonly sharedLog?: ChangeLog;
}

/** Things to close, last opened first. */
export interface Closers {
  add(name: string, close: () => Promise<unknown>): void;
  closeAll(): Promise<void>;
}

export function createClosers(logger: Log): Closers {
  const open: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  return {
    add: (name, close) => void open.push({ name, close }),
    async closeAll() {
      for (let one = open.pop(); one; one = open.pop()) {
        const { name } = one;
        await one
          .close()
          .catch((error: unknown) => logger.warn({ part: name, err: error }, 'a part did not close'));
      }
    },
  };
}

export async function openParts(config: Config, around: Surroundings, closers: Closers): Promise<Parts> {
  const server = await upstreamOf(config, closers);
  const primaryUrl = server.primary?.http ?? server.http;
  const { upstream: tls, primary: primaryTls } = around.certificates;
  const forwarder = openForwarder({ url: server.http, tls });
  closers.add('forwarder', () => forwarder.close());
  const primary =
    primaryUrl === server.http ? forwarder : openForwarder({ url: primaryUrl, tls: primaryTls });
  if (primary !== forwarder) closers.add('primary forwarder', () => primary.close());
  const grpc = config.listen.grpc && openGrpc(server, around.certificates, closers);
  const reader = openUpstreamReader({
    url: primaryUrl,
    tls: primaryTls,
    ...(server.apiToken === undefined ? {} : { apiToken: server.apiToken }),
  });
  closers.add('upstream reader', () => reader.close());
  const store = mayKeep(config) ? await openStore(config.store) : undefined;
  if (store) closers.add('store', () => store.close());
  const log = around.sharedLog ?? (await openChangelog(config, { ...around, upstream: reader, store }));
  closers.add('change log', () => log.close());
  return { server, forwarder, primary, grpc, reader, log, store };
}

/** The configuration's rules see to it that each server that is needed names its gRPC port. */
function openGrpc(
  server: UpstreamConfig,
  certificates: Surroundings['certificates'],
  closers: Closers,
): Parts['grpc'] {
  if (server.grpc === undefined) return undefined;
  const forwarder = openGrpcForwarder({ ...server.grpc, ...(server.tls && { tls: certificates.upstream }) });
  closers.add('gRPC forwarder', () => forwarder.close());
  const { grpc: other, tls } = server.primary ?? {};
  if (other === undefined) return { forwarder, primary: forwarder };
  const primary = openGrpcForwarder({ ...other, ...(tls && { tls: certificates.primary }) });
  closers.add('primary gRPC forwarder', () => primary.close());
  return { forwarder, primary };
}

/** Products may change while the sidecar runs, and what no product keeps any more is erased: an edge has its store open. */
function mayKeep(config: Config): boolean {
  return config.role !== 'central' || config.registry.kind !== 'config' || follows(config);
}

async function upstreamOf(config: Config, closers: Closers): Promise<UpstreamConfig> {
  if (config.upstream !== 'embedded') return config.upstream;
  const embedded = await startEmbedded({ host: '127.0.0.1', port: 0 });
  closers.add('embedded upstream', () => embedded.close());
  return { http: embedded.url, lagMs: 0 };
}
