import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import { pagesOf, RowsMovedError } from '../../src/replica/pages.ts';
import { openUpstreamReader } from '../../src/upstream/read.ts';
import { createStore, type StoreIds, write, writeAll } from '../support/api.ts';
import { companyDataset } from '../support/datasets.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

describe.skipIf(!serversAvailable())('reading a real OpenFGA (memory engine) page by page', () => {
  const data = companyDataset(500, 7);
  let openfga: OpenFga;
  let store: StoreIds;

  beforeAll(async () => {
    openfga = await startOpenFga();
    store = await createStore(openfga.http, 'pages', data.model);
    await writeAll(openfga.http, store.storeId, data.tuples, 50);
  });
  afterAll(() => openfga?.stop());

  async function read(between: (page: number) => Promise<unknown>): Promise<Set<string>> {
    const upstream = openUpstreamReader({ url: openfga.http });
    const keys = new Set<string>();
    let page = 0;
    for await (const tuples of pagesOf((token) => upstream.readTuples(store.storeId, token))) {
      for (const tuple of tuples) keys.add(keyText(tuple));
      page += 1;
      await between(page);
    }
    return keys;
  }

  test('finds every tuple of a quiet store', async () => {
    expect(await read(async () => {})).toEqual(new Set(data.tuples.map(keyText)));
  });

  test('notices that a delete moved the rows which it had not read yet', async () => {
    const [first] = data.tuples as readonly [Tuple];
    const remove = async (page: number) =>
      page === 1 ? write(openfga.http, store.storeId, { deletes: [first] }) : undefined;
    await expect(read(remove)).rejects.toThrow(RowsMovedError);
  });
});
