/** The sidecar's own reads, on a real OpenFGA. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import type { Upstream } from '../../src/plugin/upstream.ts';
import { openUpstreamReader } from '../../src/upstream/read.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

const TOKEN = 'reader-key';
const NOWHERE = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'document',
      relations: { viewer: { this: {} } },
      metadata: {
        relations: {
          viewer: { directly_related_user_types: [{ type: 'user' }, { type: 'user', condition: 'inside' }] },
        },
      },
    },
  ],
  conditions: {
    inside: {
      name: 'inside',
      expression: 'region == home',
      parameters: { region: { type_name: 'TYPE_NAME_STRING' }, home: { type_name: 'TYPE_NAME_STRING' } },
    },
  },
};

const viewer = (user: string, object: string, condition?: Tuple['condition']): Tuple => ({
  user,
  relation: 'viewer',
  object,
  ...(condition && { condition }),
});
const CONDITIONED = viewer('user:c', 'document:c', { name: 'inside', context: { home: 'eu' } });
const BARE = viewer('user:d', 'document:d', { name: 'inside' });
const PLAIN = Array.from({ length: 250 }, (_, i) => viewer(`user:${i}`, `document:${i % 7}`));

describe.skipIf(!serversAvailable())('reading from a real OpenFGA', () => {
  let fga: OpenFga;
  let upstream: Upstream;
  let store: string;
  let models: string[];

  const post = async (path: string, body: unknown) => {
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const response = await fetch(fga.http + path, { method: 'POST', body: JSON.stringify(body), headers });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Record<string, string>;
  };

  beforeAll(async () => {
    fga = await startOpenFga({ args: ['--authn-method', 'preshared', '--authn-preshared-keys', TOKEN] });
    upstream = openUpstreamReader({ url: fga.http, apiToken: TOKEN });
    store = (await post('/stores', { name: 'reading' })).id ?? '';
    models = [];
    for (let i = 0; i < 2; i++) {
      models.push((await post(`/stores/${store}/authorization-models`, MODEL)).authorization_model_id ?? '');
    }
    const tuples = [...PLAIN, CONDITIONED, BARE];
    for (let i = 0; i < tuples.length; i += 100) {
      await post(`/stores/${store}/write`, { writes: { tuple_keys: tuples.slice(i, i + 100) } });
    }
    await post(`/stores/${store}/write`, { deletes: { tuple_keys: [viewer('user:0', 'document:0')] } });
  });

  afterAll(async () => {
    await upstream?.close();
    await fga?.stop();
  });

  test('gives every tuple, page by page, with conditions and their contexts', async () => {
    const held = new Map<string, Tuple>();
    let token = '';
    let pages = 0;
    do {
      const page = await upstream.readTuples(store, token);
      for (const tuple of page.tuples) held.set(keyText(tuple), tuple);
      token = page.continuationToken;
      pages++;
    } while (token !== '');
    expect(pages).toBe(3);
    const expected = [...PLAIN.slice(1), CONDITIONED, BARE];
    expect([...held.values()].sort(byText)).toEqual(expected.sort(byText));
  });

  test('gives the state of one key, or none', async () => {
    expect(await upstream.readTuple(store, CONDITIONED)).toEqual(CONDITIONED);
    expect(await upstream.readTuple(store, BARE)).toEqual(BARE);
    expect(await upstream.readTuple(store, viewer('user:0', 'document:0'))).toBeUndefined();
  });

  test('gives the changes in order, and the token that was sent when there is nothing new', async () => {
    const entries = [];
    let token = '';
    for (;;) {
      const page = await upstream.readChanges(store, token);
      entries.push(...page.entries);
      if (page.entries.length === 0) {
        expect(page.continuationToken).toBe(token);
        break;
      }
      token = page.continuationToken;
    }
    expect(entries).toHaveLength(253);
    expect(entries[0]).toMatchObject({ operation: 'write', tuple: PLAIN[0] });
    expect(entries[250]).toMatchObject({ operation: 'write', tuple: CONDITIONED });
    expect(entries[252]).toMatchObject({ operation: 'delete', tuple: viewer('user:0', 'document:0') });
    expect(Math.abs((entries[252]?.timestampMs ?? 0) - Date.now())).toBeLessThan(60_000);

    const late = await upstream.readChanges(store, '', (entries[252]?.timestampMs ?? 0) + 1);
    expect(late).toEqual({ entries: [], continuationToken: '' });
    const early = await upstream.readChanges(store, '', Date.now() - 3_600_000);
    expect(early.entries.length).toBeGreaterThan(0);
    // A time beside a token would be refused; the token counts.
    expect((await upstream.readChanges(store, token, Date.now() - 1_000)).entries).toEqual([]);
  });

  test('gives models: the newest id, one, all with the newest first, none', async () => {
    expect(await upstream.latestModelId(store)).toBe(models[1]);
    expect((await upstream.listModels(store)).map(({ id }) => id)).toEqual([models[1], models[0]]);
    expect(await upstream.readModel(store, models[0] ?? '')).toMatchObject({
      id: models[0],
      conditions: { inside: { expression: 'region == home' } },
    });
    expect(await upstream.readModel(store, NOWHERE)).toBeUndefined();
    expect(await upstream.latestModelId(NOWHERE)).toBeUndefined();
    expect(await upstream.listModels(NOWHERE)).toEqual([]);
  });

  test('gives every store, over pages', async () => {
    const made = [store];
    for (let i = 0; i < 101; i++) made.push((await post('/stores', { name: `store ${i}` })).id ?? '');
    expect([...(await upstream.listStores())].sort()).toEqual(made.sort());
  });

  test('says what upstream said: its code and message', async () => {
    await expect(upstream.readTuples('no id', '')).rejects.toMatchObject({
      name: 'FgaError',
      code: 'validation_error',
      message: expect.stringContaining('StoreId'),
    });
    await expect(upstream.readTuples(store, 'bad token!')).rejects.toMatchObject({
      code: 'validation_error',
    });
    const stranger = openUpstreamReader({ url: fga.http });
    await expect(stranger.listStores()).rejects.toMatchObject({ code: 'bearer_token_missing' });
    await stranger.close();
  });
});

function byText(a: Tuple, b: Tuple): number {
  return keyText(a) < keyText(b) ? -1 : 1;
}
