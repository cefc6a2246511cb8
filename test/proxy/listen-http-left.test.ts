/** Connections that node leaves to whoever listens: tunnels, upgrades, and answers that are written and not yet taken. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type HttpListener, type HttpListenerOptions, listenHttp } from '../../src/proxy/listen-http.ts';
import { closingAfterEach } from './after-each.ts';

const closing = closingAfterEach();
const GET = 'GET / HTTP/1.1\r\nHost: s\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
const CONNECT = 'CONNECT s:1 HTTP/1.1\r\nHost: s:1\r\n\r\n';

interface Opened {
  readonly listener: HttpListener;
  /** Keeps its side open whatever the other does. */
  readonly client: Socket;
  /** The listener's end of it. */
  readonly socket: Socket;
}

async function opened(handler: RequestListener, options: Partial<HttpListenerOptions> = {}): Promise<Opened> {
  const sockets: Socket[] = [];
  const listener = await listenHttp({
    address: { host: '127.0.0.1', port: 0 },
    handler(req, res) {
      sockets.push(req.socket);
      handler(req, res);
    },
    drainMs: 400,
    ...options,
  });
  closing(() => listener.close());
  const client = connect({ port: listener.address.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  closing(async () => client.destroy());
  client.write(GET);
  await once(client, 'data');
  return { listener, client, socket: sockets[0] ?? client };
}

test('a client that resets the connection on which it asked for a tunnel ends that connection and nothing else', async () => {
  const { client, socket } = await opened((_req, res) => res.end('ok'));
  client.write(CONNECT);
  client.resetAndDestroy();
  await expect.poll(() => socket.destroyed).toBe(true);
});

test('a tunnel is refused and its connection ended, also when the client holds on to it', async () => {
  const { client, socket } = await opened((_req, res) => res.end('ok'));
  client.write(CONNECT);
  const [said] = await once(client, 'data');
  expect(String(said)).toMatch(/^HTTP\/1.1 405 /);
  await expect.poll(() => socket.destroyed).toBe(true);
});

test('a connection that is upgraded with each request costs no more than one that never is', async () => {
  const { client, socket } = await opened((_req, res) => res.end('ok'));
  const plain = socket.listenerCount('close');
  for (let i = 0; i < 5; i++) {
    client.write(UPGRADE);
    await once(client, 'data');
  }
  expect(socket.listenerCount('close')).toBe(plain);
});

test('closing leaves a client the time to take an answer that is written already', async () => {
  const large = Buffer.alloc(20_000_000, 'x');
  const { listener, client, socket } = await opened((_req, res) => res.end(large), { drainMs: 60_000 });
  client.pause();
  expect(socket.writableLength).toBeGreaterThan(0);
  const closed = listener.close();
  let taken = 0;
  client.on('data', (chunk) => {
    taken += chunk.length;
  });
  client.resume();
  await once(client, 'end');
  client.end();
  await closed;
  expect(taken).toBeGreaterThan(large.length - 1_000_000);
});
