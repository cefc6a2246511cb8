/** A replica on one port alone: the other port of both names is the same server. */
import { expect, test } from 'vitest';
import { ConsistencyPreference } from '../../proto/gen/openfga/v1/openfga_pb.ts';
import { CheckRequestSchema, WriteRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { FAILURES_IN_A_ROW } from '../../src/upstream/breaker.ts';
import { closingAfterEach } from '../proxy/after-each.ts';
import { politely, startRudeGrpc } from '../proxy/rude-grpc.ts';
import { polite, startRude } from '../proxy/rude-upstream.ts';
import { STORE } from '../proxy/street-setup.ts';
import { frame, grpcClient } from '../support/grpc.ts';
import { startInProcess } from '../support/in-process.ts';

const closing = closingAfterEach();
const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

/** The replica's gRPC port is closed, the primary's is not. */
async function scene() {
  const http = await startRude(polite('{}'));
  const primary = await startRudeGrpc(politely(frame(Buffer.alloc(0))));
  closing(() => Promise.all([http.close(), primary.close()]));
  const sidecar = await startInProcess('replica-grpc', {
    role: 'regional',
    upstream: {
      http: http.url,
      grpc: '127.0.0.1:1',
      primary: { http: http.url, grpc: `127.0.0.1:${primary.port}` },
    },
    listen: { http: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0' },
  });
  closing(sidecar.drain);
  const client = grpcClient(sidecar.urls.grpc ?? '');
  closing(async () => client.close());
  const check = async (consistency: ConsistencyPreference) => {
    const question = { storeId: STORE, tupleKey: KEY, consistency };
    return (await client.call('Check', CheckRequestSchema, question)).status;
  };
  const write = () =>
    client.call('Write', WriteRequestSchema, { storeId: STORE, writes: { tupleKeys: [KEY] } });
  return { check, write };
}

const { HIGHER_CONSISTENCY, UNSPECIFIED } = ConsistencyPreference;

test('that does not answer has a rest of its own: what the primary is asked goes on', async () => {
  const { check } = await scene();
  for (let n = 0; n <= FAILURES_IN_A_ROW; n += 1) expect(await check(UNSPECIFIED)).toBe(14);
  expect(await check(HIGHER_CONSISTENCY)).toBe(0);
});

test('is not asked for what was written a moment ago', async () => {
  const { check, write } = await scene();
  expect(await check(UNSPECIFIED)).toBe(14);
  expect((await write()).status).toBe(0);
  expect(await check(UNSPECIFIED)).toBe(0);
});
