import { request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type AdminListener, type AdminParts, openAdmin } from '../../src/admin/server.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { bootstrapping, degraded, healthy, STORE_A, sourceOf } from './samples.ts';

const open: AdminListener[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function admin(parts: Partial<AdminParts> = {}): Promise<string> {
  const whole = { source: sourceOf(healthy), metrics: createMetrics({ processMetrics: false }), ...parts };
  const listener = await openAdmin(whole, { host: '127.0.0.1', port: 0 });
  open.push(listener);
  return listener.url;
}

test('/healthz lives with 200 in every state, and says the state without its errors', async () => {
  const url = await admin({ source: sourceOf(degraded) });
  const answer = await fetch(`${url}/healthz`);
  const body = await answer.text();
  expect(answer.status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({
    status: 'degraded',
    conditions: [{ name: 'disconnected' }, { name: 'lag' }],
  });
  expect(body).not.toContain('10.20.0.4');
});

test('/readyz does not wait for the local stores, /readyz?synced does and names them', async () => {
  const url = await admin({ source: sourceOf(bootstrapping) });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const synced = await fetch(`${url}/readyz?synced`);
  expect(synced.status).toBe(503);
  expect(await synced.json()).toMatchObject({
    ready: false,
    waiting_for: expect.arrayContaining([expect.stringContaining(STORE_A)]),
  });
  const calm = await admin();
  expect((await fetch(`${calm}/readyz?synced`)).status).toBe(200);
});

test('/readyz says what it waits for while the listeners are not open', async () => {
  const source = {
    ...sourceOf(healthy),
    readiness: () => ({ ready: false, waitingFor: ['the listeners'], unsynced: [] }),
  };
  const answer = await fetch(`${await admin({ source })}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { ready: false, waiting_for: ['the listeners'] },
  ]);
});

test('/status is the report as JSON, /metrics is Prometheus text', async () => {
  const url = await admin();
  expect(await (await fetch(`${url}/status`)).json()).toEqual(JSON.parse(JSON.stringify(healthy())));
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(await metrics.text()).toContain('nats_connected 0');
});

test('nothing is cached, nothing says what serves it, what is not there is told in JSON', async () => {
  const url = await admin();
  const answer = await fetch(`${url}/nothing`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: expect.stringContaining('/status') });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-powered-by')).toBeNull();
  expect((await fetch(`${url}/status`, { method: 'POST' })).status).toBe(404);
});

test('a fault while answering is a 500 without its text, and is told to the owner', async () => {
  const told: unknown[] = [];
  const broken = () => {
    throw new Error('inner detail');
  };
  const url = await admin({
    source: { ...sourceOf(healthy), status: broken },
    failed: (error) => told.push(error),
  });
  const answer = await fetch(`${url}/status`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('inner detail');
  expect(told).toEqual([new Error('inner detail')]);
});

test('with a token, everything but /healthz and /readyz asks for it', async () => {
  const url = await admin({ token: 'the-token' });
  const ask = (path: string, authorization?: string) =>
    fetch(url + path, authorization === undefined ? {} : { headers: { authorization } }).then(
      (a) => a.status,
    );
  for (const path of ['/', '/status', '/metrics', '/other']) {
    expect(await ask(path)).toBe(401);
    for (const wrong of [
      'Bearer',
      'Bearer x',
      'Bearer the-toke',
      'Bearer the-token2',
      'bearer',
      'the-token',
      'Basic !!!',
      'Digest the-token',
    ]) {
      expect(await ask(path, wrong)).toBe(401);
    }
  }
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  expect(await ask('/status', basic('the-token:x'))).toBe(401);
  expect(await ask('/status', basic('anyone:the-token'))).toBe(200);
  expect(await ask('/status', 'Bearer the-token')).toBe(200);
  expect(await ask('/healthz')).toBe(200);
  expect(await ask('/readyz')).toBe(200);
});

test('without a token, a name from the web that was pointed at this machine is refused', async () => {
  const { port } = new URL(await admin());
  expect(await statusFor(port, 'evil.example:80')).toBe(403);
  expect(await statusFor(port, `localhost:${port}`)).toBe(200);
  expect(await statusFor(port, `[::1]:${port}`)).toBe(200);
});

test('an address in use is refused with its code', async () => {
  const { port } = new URL(await admin());
  const parts = { source: sourceOf(healthy), metrics: createMetrics({ processMetrics: false }) };
  await expect(openAdmin(parts, { host: '127.0.0.1', port: Number(port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

function statusFor(port: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path: '/status', headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.on('error', reject).end();
  });
}
