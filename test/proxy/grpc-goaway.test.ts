/** An upstream that says goodbye: calls under way end, later ones go elsewhere, what it never saw may be sent again by its client. */
import type { Http2Session } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { frame } from '../support/grpc.ts';
import { h2Frame, PREFACE, receive, settings, TYPE } from '../support/h2-frames.ts';
import { type Answering, politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';

const REFUSED_STREAM = 7;
const MESSAGE = frame(Buffer.from('hello'));
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function parting(answer: Answering) {
  const upstream = await startRudeGrpc(answer);
  closing.push(() => upstream.close());
  const sessions: Http2Session[] = [];
  upstream.server.on('session', (session) => sessions.push(session));
  const street = await startGrpcStreet({ port: upstream.port });
  closing.push(() => street.close());
  return { sessions, call: () => street.client.raw('/any.Service/Method', MESSAGE) };
}

describe('an upstream that says goodbye', () => {
  test('ends the call under way, and the next one goes over a new session', async () => {
    const go = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    let calls = 0;
    const { sessions, call } = await parting((stream, headers, raw) => {
      if (calls++ > 0) return politely(MESSAGE)(stream, headers, raw);
      arrived.resolve();
      void go.promise.then(() => politely(MESSAGE)(stream, headers, raw));
    });
    const first = call();
    await arrived.promise;
    sessions[0]?.close();
    const second = await call();
    expect(second).toMatchObject({ status: 0, messages: [Buffer.from('hello')] });
    go.resolve();
    expect(await first).toMatchObject({ status: 0, messages: [Buffer.from('hello')] });
    expect(sessions).toHaveLength(2);
  });

  test('what it did not take is refused, in the one way that lets gRPC libraries send it again', async () => {
    const upstream = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(settings());
      // The last call that was taken: none.
      const goodbye = h2Frame(TYPE.goaway, 0, 0, Buffer.alloc(8));
      receive(socket, ({ type }) => type === TYPE.headers && socket.write(goodbye), PREFACE.length);
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    closing.push(async () => void upstream.close());
    const { port } = upstream.address() as AddressInfo;
    const street = await startGrpcStreet({ port });
    closing.push(() => street.close());
    expect((await street.client.raw('/any.Service/Method', MESSAGE)).rst).toBe(REFUSED_STREAM);
  });

  test('with an error is an upstream that went away: UNAVAILABLE, and the next call goes over a new session', async () => {
    let calls = 0;
    const { sessions, call } = await parting((stream, headers, raw) => {
      if (calls++ > 0) return politely(MESSAGE)(stream, headers, raw);
      sessions[0]?.goaway(11);
      sessions[0]?.destroy();
    });
    expect((await call()).status).toBe(14);
    expect((await call()).status).toBe(0);
  });
});
