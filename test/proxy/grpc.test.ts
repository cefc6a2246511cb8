import { createServer as createTcpServer } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { FgaError } from '../../src/fga/error.ts';
import { certificateAuthority, pem } from '../support/certificates.ts';
import { frame, replyOf, SERVICE } from '../support/grpc.ts';
import * as rude from './rude-grpc.ts';
import { politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { LOCAL, YES } from './serving.ts';
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

const MESSAGE = frame(Buffer.from('hello'));
const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

let tls: rude.WireTls;
beforeAll(() => {
  const ours = certificateAuthority('ours');
  const { cert, key } = ours.issue('wire');
  tls = { cert: pem(cert), key: pem(key), ca: pem(ours.ca) };
});

describe.each(['in clear text', 'with TLS on both sides'])('a forwarded call, %s,', (wire) => {
  const here = () => (wire === 'in clear text' ? undefined : tls);
  const startRudeGrpc = (answer: rude.Answering) => rude.startRudeGrpc(answer, here());
  const startGrpcStreet = (options: rude.GrpcStreetOptions) =>
    rude.startGrpcStreet({ ...options, tls: here() });

  test('keeps repeated metadata apart, binary too, and has this hop’s word on where it came from', async () => {
    let seen: unknown;
    const upstream = await started(
      startRudeGrpc((stream, headers) => {
        seen = headers['x-twice'];
        stream.respond(
          {
            ':status': 200,
            'content-type': 'application/grpc',
            'rsfga-served-by': 'local',
            'x-bin': ['AA', 'BB'],
            'grpc-status': '5',
          },
          { endStream: true },
        );
      }),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const reply = await client.raw('/any.Service/Method', MESSAGE, { 'x-twice': ['a', 'b'] });
    expect(seen).toBe('a, b');
    expect(reply).toMatchObject({ status: 5, trailersOnly: true });
    expect(reply.metadata).toMatchObject({ 'rsfga-served-by': 'upstream', 'x-bin': 'AA, BB' });
  });

  test('is UNAVAILABLE in one frame when nobody listens upstream, when nobody answers, when the line is cut', async () => {
    const nobody = await started(startGrpcStreet({ port: 1 }));
    const refused = await nobody.client.raw('/any.Service/Method', MESSAGE);
    expect(refused).toMatchObject({ status: 14, trailersOnly: true });
    expect(refused.metadata['rsfga-served-by']).toBe('local');

    const silent = await started(startRudeGrpc((stream) => void stream.resume()));
    const patient = await started(startGrpcStreet({ port: silent.port, answerTimeoutMs: 200 }));
    expect(await patient.client.raw('/any.Service/Method', MESSAGE)).toMatchObject({
      status: 14,
      message: 'the upstream server did not answer in time',
    });

    const cutting = await started(startRudeGrpc(() => setTimeout(() => cutting.cut(), 50)));
    const cut = await started(startGrpcStreet({ port: cutting.port }));
    expect(await cut.client.raw('/any.Service/Method', MESSAGE)).toMatchObject({ status: 14 });
  });

  test('is UNAVAILABLE in bounded time when the upstream takes the connection and says nothing', async () => {
    const mute = createTcpServer((socket) => {
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    closing.push(async () => void mute.close());
    const { port } = mute.address() as { port: number };
    const street = await started(startGrpcStreet({ port, answerTimeoutMs: 300, connectTimeoutMs: 300 }));
    expect(await street.client.raw('/any.Service/Method', MESSAGE)).toMatchObject({ status: 14 });
  });

  test('that breaks in mid-answer ends with trailers that say so, and the next call gets a new session', async () => {
    let calls = 0;
    const upstream = await started(
      startRudeGrpc((stream, headers) => {
        if (calls++ > 0) return politely(MESSAGE)(stream, headers, []);
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.write(MESSAGE, () => setTimeout(() => upstream.cut(), 50));
      }),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const broken = await client.raw('/any.Service/Method', MESSAGE);
    expect(broken).toMatchObject({ status: 14, trailersOnly: false });
    expect(broken.messages).toHaveLength(1);
    expect(await client.raw('/any.Service/Method', MESSAGE)).toMatchObject({ status: 0 });
  });

  test('is reset as the upstream resets it', async () => {
    const upstream = await started(startRudeGrpc((stream) => stream.close(7)));
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    expect((await client.raw('/any.Service/Method', MESSAGE)).rst).toBe(7);
  });

  test('that is answered before its request has ended has its trailers all the same', async () => {
    const upstream = await started(
      startRudeGrpc((stream) => {
        stream.resume();
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.end(MESSAGE);
      }),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const stream = client.open('/any.Service/Method');
    const reply = replyOf(stream);
    stream.write(MESSAGE);
    await new Promise((resolve) => stream.once('trailers', resolve));
    stream.end();
    expect(await reply).toMatchObject({ status: 0, messages: [Buffer.from('hello')] });
  });

  test('is cancelled upstream when the client cancels it', async () => {
    const gone = Promise.withResolvers<number>();
    const upstream = await started(
      startRudeGrpc((stream) => {
        stream.once('close', () => gone.resolve(stream.rstCode ?? -1));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      }),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const stream = client.open('/any.Service/Method');
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('response', resolve));
    stream.close(8);
    expect(await gone.promise).toBe(8);
  });

  test('a slow reader holds the upstream back, and gets every byte', async () => {
    const big = Buffer.alloc(1_000_000, 7);
    const frames = Array.from({ length: 20 }, () => frame(big));
    let drained = true;
    const upstream = await started(
      startRudeGrpc((stream) => {
        stream.resume();
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        for (const one of frames) drained = stream.write(one);
        stream.end();
      }),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const stream = client.open('/any.Service/Method');
    stream.end(MESSAGE);
    await new Promise((resolve) => stream.once('response', resolve));
    // Nothing is read for a while: what is on the way is bounded by the windows, the rest waits upstream.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(drained).toBe(false);
    const reply = await replyOf(stream);
    expect(reply.status).toBe(0);
    expect(reply.messages).toHaveLength(20);
  });
});

describe('a served call', () => {
  const decider = { serves: () => true, decide: () => ({ answer: YES, ...LOCAL }), sawModel() {} };

  test('has OpenFGA’s metadata and the sidecar’s, and never reaches the upstream', async () => {
    const { client } = await started(startGrpcStreet({ port: 1, street: { decider } }));
    const reply = await client.call('Check', CheckRequestSchema, { storeId: STORE, tupleKey: KEY });
    expect(reply).toMatchObject({ status: 0, message: '', messages: [Buffer.from([8, 1])] });
    expect(reply.metadata).toMatchObject({
      'content-type': 'application/grpc',
      'openfga-store-id': STORE,
      'openfga-authorization-model-id': LOCAL.modelId,
      'rsfga-served-by': 'local',
      'rsfga-revision': 'E.12',
      'rsfga-staleness-ms': '4',
    });
  });

  test('with an error has its status in trailers, its text percent-encoded, the values in the head', async () => {
    const error = new FgaError('relation_not_found', 'relation ‘é%’ not found');
    const failing = { ...decider, decide: () => ({ error, ...LOCAL }) };
    const { client } = await started(startGrpcStreet({ port: 1, street: { decider: failing } }));
    const reply = await client.call('Check', CheckRequestSchema, { storeId: STORE, tupleKey: KEY });
    expect(reply).toMatchObject({ status: 2022, message: 'relation ‘é%’ not found', trailersOnly: false });
    expect(reply.metadata['rsfga-revision']).toBe('E.12');
  });

  test('that is declined falls back to its local answer while the upstream is away', async () => {
    const away = {
      ...decider,
      decide: () => ({ declined: 'stale' as const, fallback: () => ({ answer: YES, ...LOCAL }) }),
    };
    const { client } = await started(startGrpcStreet({ port: 1, street: { decider: away } }));
    const reply = await client.call('Check', CheckRequestSchema, { storeId: STORE, tupleKey: KEY });
    expect(reply).toMatchObject({ status: 0, messages: [Buffer.from([8, 1])] });
  });

  test.each<[string, Buffer]>([
    ['a NaN in its context', Buffer.from('320f0a0d0a01611208' + '11000000000000f87f', 'hex')],
    ['a field that is not known', Buffer.from('7a0161', 'hex')],
  ])('is left to the upstream when it has %s', async (_what, extra) => {
    const upstream = await started(startRudeGrpc(politely(frame(Buffer.from('theirs')))));
    const { client } = await started(startGrpcStreet({ port: upstream.port, street: { decider } }));
    const plain = Buffer.concat([
      Buffer.from([0x0a, 26]),
      Buffer.from(STORE),
      Buffer.from('120c0a03613a61120172' + '1a02643a', 'hex'),
      extra,
    ]);
    const reply = await client.raw(`${SERVICE}Check`, frame(plain));
    expect(reply.messages.map((m) => Buffer.from(m).toString())).toEqual(['theirs']);
  });
});
