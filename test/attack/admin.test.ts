/** The admin listener from a browser, from a stranger and from a client without manners. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type AdminListener, type AdminParts, openAdmin } from '../../src/admin/server.ts';
import { type AdminCall, ENDPOINT_NAMES, ENDPOINTS } from '../../src/plugin/endpoints.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { healthy, sourceOf } from '../admin/samples.ts';
import { send } from './raw.ts';

const TOKEN = 'admin-token-42';
const open: AdminListener[] = [];
const asked: unknown[] = [];

afterEach(async () => {
  asked.length = 0;
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

const resync: AdminCall = {
  name: 'resync',
  run: async (body) => {
    asked.push(body);
    return { done: {} };
  },
};

async function admin(parts: Partial<AdminParts> = {}): Promise<number> {
  const metrics = createMetrics({ processMetrics: false });
  const whole = { source: sourceOf(healthy), metrics, calls: [resync], ...parts };
  const listener = await openAdmin(whole, { host: '127.0.0.1', port: 0 });
  open.push(listener);
  return Number(new URL(listener.url).port);
}

async function ask(port: number, line: string, ...headers: string[]) {
  const lines = [line, ...headers, 'Connection: close', '', ''].join('\r\n');
  const [answer] = (await send(port, lines)).answers;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

const LOOKING = ENDPOINT_NAMES.filter((name) => ENDPOINTS[name].access === 'look').map(
  (name) => ENDPOINTS[name].path,
);

describe('a page on the web whose reader sits beside the sidecar', () => {
  test.each([
    'evil.test',
    'evil.test:8090',
    '127.0.0.1.evil.test',
    'localhost.evil.test',
    'evil.test#localhost',
    '127.0.0.1@evil.test',
    'xlocalhost',
    '[::1].evil.test',
    '2130706433.evil.test',
    'localhost\x0b',
    'a',
  ])('reads nothing by a name of its own that points here: %j', async (host) => {
    const port = await admin();
    for (const path of LOOKING) {
      const { status, body } = await ask(port, `GET ${path} HTTP/1.1`, `Host: ${host}`);
      expect([400, 403]).toContain(status);
      expect(body).not.toMatch(/rsfga_|"role"|<html/);
    }
  });

  test.each(['localhost', '127.0.0.1:8090', '[::1]:8090'])(
    'does not shut out who asks for %s',
    async (host) => {
      const port = await admin();
      expect((await ask(port, 'GET /status HTTP/1.1', `Host: ${host}`)).status).toBe(200);
    },
  );

  test('may not read an answer, whatever it comes from: nothing allows another origin', async () => {
    const port = await admin();
    for (const path of [...LOOKING, '/healthz', '/readyz', '/admin/resync', '/nothing']) {
      for (const method of ['GET', 'OPTIONS']) {
        const { headers } = await ask(
          port,
          `${method} ${path} HTTP/1.1`,
          'Host: localhost',
          'Origin: https://evil.test',
        );
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
        expect(headers['cross-origin-resource-policy']).toBe('same-origin');
        expect(headers['x-content-type-options']).toBe('nosniff');
      }
    }
  });

  test('may not show the status page in a frame of its own', async () => {
    const { headers } = await ask(await admin(), 'GET / HTTP/1.1', 'Host: localhost');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  test('makes the sidecar do nothing: no form, no cookie, and no password that the browser adds', async () => {
    const basic = `Authorization: Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}`;
    for (const token of [undefined, TOKEN]) {
      const port = await admin(token === undefined ? {} : { token });
      for (const more of [
        basic,
        `Cookie: token=${TOKEN}`,
        `X-Admin-Token: ${TOKEN}`,
        'Content-Type: text/plain',
      ]) {
        const { status } = await ask(
          port,
          `POST /admin/resync?token=${TOKEN} HTTP/1.1`,
          'Host: localhost',
          more,
        );
        expect([401, 403]).toContain(status);
      }
    }
    expect(asked).toEqual([]);
  });
});

describe('a stranger', () => {
  test.each([
    'POST /admin/resync',
    'POST /admin/resync/',
    'POST /ADMIN/RESYNC',
    'POST /Admin/resync?x',
    'POST //admin/resync',
    'POST /admin//resync',
    'POST /./admin/resync',
    'POST /x/../admin/resync',
    'POST /%61dmin/resync',
    'POST /admin%2fresync',
    'POST /admin;x/resync',
    'POST http://localhost/admin/resync',
    'GET /admin/resync',
    'HEAD /admin/resync',
    'PUT /admin/resync',
  ])('does not act by %s', async (line) => {
    for (const token of [undefined, TOKEN]) {
      const port = await admin(token === undefined ? {} : { token });
      const { answers } = await send(
        port,
        `${line} HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(answers[0]?.status ?? 400).toBeGreaterThanOrEqual(400);
    }
    expect(asked).toEqual([]);
  });

  test.each([
    '/status',
    '/STATUS',
    '/status/',
    '//status',
    '/metrics',
    '/',
    '/?x',
    '/status?token=admin-token-42',
  ])('does not look by %s where there is a token', async (path) => {
    const { status, body } = await ask(
      await admin({ token: TOKEN }),
      `GET ${path} HTTP/1.1`,
      'Host: localhost',
    );
    expect(status).toBe(401);
    expect(body).not.toContain(TOKEN);
  });

  test.each([
    'Bearer',
    'Bearer ',
    `bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer  x ${TOKEN}`,
    TOKEN,
  ])('does not look with %j', async (credential) => {
    const port = await admin({ token: TOKEN });
    const line = `Authorization: ${credential}`;
    expect((await ask(port, 'GET /status HTTP/1.1', 'Host: localhost', line)).status).toBe(401);
  });
});

describe('a client without manners', () => {
  test('gets no more than its bytes: a body over the limit is 413, a head over it 431', async () => {
    const port = await admin({ token: TOKEN });
    const bearer = `Authorization: Bearer ${TOKEN}`;
    const head = `POST /admin/resync HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\nConnection: close\r\n`;
    const size = 2_000_000;
    const large = await send(port, `${head}Content-Length: ${size}\r\n\r\n${' '.repeat(size)}`);
    expect(large.answers[0]?.status).toBe(413);
    const wide = await send(
      port,
      `GET /status HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    );
    expect(wide.answers[0]?.status).toBe(431);
    expect(asked).toEqual([]);
  });

  test('takes one of a few connections, not all that the process has', async () => {
    const port = await admin();
    const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => socket.destroy());
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await expect
      .poll(() => sockets.filter((socket) => socket.resume().closed).length, { timeout: 5_000 })
      .toBeGreaterThanOrEqual(300 - 256);
    for (const socket of sockets) socket.destroy();
  });
});
