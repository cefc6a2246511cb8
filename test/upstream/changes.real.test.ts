/** Walking the changelog of a busy server page by page comes by every entry. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openUpstreamReader } from '../../src/upstream/read.ts';
import { call, createStore } from '../support/api.ts';
import { modelFrom } from '../support/datasets.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

const MODEL = modelFrom(`model
  schema 1.1
type user
type document
  relations
    define viewer: [user]`);
const WRITES = 40;
const PER_WRITE = 70;

describe.skipIf(!serversAvailable())('the changelog of a busy server', () => {
  let openfga: OpenFga;
  beforeAll(async () => {
    openfga = await startOpenFga();
  });
  afterAll(() => openfga?.stop());

  test('is walked without passing over an entry', async () => {
    const { storeId } = await createStore(openfga.http, 'changes', MODEL);
    let writing = true;
    // Every request mints a ULID, between those that the entries of a Write get.
    const noise = Array.from({ length: 16 }, async () => {
      while (writing) await call(openfga.http, `/stores/${storeId}`);
    });
    for (let n = 0; n < WRITES; n += 1) {
      const tuple_keys = Array.from({ length: PER_WRITE }, (_, at) => ({
        user: 'user:a',
        relation: 'viewer',
        object: `document:${n}-${at}`,
      }));
      const written = await call(openfga.http, `/stores/${storeId}/write`, {
        body: { writes: { tuple_keys } },
      });
      expect(written.status).toBe(200);
    }
    writing = false;
    await Promise.all(noise);
    const upstream = openUpstreamReader({ url: openfga.http });
    const seen = new Set<string>();
    for (let token = ''; ; ) {
      const page = await upstream.readChanges(storeId, token);
      for (const { tuple } of page.entries) seen.add(tuple.object);
      if (page.entries.length === 0) break;
      token = page.continuationToken;
    }
    await upstream.close();
    expect(seen.size).toBe(WRITES * PER_WRITE);
  });

  test('is not read from a moment that lies in the future of the server: that it refuses', async () => {
    const { storeId } = await createStore(openfga.http, 'future', MODEL);
    const upstream = openUpstreamReader({ url: openfga.http });
    const reading = upstream.readChanges(storeId, '', Date.now() + 60_000);
    await expect(reading).rejects.toMatchObject({ httpStatus: 400 });
    await upstream.close();
  });
});
