import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { polite } from '../proxy/rude-upstream.ts';
import { A_CHECK, CHECK, post, talk, WRITE } from '../proxy/street-setup.ts';
import { streetsAfterEach } from '../proxy/streets-after-each.ts';

const { closing, rude, street } = streetsAfterEach();

/** Answers with the method and target that it was asked, a hidden one slowly. */
async function startEcho() {
  const server = createServer((req, res) => {
    req.resume();
    req.on('end', () =>
      setTimeout(() => res.end(`${req.method} ${req.url}`), req.url === '/smuggled' ? 5 : 0),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, close };
}

describe('an answer whose reason no server may say', () => {
  test.each([CHECK, WRITE])('is handed on without it: %s', async (path) => {
    const upstream = await rude((socket, heard) => {
      if (heard.endsWith('}')) socket.write('HTTP/1.1 200 O\u0001K\r\nContent-Length: 2\r\n\r\nok');
    });
    const { port } = await street({ upstream: upstream.url });
    expect(await talk(port, post(path, A_CHECK), 'ok')).toMatch(/^HTTP\/1.1 200 \r\n.*ok$/s);
  });
});

describe('a request', () => {
  test.each([
    '/a/../b',
    '/a//b?',
    '//x',
    '/stores/%7e|x?q=%2F&r=%zz',
    '/a\\b',
    '/x#y',
    '/?',
    '/stores/\'"{}',
  ])('to %s arrives with that very target', async (target) => {
    const upstream = await rude(polite());
    const { port } = await street({ upstream: upstream.url });
    await talk(port, `GET ${target} HTTP/1.1\r\nHost: s\r\n\r\n`, 'ok');
    expect(upstream.heard[0]?.split('\r\n')[0]).toBe(`GET ${target} HTTP/1.1`);
  });

  test('keeps its headers, their case, order and repetitions', async () => {
    const upstream = await rude(polite());
    const { port } = await street({ upstream: upstream.url });
    const headers = 'X-One: 1\r\nx-TWO: a\r\nX-One: 2\r\nAuthorization: Bearer k\r\nCookie: a=b\r\n';
    await talk(port, `GET /x HTTP/1.1\r\nHost: s\r\n${headers}\r\n`, 'ok');
    expect(upstream.heard[0]).toContain(headers);
  });

  test.each([CHECK, '/stores'])('loses what belongs to its own hop, and only that (%s)', async (path) => {
    const upstream = await rude(polite());
    const { port } = await street({ upstream: upstream.url });
    const own = [
      'Connection: keep-alive, X-Secret-Hop, close',
      'X-Secret-Hop: 1',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Proxy-Authorization: Basic x',
      'Upgrade: h2c',
      'Expect: 100-continue',
      'X-Kept: 1',
    ];
    await talk(port, post(path, '{}', ...own), 'ok');
    const heard = upstream.heard[0]?.toLowerCase() ?? '';
    expect(heard).toContain('x-kept: 1');
    for (const name of ['x-secret-hop', 'keep-alive:', 'te:', 'proxy-authorization', 'upgrade', 'expect'])
      expect(heard).not.toContain(`\r\n${name}`);
    expect(heard).toContain(`host: 127.0.0.1:${upstream.port}\r\n`);
  });

  test('with Connection: close ends its own connection, not the pooled one', async () => {
    const upstream = await rude(polite());
    const { port } = await street({ upstream: upstream.url });
    for (let i = 0; i < 20; i++) {
      const answer = await talk(port, post(i % 2 ? CHECK : '/stores', '{}', 'Connection: close'));
      expect(answer).toContain('Connection: close\r\n');
    }
    expect(upstream.heard).toHaveLength(1);
  });

  test('whose method is DELETE cannot hide a second request in its body', async () => {
    const upstream = await rude(polite());
    const { port } = await street({ upstream: upstream.url });
    const hidden = 'POST /smuggled HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n';
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    await talk(
      port,
      `DELETE /stores/x HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
      'ok',
    );
    expect(upstream.heard[0]?.toLowerCase()).toContain('transfer-encoding: chunked');
    expect(upstream.heard[0]?.toLowerCase()).not.toContain('content-length');
  });

  test('that hides another never decides what the next client hears', async () => {
    const upstream = await startEcho();
    closing(upstream.close);
    const { port, url } = await street({ upstream: upstream.url });
    const hidden = 'POST /smuggled HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n';
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    for (let i = 0; i < 50; i++) {
      await talk(port, `DELETE /x HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`, '/x');
      expect(await (await fetch(`${url}/victim`)).text()).toBe('GET /victim');
    }
  });

  test('with two lengths, or a length and chunks, is refused before it goes anywhere', async () => {
    const upstream = await rude(polite());
    const { port } = await street({ upstream: upstream.url });
    for (const framing of [
      'Content-Length: 2\r\nContent-Length: 3',
      'Content-Length: 2\r\nTransfer-Encoding: chunked',
    ])
      expect(await talk(port, `POST ${CHECK} HTTP/1.1\r\nHost: s\r\n${framing}\r\n\r\n{}`)).toMatch(
        /^HTTP\/1\.1 400/,
      );
    expect(upstream.heard).toEqual([]);
  });

  test('is answered though it was not wholly sent, and its connection is then closed', async () => {
    const upstream = await rude((socket) =>
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'),
    );
    const { port } = await street({ upstream: upstream.url });
    const answer = await talk(port, 'PUT /x HTTP/1.1\r\nHost: s\r\nContent-Length: 1000000\r\n\r\npart');
    expect(answer).toMatch(/^HTTP\/1\.1 413 Too Large/);
    expect(answer).toContain('Connection: close');
  });
});

describe('an answer', () => {
  test('keeps its status line, its headers, their case, order and repetitions', async () => {
    const headers = ['X-Request-Id: 1', 'set-cookie: a=1', 'Set-Cookie: b=2', 'Vary: Origin', 'Date: then'];
    const upstream = await rude((socket) =>
      socket.write(`HTTP/1.1 418 I Am One\r\n${headers.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`),
    );
    const { port } = await street({ upstream: upstream.url });
    const answer = await talk(port, 'GET /x HTTP/1.1\r\nHost: s\r\n\r\n', '\r\n\r\nok');
    expect(answer).toContain(
      `HTTP/1.1 418 I Am One\r\n${headers.join('\r\n')}\r\nContent-Length: 2\r\nRsfga-Served-By: upstream\r\n`,
    );
  });

  test("loses what belongs to the upstream's own hop", async () => {
    const upstream = await rude(
      polite('ok', 'Connection: X-Inner, keep-alive', 'X-Inner: 1', 'Keep-Alive: timeout=1', 'X-Kept: 1'),
    );
    const { port } = await street({ upstream: upstream.url });
    const answer = await talk(port, post(CHECK, A_CHECK), '\r\n\r\nok');
    expect(answer).toContain('X-Kept: 1');
    expect(answer).not.toContain('X-Inner');
    expect(answer).not.toContain('timeout=1\r\n');
  });

  test('of an inner sidecar is said anew by this one', async () => {
    const inner = [
      'Rsfga-Served-By: local',
      'Rsfga-Revision: E.1',
      'Rsfga-Staleness-Ms: 5',
      'Rsfga-Declined: stale',
    ];
    const upstream = await rude(polite('ok', ...inner));
    const { port } = await street({ upstream: upstream.url });
    const answer = await talk(port, post(CHECK, A_CHECK), '\r\n\r\nok');
    expect(answer.match(/^Rsfga-[^\r]*/gm)).toEqual(['Rsfga-Served-By: upstream']);
  });
});
