/** Behind a replica: a caller who asks for the newest is not answered by a copy that may lag, whatever the tier. */
import { describe, expect, test } from 'vitest';
import { ConsistencyPreference } from '../../proto/gen/openfga/v1/openfga_pb.ts';
import { CheckRequestSchema, ReadRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { createOwnWrites } from '../../src/proxy/own-writes.ts';
import { openGrpcForwarder } from '../../src/upstream/grpc.ts';
import { frame } from '../support/grpc.ts';
import { closingAfterEach } from './after-each.ts';
import { politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { polite, startRude } from './rude-upstream.ts';
import { A_CHECK, A_WRITE, CHECK, post, STORE, startStreet, talk, WRITE } from './street-setup.ts';

const closing = closingAfterEach();
const READ = `/stores/${STORE}/read`;
const STRONG = '"consistency":"HIGHER_CONSISTENCY"';

async function overHttp() {
  const replica = await startRude(polite('{}', 'X-From: replica'));
  const primary = await startRude(polite('{}', 'X-From: primary'));
  const own = createOwnWrites(undefined, systemClock, 60_000);
  const street = await startStreet({
    upstream: replica.url,
    primary: primary.url,
    capture: own.capture,
    wroteLately: own.lately,
  });
  closing(async () => {
    await Promise.all([street.close(), replica.close(), primary.close()]);
  });
  return async (path: string, body: string, ...headers: string[]) => {
    const answer = await talk(street.port, post(path, body, ...headers, 'Connection: close'));
    return /X-From: (\w+)/.exec(answer)?.[1];
  };
}

describe('over HTTP, of a store that is not kept here', () => {
  test.each([
    ['a Check', CHECK, A_CHECK, 'replica'],
    ['a Check with HIGHER_CONSISTENCY', CHECK, A_CHECK.replace(/}$/, `,${STRONG}}`), 'primary'],
    ['a Check that only the upstream can read', CHECK, '{"consistency":200}', 'primary'],
    ['a Read', READ, '{}', 'replica'],
    ['a Read with HIGHER_CONSISTENCY', READ, `{${STRONG}}`, 'primary'],
    ['a Read that only the upstream can read', READ, '{"consistency":200}', 'primary'],
  ])('%s goes to the right one', async (_what, path, body, where) => {
    const ask = await overHttp();
    expect(await ask(path, body)).toBe(where);
  });

  test('a query or Read that names a revision goes to the primary', async () => {
    const ask = await overHttp();
    for (const [path, body] of [
      [CHECK, A_CHECK],
      [READ, '{}'],
    ] as const)
      expect(await ask(path, body, 'Rsfga-Min-Revision: 01J0000000000000000000EP00.1')).toBe('primary');
  });

  test('a Read sees the Write before it', async () => {
    const ask = await overHttp();
    await ask(WRITE, A_WRITE);
    expect(await ask(READ, '{}')).toBe('primary');
  });
});

describe('over gRPC, of a store that is not kept here', () => {
  test.each([
    ['MINIMIZE_LATENCY goes to the replica', ConsistencyPreference.MINIMIZE_LATENCY, {}, 'replica'],
    ['HIGHER_CONSISTENCY goes to the primary', ConsistencyPreference.HIGHER_CONSISTENCY, {}, 'primary'],
    [
      'a named revision goes to the primary',
      ConsistencyPreference.UNSPECIFIED,
      { 'rsfga-min-revision': '01J0000000000000000000EP00.1' },
      'primary',
    ],
  ])('%s', async (_what, consistency, metadata, where) => {
    const replica = await startRudeGrpc(politely(frame(Buffer.from('replica'))));
    const primary = await startRudeGrpc(politely(frame(Buffer.from('primary'))));
    const forwarder = openGrpcForwarder({ host: '127.0.0.1', port: primary.port });
    const street = await startGrpcStreet({
      port: replica.port,
      street: { primary: forwarder, replica: true },
    });
    closing(async () => {
      await street.close();
      await Promise.all([forwarder.close(), replica.close(), primary.close()]);
    });
    const tupleKey = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
    const { client } = street;
    const check = await client.call(
      'Check',
      CheckRequestSchema,
      { storeId: STORE, tupleKey, consistency },
      metadata,
    );
    const read = await client.call('Read', ReadRequestSchema, { storeId: STORE, consistency }, metadata);
    for (const { messages } of [check, read])
      expect(messages.map((one) => `${Buffer.from(one)}`)).toEqual([where]);
  });
});
