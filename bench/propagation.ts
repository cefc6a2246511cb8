/**
 * How long until a Write is visible elsewhere. Two measurements, alternating:
 * - sidecar: a Write of two object types at the central, then a Check at the edge that asks for the Write's revision;
 * - bare: an atomic batch of two messages published to JetStream, delivered to a durable consumer in another process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { allowed, check, expectStatus, write } from '../test/support/api.ts';
import { quantile } from './load-worker.ts';
import type { Setup } from './setup.ts';

export interface Quantiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Propagation {
  readonly samples: number;
  /** Write acknowledged → the edge has answered a Check with it, locally. */
  readonly acknowledgedToVisible: Quantiles;
  /** Write sent → the same. */
  readonly sentToVisible: Quantiles;
  /** A Check at the idle edge: the part of the above that is the asking. */
  readonly checkRoundTrip: Quantiles;
  /** Batch sent → its last message delivered in another process. */
  readonly bareBatch: Quantiles;
  /** `acknowledgedToVisible` / `bareBatch`, of the medians. */
  readonly ratio: number;
  /** Samples where the edge did not answer by itself, or the Write came back without a revision. */
  readonly missed: number;
}

const STREAM = 'BENCH_BARE';
const PAYLOAD = 'x'.repeat(200);
const PAUSE_MS = 5;

export async function measurePropagation(setup: Setup, samples: number): Promise<Propagation> {
  const bare = await openBare(setup.nats.url);
  const times = { visible: [] as number[], sent: [] as number[], trip: [] as number[], bare: [] as number[] };
  let missed = 0;
  for (let n = 0; n < samples; n++) {
    const seen = await writeAndSee(setup, n);
    if (seen) {
      times.visible.push(seen.visibleMs);
      times.sent.push(seen.sentMs);
    } else missed++;
    await sleep(PAUSE_MS);
    times.trip.push(await checkRoundTrip(setup));
    times.bare.push(await bare.batch(n));
    await sleep(PAUSE_MS);
  }
  await bare.close();
  const [visible, bareBatch] = [quantiles(times.visible), quantiles(times.bare)];
  return {
    samples,
    acknowledgedToVisible: visible,
    sentToVisible: quantiles(times.sent),
    checkRoundTrip: quantiles(times.trip),
    bareBatch,
    ratio: visible.p50Ms / bareBatch.p50Ms,
    missed,
  };
}

interface Seen {
  readonly visibleMs: number;
  readonly sentMs: number;
}

async function writeAndSee({ central, edge, storeId }: Setup, n: number): Promise<Seen | undefined> {
  const key = { user: `user:propagation-${n}`, relation: 'reader', object: `document:p-${n}` };
  const other = { user: `user:propagation-${n}`, relation: 'viewer', object: `folder:p-${n}` };
  const sent = performance.now();
  const reply = await expectStatus(200, write(central.http, storeId, { writes: [key, other] }));
  const acknowledged = performance.now();
  const revision = reply.headers['rsfga-revision'];
  if (revision === undefined) return undefined;
  const seen = await check(edge.http, storeId, key, { 'rsfga-min-revision': revision });
  const now = performance.now();
  if (!allowed(seen) || seen.headers['rsfga-served-by'] !== 'local') return undefined;
  return { visibleMs: now - acknowledged, sentMs: now - sent };
}

async function checkRoundTrip({ edge, storeId }: Setup): Promise<number> {
  const began = performance.now();
  await check(edge.http, storeId, { user: 'user:x', relation: 'reader', object: 'document:p-0' });
  return performance.now() - began;
}

interface Bare {
  /** Milliseconds from the start of the batch to the delivery of its last message. */
  batch(n: number): Promise<number>;
  close(): Promise<void>;
}

async function openBare(servers: string): Promise<Bare> {
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: STREAM, subjects: ['bench.>'], allow_atomic: true });
  const consumer = fork(join(import.meta.dirname, 'js-consumer.ts'), [servers, STREAM]);
  await once(consumer, 'message');
  const js = jetstream(connection);
  return {
    batch: (n) => publishBatch(js, consumer, n),
    close: () => close(connection, consumer),
  };
}

async function publishBatch(js: JetStreamClient, consumer: ChildProcess, n: number): Promise<number> {
  const began = process.hrtime.bigint();
  const delivered = once(consumer, 'message') as Promise<[{ n: string; at: string }]>;
  const batch = await js.startBatch('bench.store.write.document', PAYLOAD);
  await batch.commit('bench.store.tx.committed', `${n}`);
  const [{ n: answered, at }] = await delivered;
  if (answered !== `${n}`) throw new Error(`batch ${n} delivered as ${answered}`);
  return Number(BigInt(at) - began) / 1e6;
}

async function close(connection: NatsConnection, consumer: ChildProcess): Promise<void> {
  consumer.kill('SIGKILL');
  const manager = await jetstreamManager(connection);
  await manager.streams.delete(STREAM);
  await connection.close();
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}
