/** The embedded upstream alone: what the quick start and other tests rely on. `embedded.real.test.ts` compares it with OpenFGA. */
import { OpenFgaClient } from '@openfga/sdk';
import { afterEach, describe, expect, test } from 'vitest';
import type { EmbeddedUpstream } from '../../../plugins/upstream/embedded/server.ts';
import { play, SCRIPTS } from '../../contract/upstream.ts';
import { MODEL } from '../../contract/upstream-models.ts';
import { SOME, tuple } from '../../contract/upstream-tuples.ts';
import { handClock } from '../../support/hand-clock.ts';
import { startEmbedded } from './embedded/start.ts';

let open: EmbeddedUpstream[] = [];

afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
});

async function start(options: Parameters<typeof startEmbedded>[0] = {}): Promise<EmbeddedUpstream> {
  const server = await startEmbedded(options);
  open.push(server);
  return server;
}

async function storeWithModel(url: string): Promise<OpenFgaClient> {
  const client = new OpenFgaClient({ apiUrl: url });
  client.storeId = (await client.createStore({ name: 'quick start' })).id;
  await client.writeAuthorizationModel(structuredClone(MODEL) as never);
  return client;
}

const anne = { user: 'user:anne', relation: 'viewer', object: 'document:plan' };
const some = SOME.map((text) => tuple(text)) as { user: string; relation: string; object: string }[];

describe('the server', () => {
  test('names the system error when its port is taken', async () => {
    const { url } = await start();
    await expect(startEmbedded({ port: Number(new URL(url).port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('says where it is, and is gone after it was closed', async () => {
    const server = await startEmbedded();
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'SERVING' });
    await server.close();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  test('keeps the stores of two servers apart', async () => {
    const [one, two] = [await start(), await start()];
    await storeWithModel(one.url);
    expect((await new OpenFgaClient({ apiUrl: two.url }).listStores()).stores).toEqual([]);
  });

  test('gives every call an id of its own and names store and model', async () => {
    const { url } = await start();
    const { storeId } = await storeWithModel(url);
    const ask = () =>
      fetch(`${url}/stores/${storeId}/check`, { method: 'POST', body: JSON.stringify({ tuple_key: anne }) });
    const [first, second] = [await ask(), await ask()];
    expect(first.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(first.headers.get('openfga-store-id')).toBe(storeId);
    expect(first.headers.get('openfga-authorization-model-id')).toMatch(/^[0-9A-Z]{26}$/);
  });
});

describe('the official SDK', () => {
  test('writes, checks, moves and reads back', async () => {
    const client = await storeWithModel((await start()).url);
    await client.write({ writes: some });
    expect((await client.check(anne)).allowed).toBe(true);
    expect((await client.check({ ...anne, object: 'document:memo', user: 'user:bob' })).allowed).toBe(false);
    await client.deleteTuples([{ user: 'folder:root', relation: 'parent', object: 'document:plan' }]);
    expect((await client.check(anne)).allowed).toBe(false);
    const { tuples } = await client.read({ object: 'document:plan' });
    expect(tuples.map(({ key }) => key.user)).toEqual(['user:bob']);
  });

  test('gets the errors of a second write and of a missing tuple as validation errors', async () => {
    const client = await storeWithModel((await start()).url);
    await client.write({ writes: some });
    const refused = { statusCode: 400, apiErrorCode: 'write_failed_due_to_invalid_input' };
    await expect(client.writeTuples(some.slice(0, 1))).rejects.toMatchObject(refused);
    await expect(client.deleteTuples([anne])).rejects.toMatchObject(refused);
  });

  test('lists stores and models, newest model first', async () => {
    const client = await storeWithModel((await start()).url);
    const second = await client.writeAuthorizationModel(structuredClone(MODEL) as never);
    const { authorization_models: models } = await client.readAuthorizationModels();
    expect(models.map(({ id }) => id)[0]).toBe(second.authorization_model_id);
    expect(models).toHaveLength(2);
    expect((await client.getStore()).name).toBe('quick start');
    await client.deleteStore();
    await expect(client.getStore()).rejects.toMatchObject({ apiErrorCode: 'store_id_not_found' });
  });

  test('keeps assertions by model', async () => {
    const client = await storeWithModel((await start()).url);
    const { authorization_model: model } = await client.readLatestAuthorizationModel();
    const options = { authorizationModelId: model?.id ?? '' };
    await client.writeAssertions([{ ...anne, expectation: true }], options);
    const { assertions } = await client.readAssertions(options);
    expect(assertions?.map(({ tuple_key: key }) => key)).toEqual([anne]);
  });
});

describe('pages', () => {
  test('of a Read hold every tuple once, in the order of the writes, also after deletes', async () => {
    const client = await storeWithModel((await start()).url);
    const many = Array.from({ length: 250 }, (_, n) => ({ ...anne, object: `document:${n}` }));
    for (let at = 0; at < many.length; at += 100) await client.writeTuples(many.slice(at, at + 100));
    await client.deleteTuples(many.filter((_, n) => n % 10 === 0));
    const seen: string[] = [];
    let token = '';
    do {
      const page = await client.read(
        {},
        token === '' ? { pageSize: 60 } : { pageSize: 60, continuationToken: token },
      );
      seen.push(...page.tuples.map(({ key }) => key.object));
      token = page.continuation_token;
    } while (token !== '');
    expect(seen).toEqual(many.filter((_, n) => n % 10 !== 0).map(({ object }) => object));
  });

  test('of changes go on after the token, and from a time on', async () => {
    const clock = handClock();
    const { url } = await start({ clock });
    const client = await storeWithModel(url);
    await client.writeTuples(some.slice(0, 2));
    const first = await client.readChanges();
    await clock.pass(60_000);
    const middle = new Date(clock.wallMs()).toISOString();
    await clock.pass(60_000);
    await client.writeTuples(some.slice(2, 4));
    const keys = (changes: typeof first) => changes.changes.map(({ tuple_key: key }) => key.object);
    const after = await client.readChanges(undefined, { continuationToken: first.continuation_token ?? '' });
    expect(keys(after)).toEqual(some.slice(2, 4).map(({ object }) => object));
    expect(keys(await client.readChanges({ type: '', startTime: middle }))).toEqual(keys(after));
  });
});

test.each(SCRIPTS)('meets no fault of its own: $name', async (script) => {
  const { url } = await start();
  const played = await play(url, script);
  const faults = played.filter(({ body }) => (body as { code?: string } | null)?.code === 'internal_error');
  // A token of these lists that holds no number is a fault upstream too.
  expect(faults.map(({ does }) => does).filter((does) => !/token/.test(does))).toEqual([]);
});
