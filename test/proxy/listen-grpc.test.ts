/** What a client may do to the gRPC port without hurting anybody else. */
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { STREAMS } from '../../src/plugin/limits.ts';
import { MAX_SETTINGS_FRAMES } from '../../src/proxy/grpc-guard.ts';
import { RESET_BURST } from '../../src/proxy/listen-grpc.ts';
import { frame, grpcClient } from '../support/grpc.ts';
import { END_HEADERS, fields, grpcFields, h2Frame, rawH2, TYPE } from '../support/h2-frames.ts';
import { type GrpcStreetOptions, politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const MESSAGE = frame(Buffer.alloc(0));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function street(options: Partial<GrpcStreetOptions> = {}) {
  const upstream = await startRudeGrpc(politely(frame(Buffer.from('answer'))));
  closing.push(() => upstream.close());
  const one = await startGrpcStreet({ port: upstream.port, ...options });
  closing.push(() => one.close());
  const [, port] = one.address.split(':');
  const goesOn = async () => {
    const other = grpcClient(one.address);
    const reply = await other.raw('/any.Service/Method', MESSAGE);
    other.close();
    return reply.status;
  };
  return { ...one, port: Number(port), goesOn };
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
  });
}

describe('the gRPC listener', () => {
  test('closes a connection that never begins to speak HTTP/2', async () => {
    const { port, goesOn } = await street({ listener: { limits: { headerTimeoutMs: 200 } } });
    await ended(connect(port, '127.0.0.1'));
    expect(await goesOn()).toBe(0);
  });

  test('closes a connection that speaks something else', async () => {
    const { port, goesOn } = await street({ listener: { limits: { headerTimeoutMs: 200 } } });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await ended(socket);
    expect(await goesOn()).toBe(0);
  });

  test('closes a session that floods it with settings', async () => {
    const { port, goesOn } = await street();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      Buffer.concat([PREFACE, ...Array.from({ length: MAX_SETTINGS_FRAMES + 50 }, () => EMPTY_SETTINGS)]),
    );
    await ended(socket);
    expect(await goesOn()).toBe(0);
  });

  test('closes a session that opens and cancels calls without end, and serves others meanwhile', async () => {
    const { address, goesOn } = await street();
    const session = connectHttp2(`http://${address}`);
    session.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
    const opened = openAndCancel(session, RESET_BURST * 5);
    expect(await goesOn()).toBe(0);
    await closed;
    expect(await opened).toBeLessThan(RESET_BURST * 5);
    expect(await goesOn()).toBe(0);
  });

  test('closes a session that does not answer whether it is alive', async () => {
    const { port, goesOn } = await street({ listener: { keepAliveMs: 100, keepAliveAnswerMs: 100 } });
    const socket = connect(port, '127.0.0.1');
    socket.write(Buffer.concat([PREFACE, EMPTY_SETTINGS]));
    await ended(socket);
    expect(await goesOn()).toBe(0);
  });

  test('tells how many calls it takes at once, and bounds metadata', async () => {
    const { address, client, goesOn } = await street();
    await client.raw('/any.Service/Method', MESSAGE);
    expect(client.session.remoteSettings.maxConcurrentStreams).toBe(STREAMS);
    const big = grpcClient(address);
    const reply = await big.raw('/any.Service/Method', MESSAGE, { 'x-big': 'a'.repeat(100_000) });
    expect(reply.status).not.toBe(0);
    big.close();
    expect(await goesOn()).toBe(0);
  });

  test('closes, in order, a session that asked nothing for the idle time, and not one that waits for an answer', async () => {
    const answer = Promise.withResolvers<void>();
    const upstream = await startRudeGrpc(
      (stream, headers) => void answer.promise.then(() => politely()(stream, headers, [])),
    );
    closing.push(() => upstream.close());
    const limits = { idleTimeoutMs: 300 };
    const one = await startGrpcStreet({ port: upstream.port, listener: { limits } });
    closing.push(() => one.close());
    const waits = one.client.raw('/any.Service/Method', MESSAGE);
    const idle = await rawH2(one.address);
    await idle.closed;
    expect(idle.came.at(-1)).toMatchObject({ type: TYPE.goaway });
    expect(idle.came.at(-1)?.payload.readUInt32BE(4)).toBe(0);
    answer.resolve();
    expect((await waits).status).toBe(0);
  });

  test('takes as many connections and calls at once as its limits say', async () => {
    const silent = await startRudeGrpc((stream) => void stream.resume());
    closing.push(() => silent.close());
    const limits = { connections: 3, streams: 5 };
    const one = await startGrpcStreet({ port: silent.port, listener: { limits } });
    closing.push(() => one.close());
    const raw = await rawH2(one.address);
    const calls = [1, 3, 5, 7, 9, 11].map((id) =>
      h2Frame(TYPE.headers, END_HEADERS, id, fields(grpcFields('/any.Service/Method'))),
    );
    await raw.send(...calls);
    const refused = await raw.first(({ type }) => type === TYPE.reset);
    expect([refused?.stream, refused?.payload.readUInt32BE(0)]).toEqual([11, 7]);
    const second = await rawH2(one.address);
    const third = await rawH2(one.address);
    // The client of the street is one of the three.
    await third.closed;
    expect(second.isClosed()).toBe(false);
    raw.destroy();
    second.destroy();
  });

  test('when it closes lets calls under way end, and takes no more', async () => {
    const answer = Promise.withResolvers<void>();
    const upstream = await startRudeGrpc((stream, headers) => {
      void answer.promise.then(() => politely()(stream, headers, []));
    });
    closing.push(() => upstream.close());
    const arrived = new Promise((resolve) => upstream.server.once('stream', resolve));
    const one = await startGrpcStreet({ port: upstream.port, listener: { drainMs: 20_000 } });
    const reply = one.client.raw('/any.Service/Method', MESSAGE);
    await arrived;
    const closed = one.stop();
    const late = grpcClient(one.address);
    expect((await late.raw('/any.Service/Method', MESSAGE)).status).toBe(-1);
    answer.resolve();
    expect((await reply).status).toBe(0);
    await closed;
    await one.close();
  });
});

/** Resolves with how many could be opened. */
async function openAndCancel(session: ReturnType<typeof connectHttp2>, times: number): Promise<number> {
  let opened = 0;
  for (; opened < times && !session.destroyed && !session.closed; opened++) {
    const stream = session.request({ ':method': 'POST', ':path': '/any.Service/Method' });
    stream.on('error', () => undefined);
    stream.close(8);
    if (opened % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
  }
  return opened;
}
