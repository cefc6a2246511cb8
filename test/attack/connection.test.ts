/** What one connection may do: requests go one by one, a body takes room, and an answer has to be taken. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { PIPELINED } from '../../src/plugin/limits.ts';
import { listenHttp } from '../../src/proxy/listen-http.ts';
import { createQueue } from '../../src/proxy/one-by-one.ts';
import { closingAfterEach } from '../proxy/after-each.ts';
import { polite, startRude } from '../proxy/rude-upstream.ts';
import { A_CHECK, CHECK, post, startStreet, type TestStreet, talk, WRITE } from '../proxy/street-setup.ts';
import { send } from './raw.ts';

const closing = closingAfterEach();

function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  closing(async () => void socket.destroy());
  return once(socket, 'connect').then(() => socket);
}

async function streetTo(
  upstream: { readonly url: string; close(): Promise<void> },
  more = {},
): Promise<TestStreet> {
  const street = await startStreet({ upstream: upstream.url, ...more });
  closing(async () => {
    await street.close();
    await upstream.close();
  });
  return street;
}

describe('requests that are sent without waiting', () => {
  test('reach the upstream one after the other, so Writes are committed in the order of their client', async () => {
    const pending: Socket[] = [];
    const upstream = await startRude((socket, heard, chunk) => {
      if (chunk.length > 0 && heard.endsWith('}')) pending.push(socket);
    });
    const street = await streetTo(upstream);
    const client = await open(street.port);
    client.write(post(WRITE, '{"n":1}') + post(WRITE, '{"n":2}') + post(CHECK, '{"n":3}'));
    for (const n of [1, 2, 3]) {
      await expect.poll(() => pending.length, { timeout: 5_000 }).toBe(n);
      expect(upstream.heard.join().match(/"n":\d/g)).toHaveLength(n);
      const socket = pending[n - 1];
      socket?.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`);
      const [said] = await once(client, 'data');
      expect(String(said)).toMatch(new RegExp(`\r\n\r\n${n}$`));
    }
  });

  test('are all answered, in order, when they are many', async () => {
    const street = await streetTo(await startRude(polite()));
    const many = Array.from({ length: PIPELINED }, () => post(CHECK, A_CHECK)).join('');
    const last = `GET /healthz HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n`;
    const { answers, ended } = await send(street.port, many + last);
    expect(ended).toBe(true);
    expect(answers.map(({ status }) => status)).toEqual(Array(PIPELINED + 1).fill(200));
  });

  test('cost the connection when they are too many, and nobody else anything', async () => {
    const upstream = await startRude(() => undefined);
    const street = await streetTo(upstream);
    const client = await open(street.port);
    client.write('GET /stores HTTP/1.1\r\nHost: s\r\n\r\n'.repeat(PIPELINED + 2));
    await once(client.resume(), 'close');
    expect(upstream.heard.length).toBeLessThanOrEqual(1);
    const other = await open(street.port);
    other.write('GET /stores HTTP/1.1\r\nHost: other\r\n\r\n');
    await expect.poll(() => upstream.heard.length).toBeGreaterThan(0);
  });

  test('count for what is read of their bodies while they wait, and no longer', async () => {
    const waiting: ServerResponse[] = [];
    const server = createServer(createQueue((_req, res) => void waiting.push(res), 40)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    closing(async () => void server.close());
    const { port } = server.address() as AddressInfo;
    const small = 'GET / HTTP/1.1\r\nHost: s\r\n\r\n';
    const large = post('/', ' '.repeat(60_000));
    const client = await open(port);
    let ended = false;
    client.on('close', () => {
      ended = true;
    });
    client.resume().write(small + large + large);
    for (let n = 1; n <= 3; n += 1) {
      await expect.poll(() => waiting.length, { timeout: 5_000 }).toBe(n);
      waiting.at(-1)?.end('ok');
    }
    client.write(small + large + large);
    await expect.poll(() => waiting.length, { timeout: 5_000 }).toBe(4);
    const other = await open(port);
    other.write(small + small);
    await expect.poll(() => waiting.length, { timeout: 5_000 }).toBe(5);
    expect(ended).toBe(false);
    client.write(large);
    await expect.poll(() => ended, { timeout: 5_000 }).toBe(true);
    expect(other.destroyed).toBe(false);
    other.destroy();
  });

  test('are not looked at behind one that was refused', async () => {
    const upstream = await startRude(polite());
    const street = await streetTo(upstream);
    const refused = `POST ${WRITE} HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`;
    const { answers, ended } = await send(street.port, refused + post(WRITE, '{"n":2}'));
    expect([answers.map(({ status }) => status), ended]).toEqual([[501], true]);
    expect(upstream.heard).toEqual([]);
  });
});

describe('bodies that are sent slowly', () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';
  const HALF = `POST ${CHECK} HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\n${' '.repeat(40_000)}`;

  test('share a room; when it is full the next one is refused in the words of OpenFGA, an ordinary one is not', async () => {
    const street = await streetTo(await startRude(polite()), { heldBytes: 100_000 });
    const slow = [await open(street.port), await open(street.port)];
    for (const socket of slow) socket.write(HALF);
    await expect
      .poll(async () => (await talk(street.port, HALF, '}')).split('\r\n')[0], {
        timeout: 10_000,
        interval: 10,
      })
      .toBe('HTTP/1.1 500 Internal Server Error');
    const { answers, ended } = await send(street.port, HALF);
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ code: 'resource_exhausted' });
    expect(ended).toBe(true);
    expect(await talk(street.port, post(CHECK, A_CHECK), 'ok')).toContain('200 OK');
    for (const socket of slow) socket.destroy();
    const whole = HALF + ' '.repeat(60_000);
    await expect
      .poll(async () => talk(street.port, whole, '\r\n\r\n'), { timeout: 10_000 })
      .toContain('200 OK');
  });

  test('of a Write keep their room while it is seen through, also when its client has left', async () => {
    let written: Socket | undefined;
    const upstream = await startRude((socket, heard) => {
      if (!heard.endsWith('}')) return;
      if (heard.includes(WRITE)) written = socket;
      else socket.write(OK);
    });
    const street = await streetTo(upstream, { heldBytes: 150_000 });
    const body = `{"n":"${' '.repeat(100_000)}"}`;
    const client = await open(street.port);
    client.write(post(WRITE, body));
    await expect.poll(() => written, { timeout: 5_000 }).toBeDefined();
    client.end();
    await once(client, 'close');
    const check = () => talk(street.port, post(CHECK, body), '}');
    expect(await check()).toContain('resource_exhausted');
    written?.write(OK);
    await expect.poll(check, { timeout: 5_000 }).toContain('200 OK');
  });

  test('give their room back when they were answered', async () => {
    const street = await streetTo(await startRude(polite()), { heldBytes: 150_000 });
    for (let n = 0; n < 5; n += 1) {
      const client = await open(street.port);
      client.write(HALF);
      client.write(' '.repeat(60_000));
      const [said] = await once(client, 'data');
      expect(String(said)).toContain('200 OK');
      client.destroy();
    }
  });
});

describe('answers that are not taken', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: s\r\n\r\n';
  const limits = { stallTimeoutMs: 300 };
  const address = { host: '127.0.0.1', port: 0 };

  test('are given up after a while: the connection ends', async () => {
    let gone = false;
    const handler = (_req: unknown, res: import('node:http').ServerResponse) => {
      res.once('close', () => {
        gone = true;
      });
      res.end(Buffer.alloc(30_000_000));
    };
    const listener = await listenHttp({ address, handler, limits });
    closing(() => listener.close());
    const client = await open(listener.address.port);
    client.pause();
    client.write(GET);
    await expect.poll(() => gone, { timeout: 10_000 }).toBe(true);
  });

  test('have all the time that the upstream needs to begin them', async () => {
    const listener = await listenHttp({
      address,
      handler: (_req, res) => void setTimeout(() => res.end('late'), 1_000),
      limits,
    });
    closing(() => listener.close());
    expect(await talk(listener.address.port, GET, 'late')).toContain('late');
  });
});

describe('connections between two requests', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: s\r\n\r\n';
  const address = { host: '127.0.0.1', port: 0 };

  async function answered(limits: object): Promise<Socket> {
    const listener = await listenHttp({ address, handler: (_req, res) => void res.end('ok'), limits });
    closing(() => listener.close());
    const client = await open(listener.address.port);
    client.write(GET);
    await once(client, 'data');
    return client;
  }

  test('are ended when they are idle for too long', async () => {
    const client = await answered({ idleTimeoutMs: 100 });
    await once(client.resume(), 'close');
  });

  test('may be idle for longer than an answer may wait to be taken', async () => {
    const client = await answered({ idleTimeoutMs: 60_000, stallTimeoutMs: 200 });
    const closed = once(client, 'close').then(() => 'closed');
    expect(await Promise.race([closed, sleep(1_000, 'open')])).toBe('open');
    client.write(GET);
    const [said] = await once(client, 'data');
    expect(String(said)).toContain('200 OK');
  });
});
