/** What becomes of a gRPC call whose upstream is there and has no answer. */
import { expect, test } from 'vitest';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { createBreaker, FAILURES_IN_A_ROW } from '../../src/upstream/breaker.ts';
import { frame } from '../support/grpc.ts';
import { closingAfterEach } from './after-each.ts';
import { type Answering, politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { LOCAL, YES } from './serving.ts';
import { forwardAll, STORE } from './street-setup.ts';

const closing = closingAfterEach();
const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const decider = { serves: () => true, decide: () => ({ answer: YES, ...LOCAL }), sawModel() {} };

async function started<T extends { close(): Promise<void> }>(pending: Promise<T>): Promise<T> {
  const one = await pending;
  closing(() => one.close());
  return one;
}

test.each<[string, Answering]>([
  [
    'says UNAVAILABLE at once',
    (stream) => stream.respond({ ':status': 200, 'grpc-status': '14' }, { endStream: true }),
  ],
  [
    'says that it has too much to do',
    (stream) => stream.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true }),
  ],
  [
    'says that its time was up',
    (stream) => stream.respond({ ':status': 200, 'grpc-status': '4' }, { endStream: true }),
  ],
  ['is a balancer’s 503', (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
  [
    'says 4000 after its head',
    (stream) => {
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '4000' }));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end();
    },
  ],
  ['resets the call', (stream) => stream.close(8)],
])('that is declined falls back to its local answer where the upstream %s', async (_what, answering) => {
  const upstream = await started(startRudeGrpc(answering));
  const fallback = () => ({ answer: YES, ...LOCAL });
  const away = { ...decider, decide: () => ({ declined: 'stale' as const, fallback }) };
  const { client } = await started(startGrpcStreet({ port: upstream.port, street: { decider: away } }));
  const reply = await client.call('Check', CheckRequestSchema, { storeId: STORE, tupleKey: KEY });
  expect(reply).toMatchObject({ status: 0, messages: [Buffer.from([8, 1])] });
  expect(reply.metadata['rsfga-served-by']).toBe('local');
});

test('that could fall back is answered by an upstream that has an answer', async () => {
  const upstream = await started(startRudeGrpc(politely(frame(Buffer.from('theirs')))));
  const fallback = () => ({ answer: YES, ...LOCAL });
  const stale = { ...decider, decide: () => ({ declined: 'stale' as const, fallback }) };
  const { client } = await started(startGrpcStreet({ port: upstream.port, street: { decider: stale } }));
  const reply = await client.call('Check', CheckRequestSchema, { storeId: STORE, tupleKey: KEY });
  expect(reply.messages.map((m) => Buffer.from(m).toString())).toEqual(['theirs']);
  expect(reply.metadata['rsfga-declined']).toBe('stale');
});

test('a caller whose calls the upstream resets does not have others refused', async () => {
  const upstream = await started(startRudeGrpc((stream) => stream.close(8)));
  const breaker = createBreaker({ clock: systemClock });
  const { client } = await started(
    startGrpcStreet({
      port: upstream.port,
      street: { breakers: { upstream: breaker, primary: breaker }, decider: forwardAll },
    }),
  );
  for (let n = 0; n <= FAILURES_IN_A_ROW; n += 1)
    await client.call(
      'Check',
      CheckRequestSchema,
      { storeId: STORE, tupleKey: KEY },
      { 'grpc-timeout': '100u' },
    );
  expect(breaker.refusal()).toBeUndefined();
});
