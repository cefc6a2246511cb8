import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test } from 'vitest';
import { WriteRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { Capture } from '../../src/proxy/capture-call.ts';
import { frame, replyOf, SERVICE } from '../support/grpc.ts';
import { politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { STORE } from './street-setup.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started<T extends { close(): Promise<void> }>(pending: Promise<T>): Promise<T> {
  const one = await pending;
  closing.push(() => one.close());
  return one;
}

const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const MESSAGE = create(WriteRequestSchema, { storeId: STORE, writes: { tupleKeys: [KEY] } });
const LARGE = toBinary(
  WriteRequestSchema,
  create(WriteRequestSchema, {
    storeId: STORE,
    writes: { tupleKeys: Array.from({ length: 5_000 }, (_, n) => ({ ...KEY, object: `document:${n}` })) },
  }),
);
const compressed = (message: Uint8Array) => frame(gzipSync(message)).fill(1, 0, 1);
const WRITE = { storeId: STORE, writes: { tupleKeys: [KEY] } };

describe('a captured Write', () => {
  function recording() {
    const told: string[] = [];
    const capture: Capture = {
      rejectWrites: () => undefined,
      beginWrite: (storeId, body, encoding) => {
        told.push(`begin ${storeId} ${encoding} ${body?.length}`);
        return {
          committed: async (_body, inner) => {
            told.push(`committed ${inner ?? ''}`.trim());
            return { revision: 'E.7' };
          },
          refused: (status) => told.push(`refused ${status}`),
          doubtful: () => told.push('doubtful'),
        };
      },
      beginModelWrite: () => {
        throw new Error('not asked');
      },
    };
    return { told, capture };
  }

  function saying(status: string) {
    return (stream: Parameters<Parameters<typeof startRudeGrpc>[0]>[0]) => {
      stream.resume();
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
        { endStream: true },
      );
    };
  }

  test('is held until it was handed over, and its revision is initial metadata', async () => {
    const { told, capture } = recording();
    const upstream = await started(startRudeGrpc(politely(frame(Buffer.alloc(0)))));
    const { client } = await started(startGrpcStreet({ port: upstream.port, street: { capture } }));
    const reply = await client.call('Write', WriteRequestSchema, WRITE);
    expect(reply.status).toBe(0);
    expect(reply.metadata).toMatchObject({ 'rsfga-revision': 'E.7', 'rsfga-served-by': 'upstream' });
    expect(told).toEqual([expect.stringMatching(`begin ${STORE} protobuf \\d+`), 'committed']);
  });

  test.each([
    ['3', 'refused 400'],
    ['2017', 'refused 400'],
    ['1010', 'refused 400'],
    ['10', 'doubtful'],
    ['4', 'doubtful'],
    ['14', 'doubtful'],
    ['4000', 'doubtful'],
    ['2058', 'doubtful'],
  ])('with status %s is %s', async (status, outcome) => {
    const { told, capture } = recording();
    const upstream = await started(startRudeGrpc(saying(status)));
    const { client } = await started(startGrpcStreet({ port: upstream.port, street: { capture } }));
    expect((await client.call('Write', WriteRequestSchema, WRITE)).status).toBe(Number(status));
    expect(told[1]).toBe(outcome);
  });

  /** They reach the upstream as they came; what they hold is for the walk to find. */
  test.each<[string, () => [Buffer, Record<string, string>?]]>([
    ['too large to be read', () => [frame(LARGE)]],
    ['compressed and too large', () => [compressed(LARGE), { 'grpc-encoding': 'gzip' }]],
    ['compressed', () => [compressed(toBinary(WriteRequestSchema, MESSAGE)), { 'grpc-encoding': 'gzip' }]],
  ])('that is %s is captured all the same, as one that was not read', async (_what, made) => {
    const { told, capture } = recording();
    const [bytes, metadata] = made();
    let heard = Buffer.alloc(0);
    const upstream = await started(
      startRudeGrpc((...call) => {
        call[0].on('data', (chunk: Buffer) => {
          heard = Buffer.concat([heard, chunk]);
        });
        politely(frame(Buffer.alloc(0)))(...call);
      }),
    );
    const street = { capture, requestBytes: 1_024 };
    const { client } = await started(startGrpcStreet({ port: upstream.port, street }));
    const reply = await client.raw(`${SERVICE}Write`, bytes, metadata);
    expect(reply).toMatchObject({ status: 0, metadata: { 'rsfga-revision': 'E.7' } });
    expect(told).toEqual([`begin ${STORE} protobuf undefined`, 'committed']);
    expect(heard.equals(bytes)).toBe(true);
  });

  test('that is too large to be read may take its client longer than the upstream may take', async () => {
    const { told, capture } = recording();
    const upstream = await started(startRudeGrpc(politely(frame(Buffer.alloc(0)))));
    const street = { capture, requestBytes: 1_024 };
    const times = { port: upstream.port, answerTimeoutMs: 200 };
    const { client } = await started(startGrpcStreet({ ...times, street }));
    const stream = client.open(`${SERVICE}Write`);
    const reply = replyOf(stream);
    stream.write(frame(LARGE).subarray(0, 2_000));
    await new Promise((resolve) => setTimeout(resolve, 500));
    stream.end(frame(LARGE).subarray(2_000));
    expect(await reply).toMatchObject({ status: 0, metadata: { 'rsfga-revision': 'E.7' } });
    expect(told[1]).toBe('committed');
  });

  test('whose store cannot be told is passed on', async () => {
    const { told, capture } = recording();
    const upstream = await started(startRudeGrpc(politely(frame(Buffer.alloc(0)))));
    const street = { capture, requestBytes: 1_024 };
    const { client } = await started(startGrpcStreet({ port: upstream.port, street }));
    const gzip = { 'grpc-encoding': 'gzip' };
    const bomb = compressed(Buffer.alloc(4_000_000));
    for (const [bytes, metadata] of [
      [frame(Buffer.alloc(2_000)), {}],
      [frame(Buffer.from('no gzip')).fill(1, 0, 1), gzip],
      [compressed(toBinary(WriteRequestSchema, MESSAGE)), { 'grpc-encoding': 'snappy' }],
      [bomb, gzip],
    ] as const)
      expect((await client.raw(`${SERVICE}Write`, bytes, metadata)).status).toBe(0);
    expect(told).toEqual([]);
  });

  test('that never left is refused, one that was cut off is doubtful', async () => {
    const down = recording();
    const nobody = await started(startGrpcStreet({ port: 1, street: { capture: down.capture } }));
    expect((await nobody.client.call('Write', WriteRequestSchema, WRITE)).status).toBe(14);
    expect(down.told[1]).toBe('refused 503');
    const { told, capture } = recording();
    const upstream = await started(startRudeGrpc(() => setTimeout(() => upstream.cut(), 20)));
    const { client } = await started(startGrpcStreet({ port: upstream.port, street: { capture } }));
    expect((await client.call('Write', WriteRequestSchema, WRITE)).status).toBe(14);
    expect(told[1]).toBe('doubtful');
  });
});
