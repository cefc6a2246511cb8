import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { addressText, ListenError, listenOn } from '../../src/proxy/listen.ts';
import { type HttpListener, type HttpListenerOptions, listenHttp } from '../../src/proxy/listen-http.ts';
import { closingAfterEach } from './after-each.ts';
import { talk } from './street-setup.ts';

const closing = closingAfterEach();

async function listening(
  handler: RequestListener,
  options: Partial<HttpListenerOptions> = {},
): Promise<HttpListener> {
  const address = { host: '127.0.0.1', port: 0 };
  const listener = await listenHttp({ address, handler, drainMs: 400, ...options });
  closing(() => listener.close());
  return listener;
}

const GET = 'GET / HTTP/1.1\r\nHost: s\r\n\r\n';

describe('a client that takes too much', () => {
  test('more headers than the limit are 431, not a request with some of them missing', async () => {
    const { address } = await listening((_req, res) => res.end('reached'), { limits: { headers: 20 } });
    const lines = (count: number) => Array.from({ length: count }, (_, n) => `X-${n}: y\r\n`).join('');
    const request = (count: number) =>
      `GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n${lines(count)}\r\n`;
    expect(await talk(address.port, request(18))).toContain('reached');
    const refused = await talk(address.port, request(19));
    expect(refused).toMatch(/^HTTP\/1.1 431 /);
    expect(refused).not.toContain('reached');
  });

  test('a head over the limit in bytes is 431', async () => {
    const { address } = await listening((_req, res) => res.end('reached'), {
      limits: { headerBytes: 8_192 },
    });
    const large = `GET / HTTP/1.1\r\nHost: s\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`;
    expect(await talk(address.port, large)).toMatch(/^HTTP\/1.1 431 /);
  });

  test('connections over the limit are closed; those below go on, and one that ends makes room', async () => {
    const { address } = await listening((_req, res) => res.end('reached'), { limits: { connections: 2 } });
    const idle = [connect(address.port, '127.0.0.1'), connect(address.port, '127.0.0.1')];
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    await expect.poll(() => talk(address.port, GET, 'reached')).toBe('');
    idle[0]?.write(GET);
    const [said] = await once(idle[0] ?? new Socket(), 'data');
    expect(String(said)).toContain('200 OK');
    idle[1]?.destroy();
    await expect.poll(() => talk(address.port, GET, 'reached')).toContain('reached');
    idle[0]?.destroy();
  });
});

describe('taking an address', () => {
  test('that is in use is an error which names the listener and the address', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    closing(async () => taken.close());
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const error = await listenHttp({ address: { host: '127.0.0.1', port }, handler() {} }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ listener: 'http', address: `127.0.0.1:${port}`, code: 'EADDRINUSE' });
    expect(String(error)).toContain(`the http listener cannot take 127.0.0.1:${port}: another process`);
  });

  test('that this machine does not have is a ListenError too', async () => {
    const address = { host: '192.0.2.1', port: 0 };
    await expect(listenHttp({ address, handler() {} })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  test('goes on when a connection could not be taken', async () => {
    const server = createServer();
    await listenOn(server, 'http', { host: '127.0.0.1', port: 0 });
    closing(async () => server.close());
    expect(() => server.emit('error', new Error('accept ENFILE'))).not.toThrow();
  });

  test('writes an IPv6 host in brackets', () => {
    expect(addressText({ host: '::1', port: 80 })).toBe('[::1]:80');
  });
});

/** Until the other side ends, or the text came. */
async function heard(port: number, bytes: string, until?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.write(bytes);
  for await (const chunk of socket) {
    text += chunk;
    if (until !== undefined && text.includes(until)) break;
  }
  return text;
}

describe('limits', () => {
  test('a head that is never finished is cut off', async () => {
    const { address } = await listening(() => {}, { limits: { headerTimeoutMs: 200 } });
    const startedAt = performance.now();
    const answer = await talk(address.port, 'GET / HTTP/1.1\r\nHost: s\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 408/);
    expect(performance.now() - startedAt).toBeLessThan(1_800);
  });

  test('a body that is never finished is cut off', async () => {
    const { address } = await listening((req) => req.resume(), {
      limits: { requestTimeoutMs: 200, headerTimeoutMs: 200 },
    });
    expect(await talk(address.port, 'POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\nhalf')).toMatch(
      / 408 /,
    );
  });

  test('a large body that waits for the answer before it has its time from its turn on', async () => {
    const { address } = await listening(
      async (req, res) => {
        if (req.method === 'GET') {
          for (let line = 0; line < 5; line++) {
            res.write(`${line}\n`);
            await sleep(500);
          }
          res.end('last');
          return;
        }
        let size = 0;
        req.on('data', (chunk) => {
          size += chunk.length;
        });
        req.on('end', () => res.end(`taken: ${size}`));
      },
      { limits: { requestTimeoutMs: 500, headerTimeoutMs: 500 } },
    );
    const behind = (sent: number) =>
      `${GET}POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(sent)}`;
    const [whole, half] = await Promise.all([
      heard(address.port, behind(500_000), 'taken'),
      heard(address.port, behind(400_000)),
    ]);
    expect(whole).toMatch(/last.*taken: 500000/s);
    expect(half).toMatch(/last.* 408 /s);
  });

  test('a large head is refused, a large token within it is not', async () => {
    const { address } = await listening((req, res) => res.end(String(req.headers.authorization?.length)));
    const ask = (length: number) =>
      talk(
        address.port,
        `GET / HTTP/1.1\r\nHost: s\r\nAuthorization: ${'x'.repeat(length)}\r\n\r\n`,
        '\r\n\r\n',
      );
    expect(await ask(40_000)).toMatch(/^HTTP\/1\.1 200/);
    expect(await ask(70_000)).toMatch(/^HTTP\/1\.1 431/);
  });

  test('no header is dropped for being one of many', async () => {
    const { address } = await listening((req, res) => res.end(String(req.rawHeaders.length / 2)));
    const many = Array.from({ length: 4_000 }, (_, i) => `X${i}: y\r\n`).join('');
    expect(await talk(address.port, `GET / HTTP/1.1\r\nHost: s\r\n${many}\r\n`, '4001')).toContain('4001');
  });
});

describe('closing', () => {
  test('lets a request under way end, tells its client to leave, and takes no other', async () => {
    const listener = await listening(async (_, res) => {
      await sleep(150);
      res.end('finished');
    });
    const answer = talk(listener.address.port, GET);
    await sleep(30);
    const closed = listener.close();
    await expect(talk(listener.address.port, GET)).resolves.toBe('');
    expect(await answer).toMatch(/Connection: close.*finished/s);
    await closed;
  });

  test('ends at once when connections are idle', async () => {
    const listener = await listening((_, res) => res.end('ok'));
    const client = connect(listener.address.port, '127.0.0.1');
    client.write(GET);
    await new Promise((resolve) => client.once('data', resolve));
    const startedAt = performance.now();
    await listener.close();
    expect(performance.now() - startedAt).toBeLessThan(200);
    client.destroy();
  });

  test('does not wait for connections that never sent anything', async () => {
    const listener = await listening((_, res) => res.end('ok'), { drainMs: 60_000 });
    const silent = connect(listener.address.port, '127.0.0.1');
    const gone = once(silent, 'close');
    await once(silent, 'connect');
    await listener.close();
    await gone;
  });

  test('closes a connection whose answer had begun once that answer is whole', async () => {
    const listener = await listening(async (_, res) => {
      res.write('half, ');
      await sleep(100);
      res.end('whole');
    });
    const answer = talk(listener.address.port, GET);
    await sleep(30);
    await listener.close();
    expect(await answer).toMatch(/half, .*whole/s);
  });

  test('cuts what does not end within the drain time', async () => {
    const listener = await listening(() => {});
    void talk(listener.address.port, GET);
    await sleep(30);
    const startedAt = performance.now();
    await listener.close();
    const took = performance.now() - startedAt;
    expect(took).toBeGreaterThan(350);
    expect(took).toBeLessThan(800);
  });
});
