/** Clients that take too much of a running sidecar: they are ended, the others are answered, memory stays where it was. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SMALL } from '../e2e/standing.ts';
import { call, check, createStore, fieldOf } from '../support/api.ts';
import { type FaultyHttp, startFaultyHttp } from '../support/faulty-http.ts';
import { createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { send } from './raw.ts';

const KEY = { user: 'user:anne', relation: 'owner', object: 'document:one' };
const HELD_MB = 32;

describe.skipIf(!serversAvailable())('a running sidecar', () => {
  let openfga: OpenFga;
  let slow: FaultyHttp;
  let fleet: Fleet;
  let sidecar: Sidecar;
  let kept: string;
  let bounded: string;
  let other: string;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    openfga = await startOpenFga();
    slow = await startFaultyHttp(openfga.http);
    kept = (await createStore(openfga.http, 'kept', SMALL.model)).storeId;
    bounded = (await createStore(openfga.http, 'bounded', SMALL.model)).storeId;
    other = (await createStore(openfga.http, 'other', SMALL.model)).storeId;
    fleet = createFleet();
    sidecar = await fleet.start('attacked', {
      role: 'edge',
      upstream: { http: slow.url },
      changelog: 'upstream',
      products: [
        { id: 'kept', stores: [kept], tier: 'critical' },
        { id: 'bounded', stores: [bounded], tier: 'cold', quota: { concurrent_queries: 2 } },
      ],
      limits: {
        header_timeout: '2s',
        request_timeout: '3s',
        stall_timeout: '2s',
        held_bytes: HELD_MB * 1_048_576,
        concurrent_queries: 6,
      },
    });
    await sidecar.synced();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await fleet?.stop();
    await slow?.close();
    await openfga?.stop();
  });

  const port = () => Number(new URL(sidecar.http).port);

  function open(): Promise<Socket> {
    const socket = connect(port(), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
  }

  function residentMb(): number {
    const status = readFileSync(`/proc/${sidecar.pid()}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  }

  /** At once, from here or, just after a Write that nobody knows the end of, from the upstream. */
  async function isAnswered(): Promise<void> {
    expect((await check(sidecar.http, kept, KEY)).status).toBe(200);
  }

  beforeEach(async () => {
    await eventually(
      () => check(sidecar.http, kept, KEY),
      (reply) => reply.status === 200 && reply.headers['rsfga-served-by'] === 'local',
    );
  });

  const head = (framing: string, storeId = kept) =>
    `POST /stores/${storeId}/check HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n\r\n`;

  /** Sends a byte now and then, and resolves with what came back once the connection ended. */
  async function dripped(start: string, byte: string): Promise<string> {
    const socket = await open();
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.write(start);
    const drip = setInterval(() => socket.writable && socket.write(byte), 50);
    await new Promise((done) => socket.once('close', done));
    clearInterval(drip);
    return heard;
  }

  async function dripping(): Promise<void> {
    const slowly = [
      dripped('POST /stores', 'x'),
      dripped('POST / HTTP/1.1\r\nHost: a.test\r\nX: ', 'y'),
      dripped('POST / HTTP/1.1\r\nHost: a.test\r\n', 'X: y\r\n'),
      dripped(head('Content-Length: 100000'), ' '),
      dripped(head('Transfer-Encoding: chunked'), '1\r\n \r\n'),
      dripped(`${head('Transfer-Encoding: chunked')}1;`, 'x'),
    ];
    await isAnswered();
    // A byte that crosses the answer on its way resets the connection, and the answer with it.
    for (const text of await Promise.all(slowly)) expect(text).toMatch(/^(HTTP\/1\.1 (408|400) |$)/);
  }

  /** A body that never ends. */
  async function poured(path: string): Promise<void> {
    const piece = `40000\r\n${' '.repeat(0x40000)}\r\n`;
    const socket = await open();
    socket.resume().write(`POST ${path} HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const pour = () => {
      while (socket.writable && socket.writableLength < 1_000_000) if (!socket.write(piece)) break;
    };
    socket.on('drain', pour);
    pour();
    await new Promise((done) => socket.once('close', done));
  }

  test('ends what comes byte by byte and what never ends, holds none of it, and answers others meanwhile', async () => {
    const before = residentMb();
    const paths = [`/stores/${kept}/check`, `/stores/${kept}/write`, '/stores', '/nothing'];
    await Promise.all([dripping(), ...paths.map(poured)]);
    expect(residentMb() - before).toBeLessThan(150);
    await isAnswered();
  });

  test(`holds no more than ${HELD_MB} MB of bodies that are not finished; a Check beside them is answered`, async () => {
    const before = residentMb();
    const piece = ' '.repeat(600_000);
    const many = await Promise.all(Array.from({ length: 400 }, open));
    let refused = 0;
    for (const socket of many) {
      socket.once('data', (data) => {
        if (data.includes('resource_exhausted')) refused += 1;
      });
      socket.write(`${head('Content-Length: 610000')}${piece}`);
    }
    await isAnswered();
    // Each is refused, or timed out while it waits for its rest.
    let most = 0;
    await eventually(
      async () => {
        most = Math.max(most, residentMb());
        return many.filter((socket) => !socket.closed).length;
      },
      (left) => left === 0,
      60_000,
    );
    await isAnswered();
    expect(refused).toBeGreaterThan(0);
    expect(most - before).toBeLessThan(HELD_MB + 120);
    expect(await sidecar.metrics()).toMatch(/rsfga_shed_total\{reason="bytes"\} [1-9]/);
    await eventually(
      () =>
        call(sidecar.http, `/stores/${kept}/check`, {
          body: { tuple_key: KEY, filler: 'x'.repeat(500_000) },
        }),
      (reply) => reply.status === 200,
    );
  });

  test('takes pipelined requests one by one, and ends who sends too many', async () => {
    const before = residentMb();
    const flood = `GET /stores/${kept} HTTP/1.1\r\nHost: a.test\r\n\r\n`.repeat(20_000);
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = await open();
        socket.resume().write(flood);
        await new Promise((done) => socket.once('close', done));
      }),
    );
    expect(residentMb() - before).toBeLessThan(150);
    await isAnswered();
    const few = `POST /stores/${kept}/check HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n{}`.repeat(
      50,
    );
    const { answers } = await send(
      port(),
      `${few}GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(answers).toHaveLength(51);
  });

  test('sheds what one product asks over its quota, in the words of OpenFGA, and answers the others', async () => {
    slow.plan(({ path }) =>
      path.includes(bounded) || path.includes(other) ? { delayMs: 2_500 } : undefined,
    );
    const asked = Array.from({ length: 10 }, () => check(sidecar.http, bounded, KEY));
    await isAnswered();
    const codes = (await Promise.all(asked)).map((reply) => [reply.status, fieldOf(reply, 'code')]);
    expect(codes.filter(([status]) => status === 200)).toHaveLength(2);
    expect(codes.filter(([, code]) => code === 'resource_exhausted')).toHaveLength(8);
    // What no quota bounds is bounded by the sidecar's own: six at once, of which the other product holds at most two.
    const more = Array.from({ length: 12 }, () => check(sidecar.http, other, KEY));
    const statuses = (await Promise.all(more)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(6);
    expect(statuses.filter((status) => status === 500)).toHaveLength(6);
    slow.plan(undefined);
    await isAnswered();
  });
});
