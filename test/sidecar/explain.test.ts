import { expect, test } from 'vitest';
import { closingAfterEach } from '../proxy/after-each.ts';
import { call } from '../support/api.ts';
import { startInProcess } from '../support/in-process.ts';

const closing = closingAfterEach();

test('a Check of a store that no product keeps is forwarded by its tier, and waits for no copy', async () => {
  const token = 'a-token';
  const edge = await startInProcess('explains', {
    role: 'edge',
    upstream: 'embedded',
    changelog: 'memory',
    admin: { token },
    products: [],
  });
  closing(edge.drain);
  const { body } = await call(edge.urls.admin, '/admin/explain', {
    headers: { authorization: `Bearer ${token}` },
    body: {
      store_id: '01J0000000000000000000000A',
      tuple_key: { user: 'user:anne', relation: 'viewer', object: 'document:1' },
    },
  });
  expect(body).toMatchObject({
    answeredBy: 'upstream',
    declined: { detail: expect.stringContaining('keeps nothing here') },
    product: { tier: 'cold' },
  });
});
