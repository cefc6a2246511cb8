/** Places of queries over gRPC: bounded, and given back however a call ends. */
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { Decision } from '../../src/proxy/decision.ts';
import { createTurnstile } from '../../src/proxy/turnstile.ts';
import { frame, replyOf, SERVICE } from '../support/grpc.ts';
import { politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { LOCAL, YES } from './serving.ts';
import { afterEachStarted } from './started.ts';
import { STORE } from './street-setup.ts';

const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const started = afterEachStarted();

/** One place. What is decided waits for `go`. */
async function onePlace(port = 1) {
  const decisions: ((decision: Decision) => void)[] = [];
  const decider = {
    serves: () => true,
    decide: () => new Promise<Decision>((resolve) => decisions.push(resolve)),
    sawModel() {},
  };
  const turnstile = createTurnstile({
    concurrentQueries: 1,
    quotaOf: () => ({ id: 'all' }),
    clock: { monoMs: () => 0 },
  });
  const street = await started(startGrpcStreet({ port, street: { decider, turnstile } }));
  const ask = () => street.client.call('Check', CheckRequestSchema, { storeId: STORE, tupleKey: KEY });
  const waiting = (count: number) => expect.poll(() => decisions.length, { timeout: 10_000 }).toBe(count);
  return { ...street, ask, decisions, waiting };
}

describe('a query over gRPC', () => {
  test('past the bound is RESOURCE_EXHAUSTED at once, and the place is free when the answer is out', async () => {
    const { ask, decisions, waiting } = await onePlace();
    const first = ask();
    await waiting(1);
    expect(await ask()).toMatchObject({ status: 8, messages: [] });
    decisions[0]?.({ answer: YES, ...LOCAL });
    expect(await first).toMatchObject({ status: 0 });
    const third = ask();
    await waiting(2);
    decisions[1]?.({ answer: YES, ...LOCAL });
    expect(await third).toMatchObject({ status: 0 });
  });

  test('that its client cancels, or whose deadline passes there, gives its place back while it still waits', async () => {
    const { client, ask, decisions, waiting } = await onePlace();
    const stream = client.open(`${SERVICE}Check`, { 'grpc-timeout': '50m' });
    const cut = replyOf(stream);
    stream.end(QUESTION);
    await waiting(1);
    stream.close(8);
    await cut;
    const later = await placed(ask, decisions);
    decisions[1]?.({ answer: YES, ...LOCAL });
    expect(await later.reply).toMatchObject({ status: 0 });
    // The first is decided after all: nobody hears it, and nothing breaks.
    decisions[0]?.({ answer: YES, ...LOCAL });
    const last = ask();
    await waiting(3);
    decisions[2]?.({ answer: YES, ...LOCAL });
    expect(await last).toMatchObject({ status: 0 });
  });

  test('that is forwarded keeps its place until the upstream has answered', async () => {
    const go = Promise.withResolvers<void>();
    const upstream = await started(
      startRudeGrpc((stream, headers, raw) => void go.promise.then(() => politely()(stream, headers, raw))),
    );
    const { ask, decisions, waiting } = await onePlace(upstream.port);
    const first = ask();
    await waiting(1);
    decisions[0]?.({ declined: 'stale' });
    expect(await ask()).toMatchObject({ status: 8 });
    go.resolve();
    expect(await first).toMatchObject({ status: 0 });
    const second = ask();
    await waiting(2);
    decisions[1]?.({ answer: YES, ...LOCAL });
    expect(await second).toMatchObject({ status: 0 });
  });
});

test('queries that are not read here take places too, of the product that they name first', async () => {
  const go = Promise.withResolvers<void>();
  const upstream = await started(
    startRudeGrpc((stream, headers, raw) => void go.promise.then(() => politely()(stream, headers, raw))),
  );
  const entered: string[] = [];
  const turnstile = createTurnstile({
    concurrentQueries: 100,
    quotaOf: (storeId) => {
      entered.push(storeId);
      return storeId === STORE ? { id: 'one', quota: { concurrentQueries: 1 } } : { id: 'any' };
    },
    clock: { monoMs: () => 0 },
  });
  const { client } = await started(startGrpcStreet({ port: upstream.port, street: { turnstile } }));
  const packed = frame(gzipSync(MESSAGE)).fill(1, 0, 1);
  const ask = (bytes: Uint8Array) => client.raw(`${SERVICE}Check`, bytes, { 'grpc-encoding': 'gzip' });
  const first = ask(packed);
  await expect.poll(() => entered).toEqual([STORE]);
  expect(await ask(packed)).toMatchObject({ status: 8, messages: [] });
  const other = ask(frame(Buffer.from('no gzip')).fill(1, 0, 1));
  await expect.poll(() => entered).toEqual([STORE, STORE, '']);
  go.resolve();
  expect(await first).toMatchObject({ status: 0 });
  expect(await other).toMatchObject({ status: 0 });
  expect(await ask(packed)).toMatchObject({ status: 0 });
});

const MESSAGE = toBinary(CheckRequestSchema, create(CheckRequestSchema, { storeId: STORE, tupleKey: KEY }));
const QUESTION = frame(MESSAGE);

/** Asks until there is a place: the end of a cancelled call is heard a moment after its client has gone. */
async function placed<T extends { readonly status: number }>(
  ask: () => Promise<T>,
  decisions: readonly unknown[],
): Promise<{ readonly reply: Promise<T> }> {
  for (;;) {
    const reply = ask();
    const refused = await Promise.race([
      reply,
      expect.poll(() => decisions.length, { timeout: 10_000 }).toBe(2),
    ]);
    if (refused === undefined || decisions.length === 2) return { reply };
    expect(refused.status).toBe(8);
  }
}
