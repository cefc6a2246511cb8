/** The durable consumer of an edge, as the server sees it. */
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { NatsChangeLog } from '../../../plugins/changelog/nats.ts';
import {
  applied,
  type Chain,
  commitsOf,
  createChain,
  readUntil,
  tuple,
} from '../../contract/changelog-chain.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { type Operator, openLog, operatorOf } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())('following NATS', () => {
  let server: Nats;
  let operator: Operator;
  let log: NatsChangeLog;
  let chain: Chain;
  let edgeId: string;

  beforeAll(async () => {
    server = await startNats();
    operator = operatorOf(server.url);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    edgeId = ulid();
    log = await openLog(server.url, { edgeId });
    onTestFinished(() => log.close());
    chain = createChain(ulid());
  });

  const filters = () => [{ storeId: chain.storeId }];
  const read = (after: string, transactions: number) =>
    readUntil(log, { after, filters: filters() }, (all) => commitsOf(all).length >= transactions);
  async function write(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) await chain.append(log.writer, { writes: [tuple(`doc:${at}`)] });
  }

  /** Markers are single messages: a hundred times as fast to append as transactions. */
  async function mark(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      const outcome = await log.writer.append(chain.marker(`${at}`), chain.fence());
      if ('appended' in outcome) chain.moved(chain.head(), outcome.appended.fence);
    }
  }

  it('acknowledges what was applied, and with it all before', async () => {
    const { last } = await log.reader.state();
    await write(10);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    for await (const batch of log.reader.read({ after: last, filters: filters(), signal: stop.signal })) {
      const middle = batch[Math.floor(batch.length / 2)]?.position ?? '';
      log.reader.applied(middle);
      await until(async () => `${(await operator.consumer(edgeId)).ack_floor.stream_seq}` === middle);
      expect(log.figures().acks).toBeGreaterThan(0);
      break;
    }
    expect((await operator.consumer(edgeId)).config).toMatchObject({ ack_policy: 'all', max_deliver: -1 });
  });

  it('does not need to be told what was applied', async () => {
    const { last } = await log.reader.state();
    await mark(3_000);
    const all = await readUntil(log, { after: last, filters: filters() }, (seen) => seen.length === 3_000);
    expect(all.map(({ message }) => message.kind === 'marker' && message.markerId)).toEqual(
      Array.from({ length: 3_000 }, (_, at) => `${at}`),
    );
  });

  it('keeps its consumer over a pause, and gives it other filters in place', async () => {
    const { last } = await log.reader.state();
    await write(2);
    const all = await read(last, 2);
    log.reader.applied(all.at(-1)?.position ?? '');
    const { created } = await operator.consumer(edgeId);
    await write(1);
    const other = createChain(ulid());
    await other.append(log.writer, { writes: [tuple('doc:other')] });
    const both = [{ storeId: chain.storeId }, { storeId: other.storeId }];
    const rest = await readUntil(
      log,
      { after: all.at(-1)?.position ?? '', filters: both },
      (seen) => commitsOf(seen).length === 2,
    );
    expect(rest.map(({ message }) => message.storeId)).toContain(other.storeId);
    const consumer = await operator.consumer(edgeId);
    expect(consumer.created).toBe(created);
    expect(consumer.config.filter_subjects).toHaveLength(2);
  });

  it('delivers again what lies before the place where the server left off', async () => {
    const { last } = await log.reader.state();
    await write(5);
    const all = await read(last, 5);
    log.reader.applied(all.at(-1)?.position ?? '');
    expect(await read(last, 5)).toEqual(all);
    expect(await read(all[3]?.position ?? '', 3)).toEqual(all.slice(4));
    expect(await read('', 5)).toEqual(all);
  });

  it('makes its consumer anew when somebody deleted it while it read', async () => {
    const { last } = await log.reader.state();
    await write(2);
    const reading = read(last, 4);
    await pause(200);
    await operator.removeConsumer(edgeId);
    await write(2);
    const all = await reading;
    expect(all.map(({ position }) => position)).toEqual([...new Set(all.map(({ position }) => position))]);
    expect(applied(all).size).toBe(2);
  });

  it('follows more stores than the server takes filters for', async () => {
    const { last } = await log.reader.state();
    const stores = Array.from({ length: 150 }, () => ulid());
    const many = [...stores, chain.storeId].map((storeId) => ({ storeId }));
    const stranger = createChain(ulid());
    await stranger.append(log.writer, { writes: [tuple('doc:stranger')] });
    await write(3);
    const all = await readUntil(log, { after: last, filters: many }, (seen) => commitsOf(seen).length === 3);
    expect(new Set(all.map(({ message }) => message.storeId))).toEqual(new Set([chain.storeId]));
    expect((await operator.consumer(edgeId)).config.filter_subjects).toEqual(['rsfga.changes.>']);
  });

  it('acknowledges by itself what nobody wanted', async () => {
    const { last } = await log.reader.state();
    const many = Array.from({ length: 150 }, () => ({ storeId: ulid() }));
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of log.reader.read({ after: last, filters: many, signal: stop.signal }))
        expect(batch).toEqual([]);
    })();
    await write(3);
    const end = chain.fence();
    await until(async () => `${(await operator.consumer(edgeId)).ack_floor.stream_seq}` === end);
    stop.abort();
    await reading;
  });

  it('shows how much it has not read', async () => {
    const { last } = await log.reader.state();
    await mark(1_200);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    for await (const batch of log.reader.read({ after: last, filters: filters(), signal: stop.signal })) {
      const { received, pending, consumerLag, streamMessages } = log.figures();
      expect(received).toBe(batch.length);
      expect(pending).toBeGreaterThan(0);
      expect(consumerLag).toBeGreaterThanOrEqual(batch.length);
      expect(streamMessages).toBeGreaterThanOrEqual(0);
      break;
    }
  });
});

async function until(holds: () => Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come to hold in ${timeoutMs} ms`);
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
