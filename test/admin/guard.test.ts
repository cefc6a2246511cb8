/** Who may look and who may act: calls under /admin are for bearers of the token, and for nobody when there is none. */
import { afterEach, expect, test } from 'vitest';
import { type AdminListener, type AdminParts, openAdmin } from '../../src/admin/server.ts';
import type { AdminCall, CallResult } from '../../src/plugin/endpoints.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { healthy, sourceOf } from './samples.ts';

const open: AdminListener[] = [];
const TOKEN = 'the-token';

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function admin(parts: Partial<AdminParts> = {}): Promise<string> {
  const whole = { source: sourceOf(healthy), metrics: createMetrics({ processMetrics: false }), ...parts };
  const listener = await openAdmin(whole, { host: '127.0.0.1', port: 0 });
  open.push(listener);
  return listener.url;
}

/** A call that writes down what it was asked. */
function resync(asked: unknown[], result: CallResult = { done: { stores: 1 } }): AdminCall {
  return {
    name: 'resync',
    run: async (body, { progress }) => {
      asked.push(body);
      progress({ at: 1 });
      return result;
    },
  };
}

const act = (url: string, headers: Record<string, string> = {}, body?: string) =>
  fetch(`${url}/admin/resync`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
const BEARER = { authorization: `Bearer ${TOKEN}` };

test('a call acts for the bearer of the token, and hears what was sent', async () => {
  const asked: unknown[] = [];
  const url = await admin({ token: TOKEN, calls: [resync(asked)] });
  const answer = await act(url, BEARER, '{"stores":["S"]}');
  expect([answer.status, await answer.json()]).toEqual([200, { stores: 1 }]);
  expect((await act(url, BEARER)).status).toBe(200);
  expect(asked).toEqual([{ stores: ['S'] }, {}]);
});

test('nobody acts with a wrong credential, or with one that a browser sends by itself', async () => {
  const asked: unknown[] = [];
  const url = await admin({ token: TOKEN, calls: [resync(asked)] });
  const basic = `Basic ${Buffer.from(`anyone:${TOKEN}`).toString('base64')}`;
  for (const authorization of [
    '',
    'Bearer',
    'Bearer x',
    'Bearer the-toke',
    'Bearer the-token2',
    TOKEN,
    basic,
  ])
    expect((await act(url, { authorization }, '{}')).status, authorization).toBe(401);
  expect(asked).toEqual([]);
});

test('without a token nobody acts, not even from this machine, and the answer names the key to set', async () => {
  const asked: unknown[] = [];
  const url = await admin({ calls: [resync(asked)] });
  for (const headers of [{}, BEARER]) {
    const answer = await act(url, headers, '{}');
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ error: expect.stringContaining('admin: { token:') });
  }
  expect(asked).toEqual([]);
});

test('who is not let in learns nothing of the body: it is not even read as JSON', async () => {
  const url = await admin({ token: TOKEN, calls: [resync([])] });
  expect((await act(url, {}, 'no json')).status).toBe(401);
  expect((await act(url, BEARER, 'no json')).status).toBe(400);
  expect((await act(url, BEARER, `"${'x'.repeat(2_000_000)}"`)).status).toBe(413);
});

test('a call that is not there, and one that makes no sense here, say so', async () => {
  const refused = { refused: 'there is no such store', status: 404 } as const;
  const url = await admin({ token: TOKEN, calls: [resync([], refused)] });
  const answer = await act(url, BEARER);
  expect([answer.status, await answer.json()]).toEqual([404, { error: refused.refused }]);
  const other = await fetch(`${url}/admin/audit`, { method: 'POST', headers: BEARER });
  expect([other.status, await other.json()]).toEqual([
    404,
    { error: 'There is nothing to audit on this sidecar.' },
  ]);
});

test('who asks line by line hears of progress, and of a fault without its text', async () => {
  const told: unknown[] = [];
  const broken: AdminCall = {
    name: 'audit',
    run: async (_body, { progress }) => {
      progress({ at: 7 });
      throw new Error('inner detail');
    },
  };
  const failed = (error: unknown) => told.push(error);
  const url = await admin({ token: TOKEN, calls: [resync([]), broken], failed });
  const lines = { ...BEARER, accept: 'application/x-ndjson' };
  expect(await (await act(url, lines)).text()).toBe('{"progress":{"at":1}}\n{"done":{"stores":1}}\n');
  const answer = await fetch(`${url}/admin/audit`, { method: 'POST', headers: lines });
  const text = await answer.text();
  expect(text).toContain('{"progress":{"at":7}}\n{"error":');
  expect(text).not.toContain('inner detail');
  expect(told).toEqual([new Error('inner detail')]);
});

test('the call hears that its asker went away', async () => {
  let gone = false;
  const waiting: AdminCall = {
    name: 'audit',
    run: (_body, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          gone = true;
          resolve({ done: {} });
        });
      }),
  };
  const url = await admin({ token: TOKEN, calls: [waiting] });
  const leave = new AbortController();
  const call = fetch(`${url}/admin/audit`, {
    method: 'POST',
    headers: { ...BEARER, accept: 'application/x-ndjson' },
    signal: leave.signal,
  });
  const answer = await call;
  leave.abort();
  await answer.text().catch(() => '');
  await expect.poll(() => gone, { timeout: 5_000 }).toBe(true);
});

test('each endpoint can be switched off, and then says which key did it', async () => {
  const disable = ['healthz', 'readyz', 'status', 'metrics', 'page', 'resync'] as const;
  const asked: unknown[] = [];
  const url = await admin({ token: TOKEN, disable, calls: [resync(asked)] });
  for (const path of ['/healthz', '/readyz', '/status', '/metrics', '/']) {
    const answer = await fetch(url + path, { headers: BEARER });
    expect(answer.status, path).toBe(404);
    expect(await answer.text()).toContain('admin.disable');
  }
  expect((await act(url, BEARER)).status).toBe(404);
  expect(asked).toEqual([]);
});

test('a secret that an error quotes is masked wherever it turns up', async () => {
  const quoting = () => ({ ...healthy(), region: 'cannot log in with geheim-42' });
  const url = await admin({ source: sourceOf(quoting), secrets: ['geheim-42', 'x'] });
  const text = await (await fetch(`${url}/status`)).text();
  expect(text).not.toContain('geheim-42');
  expect(JSON.parse(text)).toMatchObject({ region: 'cannot log in with ***' });
});
