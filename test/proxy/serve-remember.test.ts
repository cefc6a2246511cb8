/** Who waits to hear what the upstream says is told in the end, whatever the client does: others wait for the same. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { UpstreamSaid } from '../../src/plugin/tier.ts';
import type { Decision } from '../../src/proxy/decision.ts';
import { frame, SERVICE } from '../support/grpc.ts';
import { startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { startServing } from './serving.ts';
import { afterEachStarted } from './started.ts';
import { A_CHECK, CHECK, post, STORE } from './street-setup.ts';

const started = afterEachStarted();

function missed() {
  const told: (UpstreamSaid | undefined)[] = [];
  const decision: Decision = { declined: 'miss', remember: (said) => void told.push(said) };
  return { told, decision };
}

test('a call over gRPC that its client cancels while the upstream is at work', async () => {
  const { told, decision } = missed();
  let asked = 0;
  const upstream = await started(
    startRudeGrpc(() => {
      asked += 1;
    }),
  );
  const decider = { serves: () => true, decide: () => decision, sawModel() {} };
  const { client } = await started(startGrpcStreet({ port: upstream.port, street: { decider } }));
  const call = client.open(`${SERVICE}Check`).on('error', () => undefined);
  const tupleKey = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
  call.end(frame(toBinary(CheckRequestSchema, create(CheckRequestSchema, { storeId: STORE, tupleKey }))));
  await expect.poll(() => asked, { timeout: 5_000 }).toBe(1);
  expect(told).toEqual([]);
  call.close(8);
  await expect.poll(() => told, { timeout: 5_000 }).toEqual([undefined]);
});

test('a request over HTTP whose client is gone before it is decided', async () => {
  const { told, decision } = missed();
  const later = Promise.withResolvers<Decision>();
  let decided = 0;
  const { port } = await started(
    startServing(() => {
      decided += 1;
      return later.promise;
    }),
  );
  const client = connect(port, '127.0.0.1', () => client.write(post(CHECK, A_CHECK)));
  await expect.poll(() => decided, { timeout: 5_000 }).toBe(1);
  client.end();
  await once(client.resume(), 'close');
  later.resolve(decision);
  await expect.poll(() => told[0] === undefined && told.length > 0, { timeout: 5_000 }).toBe(true);
});
