/** Which stores an edge keeps where no product names them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { StatusReport } from '../../src/admin/status.ts';
import { closingAfterEach } from '../proxy/after-each.ts';
import { call } from '../support/api.ts';
import { eventually } from '../support/fleet.ts';
import { startInProcess } from '../support/in-process.ts';

const closing = closingAfterEach();

test('an upstream that does not list its stores is told of, and nothing counts as synced before it does', async () => {
  let refuses = true;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').statusCode = refuses ? 401 : 200;
    response.end(
      refuses ? '{"code":"unauthenticated","message":"no"}' : '{"stores":[],"continuation_token":""}',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(async () => void server.close());
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const edge = await startInProcess('lists', {
    role: 'edge',
    upstream: { http: upstream, api_token: 'wrong' },
    changelog: 'upstream',
    auth: { method: 'preshared', keys: ['right'] },
    products: [{ id: 'all', stores: ['*'], tier: 'critical' }],
  });
  closing(edge.drain);
  const conditions = async () => {
    const { health } = (await call(edge.urls.admin, '/status')).body as StatusReport;
    return health.conditions.map(({ name }) => name);
  };
  await eventually(conditions, (names) => names.includes('stores'));
  expect((await call(edge.urls.admin, '/readyz?synced')).status).toBe(503);
  refuses = false;
  await eventually(
    async () => (await call(edge.urls.admin, '/readyz?synced')).status,
    (status) => status === 200,
    15_000,
  );
  expect(await conditions()).not.toContain('stores');
  expect(edge.log()).toMatch(/"condition":"stores".*"msg":"degraded: The upstream does not tell its stores/);
  expect(edge.log()).toMatch(/"condition":"stores".*"msg":"over: The upstream does not tell its stores/);
});
