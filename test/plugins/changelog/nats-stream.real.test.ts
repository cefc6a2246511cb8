/** The stream that a sidecar makes, and the ones that it refuses. */
import {
  DiscardPolicy,
  PersistMode,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { ulid } from 'ulid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createChain, tuple } from '../../contract/changelog-chain.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf, STREAM } from './nats-fixture.ts';

const GOOD = { subjects: ['rsfga.changes.>'], storage: StorageType.File, retention: RetentionPolicy.Limits };

const FAULTS: readonly [string, Partial<StreamConfig>][] = [
  ['retention', { retention: RetentionPolicy.Workqueue }],
  ['retention', { retention: RetentionPolicy.Interest }],
  ['storage', { storage: StorageType.Memory }],
  ['discard', { discard: DiscardPolicy.New }],
  ['max_msgs_per_subject', { max_msgs_per_subject: 10 }],
  ['max_msg_size', { max_msg_size: 4_096 }],
  ['no_ack', { no_ack: true }],
  ['persist_mode', { persist_mode: PersistMode.Async }],
  ['subject_transform', { subject_transform: { src: 'rsfga.changes.>', dest: 'elsewhere.>' } }],
  ['sources', { sources: [{ name: 'ANOTHER' }] }],
  ['subjects', { subjects: ['rsfga.changes.01J0000000000000000000000A.>'] }],
];

describe.skipIf(!serversAvailable())('the JetStream stream', () => {
  let server: Nats;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());
  afterEach(() =>
    operatorOf(server.url)
      .removeStream()
      .catch(() => {}),
  );

  it('is made to keep every change for a week, once, on disk, for as many followers as there are', async () => {
    const log = await openLog(server.url);
    expect((await log.reader.state()).keepsMs).toBe(7 * 86_400_000);
    const { config } = await operatorOf(server.url).info();
    expect(config).toMatchObject({
      subjects: ['rsfga.changes.>'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      num_replicas: 1,
      max_age: nanos(7 * 86_400_000),
      max_consumers: 10_000,
      duplicate_window: nanos(120_000),
      deny_delete: true,
      allow_direct: true,
      allow_atomic: true,
    });
    expect(config.max_bytes).toBeGreaterThan(0);
    await log.close();
  });

  it('leaves room on a small server', async () => {
    const small = await startNats({ config: 'jetstream { max_file_store: 600MB }' });
    const log = await openLog(small.url);
    expect((await operatorOf(small.url).info()).config.max_bytes).toBe(2 ** 28);
    await log.close();
    await small.stop();
  });

  it.each(FAULTS)('is refused by name when its %s would lose changes', async (name, wrong) => {
    await operatorOf(server.url).make({ ...GOOD, ...wrong });
    await expect(openLog(server.url)).rejects.toThrow(new RegExp(`${STREAM} would lose changes: .*${name}`));
  });

  it('is refused with everything that is wrong at once', async () => {
    await operatorOf(server.url).make({ subjects: ['x'], storage: StorageType.Memory });
    await expect(openLog(server.url)).rejects.toThrow(/storage is memory.*; its subjects are x/);
  });

  it('is used as it is when nothing is wrong, and learns to take batches', async () => {
    await operatorOf(server.url).make({ ...GOOD, max_age: nanos(60_000) });
    const log = await openLog(server.url);
    const { config } = await operatorOf(server.url).info();
    expect(config.max_age).toBe(nanos(60_000));
    expect(config.allow_atomic).toBe(true);
    await createChain(ulid()).append(log.writer, { writes: [tuple('doc:1')] });
    await log.close();
  });

  it('is awaited by an edge that may not make it', async () => {
    const edge = await openLog(server.url, { publishes: false });
    await expect(edge.reader.state()).rejects.toThrow('not found');
    const central = await openLog(server.url);
    expect((await edge.reader.state()).logId).toBe((await central.reader.state()).logId);
    await edge.close();
    await central.close();
  });

  it('is made anew by whoever publishes when somebody deleted it', async () => {
    const log = await openLog(server.url);
    const before = createChain(ulid());
    await before.append(log.writer, { writes: [tuple('doc:1')] });
    await operatorOf(server.url).removeStream();
    await expect(log.writer.append(before.anchor(), before.fence())).rejects.toThrow('cannot be reached');
    expect(await log.writer.append(before.anchor(), before.fence())).toEqual({ refused: 'fence' });
    expect(await log.reader.head(before.storeId)).toBeUndefined();
    expect(await log.writer.append(before.anchor(), '')).toHaveProperty('appended');
    await log.close();
  });
});
