/** An answer whose bytes are told before its head: node does that over TLS, when all of it comes in one record. */
import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { GrpcRelay } from '../../src/upstream/grpc-relay.ts';
import type { OpenCall } from '../../src/upstream/grpc-sessions.ts';
import { frame } from '../support/grpc.ts';
import { startGrpcStreet } from './rude-grpc.ts';

const MESSAGE = frame(Buffer.from('hello'));
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Tells of its parts in this order, as a stream of node's client would. */
function told(order: readonly ('data' | 'head' | 'status')[]): OpenCall {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, taken) => taken() });
  const tell = {
    data: async () => {
      const heard = once(stream, 'data');
      stream.push(MESSAGE);
      await heard;
    },
    head: async () =>
      void stream.emit('response', {}, 0, [':status', '200', 'content-type', 'application/grpc']),
    status: async () => void stream.emit('trailers', {}, 0, ['grpc-status', '0']),
  };
  stream.once('finish', async () => {
    for (const part of order) await tell[part]();
    stream.push(null);
  });
  const whole = Object.assign(stream, { rstCode: 0, close: () => stream.destroy() });
  return {
    stream: whole as unknown as ClientHttp2Stream,
    sent: () => true,
    lost: () => false,
    suspect() {},
  };
}

test.each([[['head', 'data', 'status']], [['data', 'head', 'status']]] as const)(
  'told in the order %j it is whole, with the head that the upstream gave',
  async (order) => {
    const upstream = {
      relay: (call: ConstructorParameters<typeof GrpcRelay>[0]) =>
        void new GrpcRelay(call, told(order), 5_000),
      exchange: () => Promise.reject(new Error('nobody writes')),
      close: async () => undefined,
    };
    const street = await startGrpcStreet({ port: 1, street: { upstream, primary: upstream } });
    closing.push(() => street.close());
    const reply = await street.client.raw('/any.Service/Method', MESSAGE);
    expect(reply).toMatchObject({ status: 0, trailersOnly: false, messages: [Buffer.from('hello')] });
    expect(reply.metadata['rsfga-served-by']).toBe('upstream');
  },
);
