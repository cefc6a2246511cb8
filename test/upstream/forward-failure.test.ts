import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { A_CHECK, A_WRITE, CHECK, post, talk, WRITE } from '../proxy/street-setup.ts';
import { streetsAfterEach } from '../proxy/streets-after-each.ts';

const { rude, street } = streetsAfterEach();

/** Each of the two ways of a request: its body streamed through, and its body read and sent again. */
const WAYS = [
  ['streamed', post('/stores', '{"name":"x"}')],
  ['read first', post(CHECK, A_CHECK)],
  ['a Write', post(WRITE, A_WRITE)],
] as const;

describe('an upstream that fails', () => {
  test.each(WAYS)("that is down costs the client a 503 in OpenFGA's shape (%s)", async (_, bytes) => {
    const { port } = await street({ upstream: 'http://127.0.0.1:1' });
    const answer = await talk(port, bytes, '"}\n');
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(answer).toContain('Content-Type: application/json\r\n');
    expect(answer).toContain('{"code":"unavailable","message":"the upstream server cannot be reached"}\n');
  });

  test.each(WAYS)('that resets before it answers costs a 503 and is asked once (%s)', async (_, bytes) => {
    const upstream = await rude((socket) => socket.resetAndDestroy());
    const { port } = await street({ upstream: upstream.url });
    expect(await talk(port, bytes, '"}\n')).toContain('503 Service Unavailable');
    await sleep(100);
    expect(upstream.heard).toHaveLength(1);
  });

  test.each(WAYS)('that hangs up politely is not asked again either (%s)', async (_, bytes) => {
    const upstream = await rude((socket) => socket.end());
    const { port } = await street({ upstream: upstream.url });
    expect(await talk(port, bytes, '"}\n')).toContain('503 Service Unavailable');
    await sleep(100);
    expect(upstream.heard).toHaveLength(1);
  });

  test.each(WAYS)('that never answers costs a 503 when the time is over (%s)', async (_, bytes) => {
    const upstream = await rude(() => {});
    const { port } = await street({ upstream: upstream.url, timeouts: { answerTimeoutMs: 300 } });
    const startedAt = performance.now();
    expect(await talk(port, bytes, '"}\n')).toContain('the upstream server did not answer in time');
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(upstream.open()).toBe(0);
  });

  test.each(WAYS)('that answers garbage costs a 503 (%s)', async (_, bytes) => {
    const upstream = await rude((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    const { port } = await street({ upstream: upstream.url });
    expect(await talk(port, bytes, '"}\n')).toContain('the upstream server did not answer with valid HTTP');
  });

  test('that sends a head without end costs a 503', async () => {
    const upstream = await rude((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`),
    );
    const { port } = await street({ upstream: upstream.url });
    expect(await talk(port, post(CHECK, A_CHECK), '"}\n')).toContain('503');
  });

  test.each([
    ['of known length', 'Content-Length: 100000\r\n\r\nhalf'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])(
    'that dies in the middle of a body %s cuts the client off, whichever way the request went',
    async (_, rest) => {
      const failures: string[] = [];
      const upstream = await rude((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${rest}`);
        setTimeout(() => socket.destroy(), 50);
      });
      const { port } = await street({
        upstream: upstream.url,
        events: { forwardFailed: (fault) => failures.push(fault) },
      });
      const startedAt = performance.now();
      for (const bytes of [post('/stores', '{}'), post(CHECK, A_CHECK)]) {
        const answer = await talk(port, bytes);
        expect(answer).toContain('half');
        expect(answer).not.toContain('\r\n0\r\n\r\n');
      }
      expect(performance.now() - startedAt).toBeLessThan(1_500);
      expect(failures).toEqual(['reset', 'reset']);
    },
  );

  test.each(WAYS)(
    'that dies in the middle of a short body costs a 503, as if it had said nothing (%s)',
    async (way, bytes) => {
      const upstream = await rude((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
      const { port } = await street({ upstream: upstream.url });
      const answer = await talk(port, bytes, '"}\n');
      // Whether the Write was committed is known then, so its client may not be told that the upstream was away.
      expect(answer.slice(0, 12)).toBe(way === 'a Write' ? '' : 'HTTP/1.1 503');
    },
  );

  test('that is slow is not cut: each byte starts the patience anew', async () => {
    const upstream = await rude(async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n');
      for (const letter of 'slowly..') {
        await sleep(60);
        socket.write(letter);
      }
    });
    const timeouts = { answerTimeoutMs: 200, bodySilenceTimeoutMs: 200 };
    const { port } = await street({ upstream: upstream.url, timeouts });
    expect(await talk(port, 'GET /x HTTP/1.1\r\nHost: s\r\n\r\n', 'slowly..')).toContain('slowly..');
  });

  test('that says 100 or 103 first does not confuse the client', async () => {
    const upstream = await rude((socket) =>
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
    const { port } = await street({ upstream: upstream.url });
    expect(await talk(port, 'GET /x HTTP/1.1\r\nHost: s\r\n\r\n', '\r\n\r\nok')).toMatch(
      /^HTTP\/1\.1 200 OK/,
    );
  });

  test('does not end the process with a thousand failures in a row, and leaves no connection', async () => {
    const upstream = await rude((socket) => socket.resetAndDestroy());
    const { url } = await street({ upstream: upstream.url });
    const statuses = new Set<number>();
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 50 }, () => fetch(url + CHECK, { method: 'POST', body: A_CHECK }));
      for (const response of await Promise.all(batch)) {
        statuses.add(response.status);
        await response.text();
      }
    }
    expect([...statuses]).toEqual([503]);
    expect(upstream.open()).toBe(0);
  });
});

describe('a client that leaves', () => {
  test.each(WAYS.slice(0, 2))('cancels its request upstream (%s)', async (_, bytes) => {
    const upstream = await rude((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n'),
    );
    const { port } = await street({ upstream: upstream.url });
    await talk(port, bytes, '\r\na\r\n');
    await expect.poll(() => upstream.open()).toBe(0);
  });

  test('before the upstream could be reached leaves nothing behind', async () => {
    const upstream = await rude(() => {});
    const { port } = await street({ upstream: upstream.url });
    const socket = connect(port, '127.0.0.1');
    socket.write(post(CHECK, A_CHECK));
    await expect.poll(() => upstream.open()).toBe(1);
    socket.destroy();
    await expect.poll(() => upstream.open()).toBe(0);
  });

  test('in the middle of an upload ends the upload', async () => {
    const upstream = await rude(() => {});
    const { port } = await street({ upstream: upstream.url });
    const socket = connect(port, '127.0.0.1');
    socket.write('PUT /x HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await expect.poll(() => upstream.heard[0]).toContain('hello');
    socket.destroy();
    await expect.poll(() => upstream.open()).toBe(0);
  });
});
