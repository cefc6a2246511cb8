import { expect, test } from 'vitest';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import { pagesOf, RowsMovedError } from '../../src/replica/pages.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const STORE = '01J0000000000000000000000A';
const row = (n: number): Tuple => ({ user: `user:u${n}`, relation: 'viewer', object: 'document:1' });
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n));

async function all(pages: AsyncIterable<readonly Tuple[]>): Promise<string[]> {
  const keys = new Set<string>();
  for await (const page of pages) for (const tuple of page) keys.add(keyText(tuple));
  return [...keys];
}

test('a quiet server is read whole', async () => {
  const upstream = createOrderedUpstream();
  upstream.commit({ writes: rows(350) });
  expect(await all(pagesOf((token) => upstream.readTuples(STORE, token)))).toEqual(rows(350).map(keyText));
});

test('a delete behind the reader, which would hide an unchanged row, is noticed', async () => {
  const upstream = createOrderedUpstream();
  upstream.commit({ writes: rows(350) });
  let reads = 0;
  const reading = all(
    pagesOf((token) => {
      reads += 1;
      if (reads === 2) upstream.commit({ deletes: [row(5)] });
      return upstream.readTuples(STORE, token);
    }),
  );
  await expect(reading).rejects.toThrow(RowsMovedError);
});

test('a delete before the reader moves nothing that was read', async () => {
  const upstream = createOrderedUpstream();
  upstream.commit({ writes: rows(350) });
  let reads = 0;
  const keys = await all(
    pagesOf((token) => {
      reads += 1;
      if (reads === 2) upstream.commit({ deletes: [row(300)] });
      return upstream.readTuples(STORE, token);
    }),
  );
  expect(keys).toHaveLength(349);
});

test('a token that is not an offset is handed back as it is', async () => {
  const token = Buffer.from('{"ulid":"01J0000000000000000000000A"}').toString('base64url');
  const asked: string[] = [];
  await all(
    pagesOf(async (sent) => {
      asked.push(sent);
      return { tuples: [row(asked.length)], continuationToken: sent === '' ? token : '' };
    }),
  );
  expect(asked).toEqual(['', token]);
});
