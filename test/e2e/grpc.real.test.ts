/** A gRPC client through edge and central says and hears what it does at OpenFGA itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BatchCheckRequestSchema,
  BatchCheckResponseSchema,
  CheckRequestSchema,
  CheckResponseSchema,
  ListObjectsRequestSchema,
  ListUsersRequestSchema,
  ReadRequestSchema,
  ReadResponseSchema,
  StreamedListObjectsRequestSchema,
  StreamedListObjectsResponseSchema,
  WriteRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { type Edge, startEdge } from '../conformance/edge-harness.ts';
import { createStore, type StoreIds } from '../support/api.ts';
import { modelFrom } from '../support/datasets.ts';
import { eventually } from '../support/fleet.ts';
import {
  frame,
  type GrpcClient,
  type GrpcReply,
  grpcClient,
  only,
  replyOf,
  SERVICE,
} from '../support/grpc.ts';
import { serversAvailable } from '../support/servers.ts';

const MODEL = modelFrom(`model
  schema 1.1
type user
type document
  relations
    define viewer: [user]`);
const ANNE = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

describe.skipIf(!serversAvailable())('gRPC through an edge', () => {
  let edge: Edge;
  let near: GrpcClient;
  let far: GrpcClient;
  let ids: StoreIds;
  let revision = '';

  beforeAll(async () => {
    edge = await startEdge();
    near = grpcClient(edge.grpc);
    far = grpcClient(edge.openfga.grpc);
    ids = await createStore(edge.base, 'grpc-e2e', MODEL);
    const written = await write([ANNE, { ...ANNE, object: 'document:2' }]);
    revision = written.metadata['rsfga-revision'] ?? '';
    await eventually(
      () => check({}),
      (reply) => servedBy(reply) === 'local',
      30_000,
    );
  });
  afterAll(async () => {
    near?.close();
    far?.close();
    await edge?.stop();
  });

  const write = (tupleKeys: object[]) =>
    near.call('Write', WriteRequestSchema, { storeId: ids.storeId, writes: { tupleKeys } });
  const check = (more: object, metadata?: Record<string, string>, client = near) =>
    client.call('Check', CheckRequestSchema, { storeId: ids.storeId, tupleKey: ANNE, ...more }, metadata);

  /** The same call at both; what may differ between two calls at one server is left out. */
  async function both(ask: (client: GrpcClient) => Promise<GrpcReply>) {
    const [here, there] = await Promise.all([ask(near), ask(far)]);
    expect(essence(here)).toEqual(essence(there));
    return here;
  }

  test('a Write is captured, and its revision is initial metadata that a later Check may name', async () => {
    const written = await write([{ ...ANNE, user: 'user:bert' }]);
    expect(written).toMatchObject({ status: 0, trailersOnly: false });
    const wanted = written.metadata['rsfga-revision'] ?? '';
    expect(wanted).toMatch(/^[0-9A-Z]{26}\.\d+$/);
    const seen = await check({ tupleKey: { ...ANNE, user: 'user:bert' } }, { 'rsfga-min-revision': wanted });
    expect(only(CheckResponseSchema, seen).allowed).toBe(true);
    expect(seen.metadata).toMatchObject({ 'rsfga-served-by': 'local', 'rsfga-revision': wanted });
  });

  test('Check, BatchCheck, ListObjects, StreamedListObjects and ListUsers are answered here as there', async () => {
    const { storeId } = ids;
    const yes = await both((client) => check({}, {}, client));
    expect(only(CheckResponseSchema, yes).allowed).toBe(true);
    expect(Number(yes.metadata['rsfga-staleness-ms'])).toBeGreaterThanOrEqual(0);
    const no = await both((client) => check({ tupleKey: { ...ANNE, user: 'user:nobody' } }, {}, client));
    expect(only(CheckResponseSchema, no).allowed).toBe(false);
    const checks = [
      { tupleKey: ANNE, correlationId: 'yes' },
      { tupleKey: { ...ANNE, relation: 'nope' }, correlationId: 'error' },
    ];
    const batch = (client: GrpcClient) =>
      client.call('BatchCheck', BatchCheckRequestSchema, { storeId, checks });
    const [here, there] = await Promise.all([batch(near), batch(far)]);
    expect(servedBy(here)).toBe('local');
    expect(only(BatchCheckResponseSchema, here)).toEqual(only(BatchCheckResponseSchema, there));
    const list = { storeId, type: 'document', relation: 'viewer', user: 'user:anne' };
    await both((client) => client.call('ListObjects', ListObjectsRequestSchema, list));
    const streamed = await both((client) =>
      client.call('StreamedListObjects', StreamedListObjectsRequestSchema, list),
    );
    expect(
      streamed.messages.map((m) => fromBinary(StreamedListObjectsResponseSchema, m).object).sort(),
    ).toEqual(['document:1', 'document:2']);
    await both((client) =>
      client.call('ListUsers', ListUsersRequestSchema, {
        storeId,
        object: { type: 'document', id: '2' },
        relation: 'viewer',
        userFilters: [{ type: 'user' }],
      }),
    );
  });

  test.each<[string, object]>([
    ['a relation that is not there', { tupleKey: { ...ANNE, relation: 'nope' } }],
    ['a model that is not there', { authorizationModelId: '01M850XM20BRXZ0HAWH2E1TNGF' }],
    ['a store id that is none', { storeId: 'bad' }],
    ['no tuple key', { tupleKey: undefined }],
    ['fields that break their rules', { tupleKey: { user: 'u', relation: '', object: 'x' } }],
    ['a consistency that is no word', { consistency: 7 }],
    [
      'a broken contextual tuple, deep within',
      {
        contextualTuples: {
          tupleKeys: [{ user: 'u', relation: 'r#', object: 'o', condition: { name: '' } }],
        },
      },
    ],
  ])('%s: OpenFGA’s status and words', async (_what, more) => {
    const [here, there] = await Promise.all([check(more), check(more, {}, far)]);
    expect(here.status).toBe(there.status);
    expect(here.status).toBeGreaterThan(0);
    expect(here.message).toBe(there.message);
    expect(here.metadata['openfga-store-id']).toBe(there.metadata['openfga-store-id']);
    expect(here.metadata['rsfga-served-by']).toMatch(/local|upstream/);
  });

  test.each<[string, Buffer, Record<string, string>]>([
    ['no message', Buffer.alloc(0), {}],
    ['half a message', Buffer.from([0, 0, 0, 0, 5, 1]), {}],
    ['garbage', frame(Buffer.from([0xff, 0xff, 0xff])), {}],
    ['a compressed message without a codec', Buffer.from([1, 0, 0, 0, 0]), {}],
    ['a message over the limit', frame(Buffer.alloc(700_000)), {}],
    ['a deadline that is none', frame(Buffer.alloc(0)), { 'grpc-timeout': 'abc' }],
    ['a content type that is none', frame(Buffer.alloc(0)), { 'content-type': 'application/json' }],
  ])('%s is refused as OpenFGA refuses it', async (_what, frames, metadata) => {
    const [here, there] = await Promise.all([
      near.raw(`${SERVICE}Check`, frames, metadata),
      far.raw(`${SERVICE}Check`, frames, metadata),
    ]);
    expect([here.status, here.message.replaceAll('\u00a0', ' '), here.metadata[':status']]).toEqual([
      there.status,
      there.message.replaceAll('\u00a0', ' '),
      there.metadata[':status'],
    ]);
  });

  test('health, reflection, unknown services and reads pass through, their metadata too', async () => {
    const health = await near.raw('/grpc.health.v1.Health/Check', frame(Buffer.alloc(0)));
    expect(health).toMatchObject({ status: 0, messages: [Buffer.from([8, 1])] });
    expect(servedBy(health)).toBe('upstream');
    const reflected = near.open('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    const reply = replyOf(reflected);
    // list_services (field 7), asked twice on one stream: the second after the first was answered.
    const listServices = frame(Buffer.from([0x3a, 0x01, 0x2a]));
    reflected.write(listServices);
    await new Promise((resolve) => reflected.once('data', resolve));
    reflected.end(listServices);
    const services = await reply;
    expect(services.status).toBe(0);
    expect(services.messages).toHaveLength(2);
    expect(Buffer.from(services.messages[1] ?? []).toString()).toContain('openfga.v1.OpenFGAService');
    expect(await near.raw('/no.Service/Nope', frame(Buffer.alloc(0)))).toMatchObject({
      status: 12,
      message: 'unknown service no.Service',
    });
    const read = await near.call('Read', ReadRequestSchema, { storeId: ids.storeId });
    expect(only(ReadResponseSchema, read).tuples.length).toBeGreaterThanOrEqual(2);
  });

  test('a deadline and a cancellation reach the upstream, and the edge goes on', async () => {
    const late = await check({ consistency: 200 }, { 'grpc-timeout': '1n' });
    expect(late).toMatchObject({ status: 4, message: 'context deadline exceeded' });
    const stream = near.open('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    const cut = replyOf(stream);
    stream.write(frame(Buffer.from([0x3a, 0x01, 0x2a])));
    await new Promise((resolve) => stream.once('data', resolve));
    stream.close(8);
    expect((await cut).rst).toBe(8);
    await sleep(50);
    expect((await check({})).status).toBe(0);
  });

  test('a decline says its reason, and a caller who names a revision gets at least that', async () => {
    const strong = await check({ consistency: 200 });
    expect(strong.metadata).toMatchObject({ 'rsfga-served-by': 'upstream', 'rsfga-declined': 'consistency' });
    const again = await check({}, { 'rsfga-min-revision': revision });
    expect(servedBy(again)).toBe('local');
  });

  test('a Write that comes compressed is seen by the Check after it', async () => {
    const tupleKey = { ...ANNE, user: 'user:packed' };
    const message = create(WriteRequestSchema, { storeId: ids.storeId, writes: { tupleKeys: [tupleKey] } });
    const packed = frame(gzipSync(toBinary(WriteRequestSchema, message))).fill(1, 0, 1);
    const written = await near.raw(`${SERVICE}Write`, packed, { 'grpc-encoding': 'gzip' });
    expect(written.status).toBe(0);
    expect(only(CheckResponseSchema, await check({ tupleKey })).allowed).toBe(true);
  });
});

function servedBy(reply: GrpcReply): string | undefined {
  return reply.metadata['rsfga-served-by'];
}

function essence({ status, message, messages, metadata, trailersOnly }: GrpcReply) {
  const model = metadata['openfga-authorization-model-id'];
  const store = metadata['openfga-store-id'];
  const sorted = messages.map((m) => Buffer.from(m).toString('hex')).sort();
  return { status, message, sorted, trailersOnly, model, store, type: metadata['content-type'] };
}
