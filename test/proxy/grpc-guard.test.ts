/** Clients that take a place, or memory, and give nothing back. */
import { describe, expect, test } from 'vitest';
import { frame, grpcClient, SERVICE } from '../support/grpc.ts';
import {
  END_HEADERS,
  END_STREAM,
  fields,
  grpcFields,
  h2Frame,
  rawH2,
  settings,
  TYPE,
  uint32,
} from '../support/h2-frames.ts';
import { type GrpcStreetOptions, politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { afterEachStarted } from './started.ts';

const MESSAGE = frame(Buffer.alloc(0));
const started = afterEachStarted();

async function street(listener: GrpcStreetOptions['listener'], answer = MESSAGE) {
  const upstream = await started(startRudeGrpc(politely(answer)));
  const { address } = await started(startGrpcStreet({ port: upstream.port, ...(listener && { listener }) }));
  const goesOn = async () => {
    const other = grpcClient(address);
    const reply = await other.raw('/any.Service/Method', MESSAGE);
    other.close();
    return reply.status;
  };
  return { address, goesOn };
}

describe('the gRPC listener', () => {
  test('ends a session for which too much is kept, and no other', async () => {
    const limits = { requestTimeoutMs: 60_000 };
    const keptBytes = { session: 100_000, all: 1_000_000 };
    const { address, goesOn } = await street({ limits, keptBytes });
    const part = h2Frame(TYPE.data, 0, 1, Buffer.alloc(16_000));
    const head = h2Frame(TYPE.headers, END_HEADERS, 1, fields(grpcFields(`${SERVICE}Check`)));
    const [greedy, modest] = [await rawH2(address), await rawH2(address)];
    await modest.send(head, part);
    await greedy.send(head, ...Array.from({ length: 10 }, () => part));
    await greedy.closed;
    expect(greedy.came.find(({ type }) => type === TYPE.goaway)?.payload.readUInt32BE(4)).toBe(11);
    expect(modest.isClosed()).toBe(false);
    expect(await goesOn()).toBe(0);
    modest.destroy();
  });

  test('of many sessions for which little is kept those that hold most are ended', async () => {
    const keptBytes = { session: 1_000_000, all: 100_000 };
    const { address } = await street({ keptBytes });
    const head = h2Frame(TYPE.headers, END_HEADERS, 1, fields(grpcFields(`${SERVICE}Check`)));
    const sizes = [10_000, 16_000, 16_000, 16_000, 16_000, 16_000, 16_000, 16_000];
    const raws = await Promise.all(sizes.map(() => rawH2(address)));
    await Promise.all(
      raws.map((raw, i) => raw.send(head, h2Frame(TYPE.data, 0, 1, Buffer.alloc(sizes[i] ?? 0)))),
    );
    await Promise.any(raws.slice(1).map(({ closed }) => closed));
    expect(raws[0]?.isClosed()).toBe(false);
    for (const raw of raws) raw.destroy();
  });

  test.each([
    ['that drips in its request', `${SERVICE}Check`],
    ['that drips in a request which is passed on', `${SERVICE}Read`],
    ['of a stream that says nothing', '/any.Service/Stream'],
  ])('ends a call %s in time, and the session goes on', async (_what, path) => {
    const limits = { requestTimeoutMs: 500, idleTimeoutMs: 500 };
    const { address } = await street({ limits });
    const raw = await rawH2(address);
    await raw.send(h2Frame(TYPE.headers, END_HEADERS, 1, fields(grpcFields(path))));
    const drips = path.startsWith(SERVICE);
    const drip = setInterval(() => drips && void raw.send(h2Frame(TYPE.data, 0, 1, Buffer.from([0]))), 100);
    const reset = await raw.first(({ type }) => type === TYPE.reset);
    clearInterval(drip);
    expect([reset?.stream, reset?.payload.readUInt32BE(0)]).toEqual([1, 8]);
    expect(raw.isClosed()).toBe(false);
    raw.destroy();
  });

  test('ends a call whose client takes nothing of its answer, not one whose client takes it slowly', async () => {
    const { address } = await street({ limits: { stallTimeoutMs: 2_000 } }, frame(Buffer.alloc(600_000)));
    const call = Buffer.concat([
      h2Frame(TYPE.headers, END_HEADERS, 1, fields(grpcFields('/any.Service/Method'))),
      h2Frame(TYPE.data, END_STREAM, 1, MESSAGE),
    ]);
    const [stuck, slow] = await Promise.all([0, 1].map(() => rawH2(address, { settings: settings([4, 0]) })));
    if (!stuck || !slow) throw new Error('two were opened');
    await Promise.all([stuck.send(call), slow.send(call)]);
    const sip = setInterval(
      () => void slow.send(...[0, 1].map((id) => h2Frame(TYPE.windowUpdate, 0, id, uint32(20_000)))),
      100,
    );
    const cut = await stuck.first(({ type }) => type === TYPE.reset, 20_000);
    expect(cut?.payload.readUInt32BE(0)).toBe(8);
    const whole = await slow.first(
      ({ type, flags, stream }) => type === TYPE.headers && stream === 1 && (flags & END_STREAM) !== 0,
      20_000,
    );
    clearInterval(sip);
    expect(whole).toBeDefined();
    for (const raw of [stuck, slow]) raw.destroy();
  });
});
