import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CHECK, WRITE } from '../proxy/street-setup.ts';
import { streetsAfterEach } from '../proxy/streets-after-each.ts';

const { closing, street } = streetsAfterEach();

async function real(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

describe('bodies', () => {
  /** Answers with what it received, chunk by chunk. */
  const echo: RequestListener = (req, res) => {
    res.writeHead(200, { 'X-Length': req.headers['content-length'] ?? 'none' });
    req.pipe(res);
  };
  const large = Buffer.alloc(10 * 1024 * 1024, 'abcdefghij');

  test.each(['/x', CHECK])('of 10 MB pass both ways byte for byte (%s)', async (path) => {
    const { url } = await street({ upstream: await real(echo) });
    const response = await fetch(url + path, { method: 'POST', body: large });
    expect(response.headers.get('x-length')).toBe(String(large.length));
    expect(Buffer.from(await response.arrayBuffer()).equals(large)).toBe(true);
  });

  test('of a Write of 10 MB arrive whole; an answer too large to be held cuts the client off', async () => {
    let arrived = 0;
    const upstream = await real((req, res) => {
      req.on('data', (chunk) => {
        arrived += chunk.length;
      });
      req.on('end', () => res.end(req.headers['x-long'] ? large : '{}'));
    });
    const { url } = await street({ upstream });
    const response = await fetch(url + WRITE, { method: 'POST', body: large });
    expect([arrived, response.status, await response.text()]).toEqual([large.length, 200, '{}']);
    const long = fetch(url + WRITE, { method: 'POST', body: '{}', headers: { 'X-Long': '1' } });
    await expect(long.then((answer) => answer.text())).rejects.toThrow();
  });

  test.each(['/x', CHECK])('in chunks of no known length pass (%s)', async (path) => {
    const { url } = await street({ upstream: await real(echo) });
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 100; i++) controller.enqueue(new TextEncoder().encode(`chunk ${i};`));
        controller.close();
      },
    });
    const response = await fetch(url + path, { method: 'POST', body, duplex: 'half' });
    const text = await response.text();
    expect(text).toMatch(/^chunk 0;.*chunk 99;$/);
    // Streamed through it stays in chunks; read for a decision its length is known.
    expect(response.headers.get('x-length')).toBe(path === '/x' ? 'none' : String(text.length));
  });

  test('of no kind stay absent: 204, HEAD, an empty GET', async () => {
    const upstream = await real((req, res) => {
      if (req.method === 'DELETE')
        res.writeHead(204, { 'X-Framed': String(req.headers['transfer-encoding']) });
      else res.writeHead(200, { 'Content-Length': 7 });
      res.end(req.method === 'GET' ? 'content' : undefined);
    });
    const { url } = await street({ upstream });
    const deleted = await fetch(`${url}/x`, { method: 'DELETE' });
    expect([deleted.status, await deleted.text(), deleted.headers.get('x-framed')]).toEqual([
      204,
      '',
      'undefined',
    ]);
    const head = await fetch(`${url}/x`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '7']);
    expect(await (await fetch(`${url}/x`)).text()).toBe('content');
  });

  test('in lines reach the client line by line, and the head before the first', async () => {
    const upstream = await real(async (_, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json' });
      res.flushHeaders();
      for (let i = 0; i < 3; i++) {
        await sleep(100);
        res.write(`{"result":{"object":"d:${i}"}}\n`);
      }
      res.end();
    });
    const { url } = await street({ upstream });
    const startedAt = performance.now();
    const response = await fetch(`${url + CHECK.replace('check', 'streamed-list-objects')}`, {
      method: 'POST',
      body: '{}',
    });
    const arrivals = [performance.now() - startedAt];
    for await (const _ of response.body ?? []) arrivals.push(performance.now() - startedAt);
    expect(arrivals[0]).toBeLessThan(90);
    expect(arrivals).toHaveLength(4);
    expect((arrivals[3] ?? 0) - (arrivals[1] ?? 0)).toBeGreaterThan(120);
  });

  test('that wait for 100 Continue get it and pass', async () => {
    const bodies: string[] = [];
    const upstream = await real((req, res) => {
      req.on('data', (chunk) => bodies.push(String(chunk)));
      req.on('end', () => res.end('done'));
    });
    const { port } = await street({ upstream });
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { Expect: '100-continue', 'Content-Length': 5 };
      const req = httpRequest({ port, host: '127.0.0.1', path: '/x', method: 'POST', headers }, (res) => {
        res.on('data', (chunk) => resolve(String(chunk)));
      });
      req.on('error', reject);
      req.on('continue', () => req.end('hello'));
      req.flushHeaders();
    });
    expect(answer).toBe('done');
    expect(bodies.join('')).toBe('hello');
  });
});
