import { connect as tcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowed, call, check, expectStatus, type StoreIds, write, writeModel } from '../support/api.ts';
import type { ModelBody } from '../support/datasets.ts';
import { eventually, type Sidecar } from '../support/fleet.ts';
import { serversAvailable } from '../support/servers.ts';
import { masker, ownHeaders } from './masking.ts';
import { ODD_REQUESTS, type OddRequest } from './odd-requests.ts';
import { companyStore, type Standing, startStanding, untilLocal } from './standing.ts';

describe.skipIf(!serversAvailable())('bad input at every door', () => {
  let standing: Standing;
  let central: Sidecar;
  let edge: Sidecar;
  let store: StoreIds;
  let pids: number[];

  beforeAll(async () => {
    standing = await startStanding();
    ({ central, edge } = standing);
    store = await companyStore(standing, 'bad-input');
    await untilLocal(edge, store.storeId);
    pids = [central.pid(), edge.pid()];
  });
  afterAll(() => standing?.stop());

  const owner = (who: string) => ({ user: `user:${who}`, relation: 'owner', object: 'document:1' });

  async function answer(base: string, { path, name: _, ...rest }: OddRequest): Promise<unknown> {
    const { status, headers, body } = await call(base, path.replace('$', `/stores/${store.storeId}`), rest);
    return masker().apply({ status, headers: ownHeaders(headers), body });
  }

  /** Whatever came before: both still take a Write and show it. */
  async function expectAlive(who: string): Promise<void> {
    const written = await expectStatus(200, write(central.http, store.storeId, { writes: [owner(who)] }));
    await eventually(
      () => check(edge.http, store.storeId, owner(who)),
      (reply) => allowed(reply) && reply.headers['rsfga-served-by'] === 'local',
    );
    expect(written.headers['rsfga-revision']).toBeDefined();
    for (const pid of pids) expect(process.kill(pid, 0)).toBe(true);
  }

  test.each(ODD_REQUESTS)('HTTP: $name is answered as OpenFGA answers it', async (odd) => {
    const straight = await answer(standing.openfga.http, odd);
    expect(await answer(central.http, odd)).toEqual(straight);
    expect(await answer(edge.http, odd)).toEqual(straight);
  });

  test('HTTP: a Write of 10 MB and one with garbage behind it, both committed upstream, reach the edge', async () => {
    const big = { writes: { tuple_keys: [owner('big')] }, filler: 'x'.repeat(10_000_000) };
    const trailing = `${JSON.stringify({ writes: { tuple_keys: [owner('trailing')] } })} and more`;
    for (const body of [big, trailing]) {
      await expectStatus(200, call(central.http, `/stores/${store.storeId}/write`, { body }));
    }
    for (const who of ['big', 'trailing']) {
      await eventually(
        () => check(edge.http, store.storeId, owner(who)),
        (reply) => allowed(reply) && reply.headers['rsfga-served-by'] === 'local',
      );
    }
  });

  test.each([
    ['no HTTP at all', 'garbage\r\n\r\n'],
    ['two lengths', 'POST /stores HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    [
      'length and chunks',
      'POST /stores HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a bad chunk', 'POST /stores/x/check HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a header of 1 MB', `GET /stores HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(1_000_000)}\r\n\r\n`],
    ['a body that never comes', 'POST /stores/x/check HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{'],
  ])('TCP: %s harms nobody', async (_, bytes) => {
    for (const { http } of [central, edge]) await throwAt(http, bytes);
    expect((await call(central.http, '/healthz')).status).toBe(200);
    expect((await call(edge.http, '/healthz')).status).toBe(200);
  });

  test('NATS: messages that are no TupleChange, on every subject, are counted and skipped', async () => {
    await expectAlive('before-garbage');
    const connection = await connect({ servers: standing.nats.url });
    const { storeId } = store;
    const subjects = [
      'write.document',
      'delete.document',
      'tx.committed',
      'model.updated',
      'nonsense',
      'a.b.c.d',
    ];
    const bodies = [
      new Uint8Array(0),
      new TextEncoder().encode('{"not":"a change"}'),
      new Uint8Array(100_000).fill(255),
    ];
    for (const subject of subjects) {
      for (const body of bodies) connection.publish(`rsfga.changes.${storeId}.${subject}`, body);
    }
    for (const subject of ['rsfga.changes.x', 'rsfga.control.sync.edge', 'rsfga.control.nonsense']) {
      connection.publish(subject, bodies[1]);
    }
    await connection.flush();
    await expectAlive('after-garbage');
    const { changelog } = await edge.status();
    expect(changelog.garbage).toBeGreaterThanOrEqual(subjects.length);
    await connection.close();
  });

  test('type names that mean something to NATS go from a Write to a local answer', async () => {
    const types = [
      'a.b',
      'x*y',
      'w>z',
      '*',
      '>',
      'a.>',
      '.',
      'é',
      'a/b',
      '$',
      '%2E',
      'with,comma',
      'tx',
      'committed',
    ];
    await writeModel(central.http, store.storeId, oddModel(types));
    const tuples = types.map((type) => ({ user: 'user:odd', relation: 'r.*>', object: `${type}:1.*>` }));
    await expectStatus(200, write(central.http, store.storeId, { writes: tuples }));
    const seen = async (expected: boolean) => {
      for (const key of tuples) {
        await eventually(
          async () => ({ key, reply: await check(edge.http, store.storeId, key) }),
          ({ reply }) => allowed(reply) === expected && reply.headers['rsfga-served-by'] === 'local',
        );
      }
    };
    await seen(true);
    for (const key of tuples) await expectStatus(200, write(central.http, store.storeId, { deletes: [key] }));
    await seen(false);
  });
});

function oddModel(types: readonly string[]): ModelBody {
  const definitions = types.map((type) => ({
    type,
    relations: { 'r.*>': { this: {} } },
    metadata: { relations: { 'r.*>': { directly_related_user_types: [{ type: 'user' }] } } },
  }));
  return { schema_version: '1.1', type_definitions: [{ type: 'user' }, ...definitions] };
}

/** Sends, waits a moment for whatever comes back, hangs up. */
async function throwAt(base: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(base);
  const socket = tcp(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(bytes);
  await sleep(100);
  socket.destroy();
}
