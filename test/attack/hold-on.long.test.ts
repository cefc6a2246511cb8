/** Clients that hold on to connections and never finish: the sidecar goes on answering the others, in bounded memory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFilesLimit } from '../../src/sidecar/open-files.ts';
import { SMALL } from '../e2e/standing.ts';
import { check, createStore, write } from '../support/api.ts';
import { createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

/** Each is an open file of this process, which needs some for itself. */
const IDLE = Math.min(10_000, Math.floor((openFilesLimit() ?? Number.POSITIVE_INFINITY) / 2));
/** At a time: the backlog of a listener is a few hundred. */
const AT_ONCE = 200;
/** Slow senders at a time, and for how long new ones come in place of those that were ended. */
const SLOW = 500;
const READERS = 30;
const SLOW_MS = 36_000;
const LIMITS = { header_timeout: '3s', request_timeout: '5s', stall_timeout: '5s', idle_timeout: '20s' };
const KEY = { user: 'user:anne', relation: 'owner', object: 'document:one' };

describe.skipIf(!serversAvailable())('a sidecar with clients that hold on', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let sidecar: Sidecar;
  let storeId: string;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    openfga = await startOpenFga();
    fleet = createFleet();
    storeId = (await createStore(openfga.http, 'held', SMALL.model)).storeId;
    sidecar = await fleet.start('held', {
      role: 'edge',
      upstream: { http: openfga.http },
      changelog: 'upstream',
      limits: LIMITS,
    });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await fleet?.stop();
    await openfga?.stop();
  });

  function open(): Promise<Socket> {
    const { hostname, port } = new URL(sidecar.http);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject).on('error', () => socket.destroy());
        resolve(socket);
      });
    });
  }

  async function openMany(count: number): Promise<void> {
    for (let at = 0; at < count; at += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - at) }, open));
    }
  }

  /** Sockets that the process has open. */
  function connections(pid: number): number {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).filter((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;
  }

  function residentMb(): number {
    const status = readFileSync(`/proc/${sidecar.pid()}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  }

  /** One after the other until the time is over: sends a byte each half second until it is ended. */
  async function sendSlowly(start: string, byte: string, untilMs: number): Promise<number> {
    let ended = 0;
    while (Date.now() < untilMs) {
      const socket = await open();
      socket.resume().write(start);
      const drip = setInterval(() => socket.writable && socket.write(byte), 500);
      await new Promise((done) => socket.once('close', done));
      clearInterval(drip);
      ended += 1;
    }
    return ended;
  }

  test(`${SLOW} slow senders for ${SLOW_MS / 1000} s are ended in time; every Check beside them is answered`, async () => {
    const untilMs = Date.now() + SLOW_MS;
    const body = `POST /stores/${storeId}/check HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\n`;
    const senders = Array.from({ length: SLOW }, (_, n) =>
      n % 2 === 0 ? sendSlowly('POST /stores HTTP/1.1\r\nX: ', 'x', untilMs) : sendSlowly(body, ' ', untilMs),
    );
    let answered = 0;
    // A process that has begun to work takes memory for it once: measured from a third of the time on.
    let before: number | undefined;
    while (Date.now() < untilMs) {
      expect((await check(sidecar.http, storeId, KEY)).status).toBe(200);
      answered += 1;
      if (untilMs - Date.now() < (SLOW_MS * 2) / 3) before ??= residentMb();
    }
    const ended = (await Promise.all(senders)).reduce((sum, one) => sum + one, 0);
    expect(answered).toBeGreaterThan(SLOW_MS / 1_000);
    // Each is ended within its time limit and the second in which limits are looked at, and the time to be noticed.
    expect(ended).toBeGreaterThan((SLOW * SLOW_MS) / 12_000);
    expect(residentMb() - (before ?? 0)).toBeLessThan(100);
  });

  test('slow readers are cut off, hold little memory, and cost the upstream nothing for long', async () => {
    const objects = Array.from({ length: 1_000 }, (_, n) => `document:${'x'.repeat(200)}-${n}`);
    for (let at = 0; at < objects.length; at += 100) {
      const writes = objects.slice(at, at + 100).map((object) => ({ ...KEY, object }));
      expect((await write(openfga.http, storeId, { writes })).status).toBe(200);
    }
    const body = JSON.stringify({ user: KEY.user, relation: KEY.relation, type: 'document' });
    const list = `POST /stores/${storeId}/list-objects HTTP/1.1\r\nHost: s\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const before = residentMb();
    const others = await eventually(
      async () => connections(sidecar.pid()),
      (left) => left < READERS,
    );
    const readers = await Promise.all(Array.from({ length: READERS }, open));
    // Their own machine takes them for connected before the sidecar has seen them.
    await eventually(
      async () => connections(sidecar.pid()) - others,
      (came) => came >= READERS,
    );
    const closed = readers.map((socket) => new Promise((done) => socket.once('close', done)));
    for (const socket of readers) socket.pause().write(list.repeat(50));
    expect((await check(sidecar.http, storeId, KEY)).status).toBe(200);
    expect(residentMb() - before).toBeLessThan(300);
    await eventually(
      async () => connections(sidecar.pid()) - others,
      (left) => left <= READERS / 5,
      60_000,
    );
    expect(residentMb() - before).toBeLessThan(300);
    // Only now the ends of their connections are seen, behind what their own machine had already taken.
    for (const socket of readers) socket.resume();
    await Promise.all(closed);
  });

  test(`${IDLE} idle connections leave room for a Check, cost little memory, and are ended`, async () => {
    const before = residentMb();
    await openMany(IDLE);
    expect((await check(sidecar.http, storeId, KEY)).status).toBe(200);
    expect(residentMb() - before).toBeLessThan(300);
    for (const socket of sockets) socket.resume();
    await eventually(
      async () => sockets.filter((socket) => !socket.closed).length,
      (left) => left === 0,
      60_000,
    );
    expect((await check(sidecar.http, storeId, KEY)).status).toBe(200);
  });
});
