/** The NATS change log over a real server, and the server's own view beside it. */
import {
  type ConsumerInfo,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type ConnectionOptions, connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { ulid } from 'ulid';
import {
  type NatsChangeLog,
  type NatsChangeLogOptions,
  openNatsChangeLog,
} from '../../../plugins/changelog/nats.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import type { Envelope } from '../../../src/plugin/envelope.ts';
import { silentLog } from '../../../src/plugin/log.ts';

export const STREAM = 'RSFGA_CHANGES';

/** Each has its own traps: what a broken chain leaves behind, what an old server takes for a batch. */
export const WAYS_TO_APPEND: Readonly<Record<string, Partial<NatsChangeLogOptions>>> = {
  'short entries as chains, long ones as batches': {},
  'all as batches': { chainUpTo: 0 },
  'all as chains': { chainUpTo: 1_000 },
  'as on an old server': { atomicBatches: false },
};

/** A sidecar of its own: another edge id each time. */
export function openLog(url: string, more: Partial<NatsChangeLogOptions> = {}): Promise<NatsChangeLog> {
  return openNatsChangeLog({
    servers: [url],
    stream: STREAM,
    replicas: 1,
    edgeId: `edge-${ulid()}`,
    nodeId: 'test',
    publishes: true,
    clock: systemClock,
    log: silentLog,
    ...more,
  });
}

/** What an operator sees and may do. Each call uses a connection of its own, so nothing has to be closed. */
export interface Operator {
  info(): Promise<StreamInfo>;
  consumer(edgeId: string): Promise<ConsumerInfo>;
  /** Makes the stream by hand. */
  make(config: Partial<StreamConfig>): Promise<void>;
  purge(): Promise<void>;
  removeStream(): Promise<void>;
  removeConsumer(edgeId: string): Promise<void>;
  /** Bytes that are no message on every subject of a store; returns how many. */
  putGarbage(storeId: string): Promise<number>;
  publish(envelope: Envelope): Promise<void>;
  /** A header of the store's last message. */
  lastHeader(storeId: string, name: string): Promise<string | undefined>;
  /** Adds a piece to an object in an Object Store bucket. */
  damageObject(bucket: string, name: string): Promise<void>;
  /** A bare request; the reply's error header, or its text. */
  ask(subject: string, payload: string): Promise<string>;
}

export function operatorOf(servers: string, login: { user?: string; pass?: string } = {}): Operator {
  const to = { servers, ...login };
  const manage = <T>(use: (jsm: JetStreamManager) => Promise<T>) =>
    connected(to, async (nc) => use(await jetstreamManager(nc)));
  return {
    info: () => manage((jsm) => jsm.streams.info(STREAM)),
    consumer: (edgeId) => manage((jsm) => jsm.consumers.info(STREAM, `edge-${edgeId}`)),
    make: (config) => manage((jsm) => make(jsm, config)),
    purge: () => manage(async (jsm) => void (await jsm.streams.purge(STREAM))),
    removeStream: () => manage(async (jsm) => void (await jsm.streams.delete(STREAM))),
    removeConsumer: (edgeId) =>
      manage(async (jsm) => void (await jsm.consumers.delete(STREAM, `edge-${edgeId}`))),
    putGarbage: (storeId) => connected(to, (nc) => putGarbage(nc, storeId)),
    publish: ({ subject, bytes, messageId }) =>
      connected(to, async (nc) => void (await nc.request(subject, bytes, identified(messageId)))),
    lastHeader: (storeId, name) =>
      manage(async (jsm) => {
        const last = await jsm.streams.getMessage(STREAM, { last_by_subj: `rsfga.changes.${storeId}.>` });
        return last?.header.get(name);
      }),
    damageObject: (bucket, name) =>
      connected(to, async (nc) => {
        const jsm = await jetstreamManager(nc);
        const encoded = Buffer.from(name).toString('base64url');
        const subject = `$O.${bucket}.M.${encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')}`;
        const meta = await jsm.streams.getMessage(`OBJ_${bucket}`, { last_by_subj: subject });
        const nuid = meta?.json<{ nuid?: string }>().nuid;
        if (!nuid) throw new Error(`there is no object ${name}`);
        await nc.request(`$O.${bucket}.C.${nuid}`, 'one piece too many', { timeout: 5_000 });
      }),
    ask: (subject, payload) =>
      connected(to, async (nc) => {
        const reply = await nc.request(subject, payload, { timeout: 5_000 });
        return reply.headers?.get('Rsfga-Error') || reply.string();
      }),
  };
}

/** Right after a stream was deleted, the server may still be busy with the files of the old one. */
async function make(jsm: JetStreamManager, config: Partial<StreamConfig>, tries = 5): Promise<void> {
  try {
    await jsm.streams.add({ name: STREAM, ...config });
  } catch (error) {
    if (tries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await make(jsm, config, tries - 1);
  }
}

async function putGarbage(nc: NatsConnection, storeId: string): Promise<number> {
  const tails = ['write.doc', 'delete.doc', 'tx.committed', 'tx.marker', 'model.updated', 'tx.unheard_of'];
  for (const tail of tails)
    await nc.request(`rsfga.changes.${storeId}.${tail}`, 'no protobuf \xff\x00', identified(ulid()));
  return tails.length;
}

function identified(messageId: string) {
  const header = headers();
  header.set('Nats-Msg-Id', messageId);
  return { headers: header, timeout: 5_000 };
}

async function connected<T>(to: ConnectionOptions, use: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const nc = await connect(to);
  try {
    return await use(nc);
  } finally {
    await nc.close();
  }
}
