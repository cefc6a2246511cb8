/** Behind a replica: a caller who asks for the newest is not answered by a copy that may lag, whatever the tier. */
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ConsistencyPreference } from '../../proto/gen/openfga/v1/openfga_pb.ts';
import {
  CheckRequestSchema,
  ReadChangesRequestSchema,
  ReadRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { createOwnWrites } from '../../src/proxy/own-writes.ts';
import { openGrpcForwarder } from '../../src/upstream/grpc.ts';
import { frame, type GrpcReply, SERVICE } from '../support/grpc.ts';
import { closingAfterEach } from './after-each.ts';
import { politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { polite, startRude } from './rude-upstream.ts';
import { A_CHECK, A_WRITE, CHECK, post, STORE, startStreet, talk, WRITE } from './street-setup.ts';

const closing = closingAfterEach();
const READ = `/stores/${STORE}/read`;
const EVALUATION = `/stores/${STORE}/access/v1/evaluation`;
const ANOTHER = '01M850XKZ1YW26T9CD0HFPXXQJ';
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
    ['a Check with a query string', `${CHECK}?trace=1`, A_CHECK, 'replica'],
    [
      'a Check with a query string and HIGHER_CONSISTENCY',
      `${CHECK}?trace=1`,
      A_CHECK.replace(/}$/, `,${STRONG}}`),
      'primary',
    ],
    ['a Read', READ, '{}', 'replica'],
    ['a Read with HIGHER_CONSISTENCY', READ, `{${STRONG}}`, 'primary'],
    ['a Read that only the upstream can read', READ, '{"consistency":200}', 'primary'],
  ])('%s goes to the right one', async (_what, path, body, where) => {
    const ask = await overHttp();
    expect(await ask(path, body)).toBe(where);
  });

  test('whatever names a revision goes to the primary', async () => {
    const ask = await overHttp();
    for (const [path, body] of [
      [CHECK, A_CHECK],
      [READ, '{}'],
      [EVALUATION, '{}'],
    ] as const)
      expect(await ask(path, body, 'Rsfga-Min-Revision: 01J0000000000000000000EP00.1')).toBe('primary');
  });

  test.each([READ, EVALUATION, `${CHECK}?trace=1`])('%s sees the Write before it', async (path) => {
    const ask = await overHttp();
    expect(await ask(path, '{}')).toBe('replica');
    await ask(WRITE, A_WRITE);
    expect(await ask(path, '{}')).toBe('primary');
    expect(await ask(path.replace(STORE, ANOTHER), '{}')).toBe('replica');
  });
});

async function overGrpc() {
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
  return street.client;
}

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
    const client = await overGrpc();
    const tupleKey = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
    const check = await client.call(
      'Check',
      CheckRequestSchema,
      { storeId: STORE, tupleKey, consistency },
      metadata,
    );
    const read = await client.call('Read', ReadRequestSchema, { storeId: STORE, consistency }, metadata);
    for (const reply of [check, read]) expect(saidBy(reply)).toBe(where);
  });

  test('a query that is not read here goes to the primary: it may ask for the newest', async () => {
    const client = await overGrpc();
    const { HIGHER_CONSISTENCY } = ConsistencyPreference;
    const question = create(CheckRequestSchema, { storeId: STORE, consistency: HIGHER_CONSISTENCY });
    const packed = gzipSync(toBinary(CheckRequestSchema, question));
    const compressed = frame(packed).fill(1, 0, 1);
    const named = { 'grpc-encoding': 'gzip' };
    expect(saidBy(await client.raw(`${SERVICE}Check`, compressed, named))).toBe('primary');
    const other = { 'content-type': 'application/grpc;x=y' };
    const plain = frame(toBinary(CheckRequestSchema, question));
    expect(saidBy(await client.raw(`${SERVICE}Check`, plain, other))).toBe('primary');
  });

  test('a call of another kind that names a revision goes to the primary', async () => {
    const client = await overGrpc();
    const revision = { 'rsfga-min-revision': '01J0000000000000000000EP00.1' };
    const ask = (metadata: object) =>
      client.call('ReadChanges', ReadChangesRequestSchema, { storeId: STORE }, { ...metadata });
    expect(saidBy(await ask({}))).toBe('replica');
    expect(saidBy(await ask(revision))).toBe('primary');
  });
});

function saidBy({ messages }: GrpcReply): string {
  return messages.map((one) => `${Buffer.from(one)}`).join();
}
