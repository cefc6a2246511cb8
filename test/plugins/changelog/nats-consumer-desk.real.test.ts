import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NatsChangeLog } from '../../../plugins/changelog/nats.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())('a consumer that the centre makes for an edge', () => {
  let server: Nats;
  let central: NatsChangeLog;
  beforeAll(async () => {
    server = await startNats();
    central = await openLog(server.url);
  });
  afterAll(async () => {
    await central.close();
    await server.stop();
  });

  const ask = (edgeId: string, body: unknown) =>
    operatorOf(server.url).ask(
      `rsfga.control.consumer.${edgeId}`,
      typeof body === 'string' ? body : JSON.stringify(body),
    );

  test('is a durable pull consumer of that edge, acknowledged as a whole, with the filters that it named', async () => {
    const storeId = ulid();
    await expect.poll(() => ask('tokyo', { after: 3, filters: [{ storeId }] }).catch(() => '')).toBe('{}');
    const { config } = await operatorOf(server.url).consumer('tokyo');
    expect(config).toMatchObject({ durable_name: 'edge-tokyo', ack_policy: 'all', opt_start_seq: 4 });
    expect(config.deliver_subject).toBeUndefined();
    expect([config.filter_subject, ...(config.filter_subjects ?? [])].join()).toContain(
      `rsfga.changes.${storeId}`,
    );
    const other = ulid();
    expect(await ask('tokyo', { after: 3, filters: [{ storeId: other, objectTypes: ['document'] }] })).toBe(
      '{}',
    );
    const changed = await operatorOf(server.url).consumer('tokyo');
    expect(JSON.stringify(changed.config)).toContain(other);
    expect(JSON.stringify(changed.config)).not.toContain(storeId);
  });

  test('has the subjects that were made by hand for the edge, and no others', async () => {
    const storeId = ulid();
    const subjects = [`rsfga.changes.${storeId}.*.document`, `rsfga.changes.${storeId}.tx.committed`];
    const filters = [{ storeId, objectTypes: ['document'], subjects }];
    await expect.poll(() => ask('paris', { after: 0, filters }).catch(() => '')).toBe('{}');
    const { config } = await operatorOf(server.url).consumer('paris');
    expect(config.filter_subjects?.toSorted()).toEqual(subjects);
  });

  test.each([
    ['no JSON', '{'],
    ['no position', { after: -1, filters: [{ storeId: ulid() }] }],
    ['no stores', { after: 0, filters: [] }],
    ['a wildcard for a store', { after: 0, filters: [{ storeId: '>' }] }],
    ['another subject for a store', { after: 0, filters: [{ storeId: 'a.b' }] }],
    [
      'subjects of another store',
      { after: 0, filters: [{ storeId: ulid(), subjects: ['rsfga.changes.>'] }] },
    ],
    ['subjects that are none', { after: 0, filters: [{ storeId: ulid(), subjects: 'rsfga.changes.>' }] }],
    ['a type that is none', { after: 0, filters: [{ storeId: ulid(), objectTypes: ['a:b'] }] }],
  ])('is not made for a request with %s', async (_what, body) => {
    expect(JSON.parse(await ask('london', body))).toHaveProperty('error');
    await expect(operatorOf(server.url).consumer('london')).rejects.toThrow();
  });
});

describe.skipIf(!serversAvailable())('a centre with rules', () => {
  let server: Nats;
  let central: NatsChangeLog;
  const own = Array.from({ length: 120 }, () => ulid());
  let version = 'first';
  let exceeds = false;
  beforeAll(async () => {
    server = await startNats();
    const judge = (edgeId: string) => (edgeId === 'osaka' ? { limited: true } : { refused: 'not for you' });
    const rules = {
      ...{ judge, version: () => version, edges: () => ['osaka', 'kyoto'], exceeds: () => exceeds },
      buckets: () => ({ snapshots: [], products: undefined }),
    };
    central = await openLog(server.url, { rules });
  });
  afterAll(async () => {
    await central.close();
    await server.stop();
  });

  const ask = (edgeId: string) => {
    const filters = own.map((storeId) => ({ storeId }));
    return operatorOf(server.url).ask(
      `rsfga.control.consumer.${edgeId}`,
      JSON.stringify({ after: 0, filters }),
    );
  };

  test('gives an edge with many stores those and no others, where an unlimited one would get all and drop the rest', async () => {
    await expect.poll(() => ask('osaka').catch(() => '')).toBe('{}');
    const { config } = await operatorOf(server.url).consumer('osaka');
    expect(config.filter_subjects?.length).toBe(own.length);
  });

  test('makes no consumer that the rules refuse, and says why', async () => {
    await expect.poll(() => ask('kyoto').catch(() => '')).toBe('{"error":"not for you"}');
    await expect(operatorOf(server.url).consumer('kyoto')).rejects.toThrow();
  });

  test('takes away what an edge may not follow any more, as soon as the rules say so', async () => {
    await expect.poll(() => ask('osaka').catch(() => '')).toBe('{}');
    exceeds = true;
    version = 'second';
    const consumer = () => operatorOf(server.url).consumer('osaka');
    await expect.poll(() => consumer().catch(String), { timeout: 10_000 }).toMatch(/consumer not found/);
  });
});
