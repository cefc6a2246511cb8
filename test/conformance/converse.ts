/** Holds the conversation of a vulnerability with a target, twice: the second time caches have seen everything. */
import { expect } from 'vitest';
import { modelFrom } from '../support/datasets.ts';
import type { Vulnerability } from './conversation.ts';
import type { Target } from './targets.ts';

export async function converse(target: Target, { steps, asks }: Vulnerability): Promise<void> {
  const store = await target.newStore();
  let modelId = '';
  for (const { model, tuples } of steps) {
    modelId = await store.writeModel(modelFrom(model));
    await store.write(tuples);
  }
  const scope = { storeId: store.storeId, modelId, consistency: 'unspecified' } as const;
  for (const { query, expected } of [...asks, ...asks]) {
    const said = await store.ask(query(scope));
    const plain = 'error' in said ? { error: said.error.code } : said;
    expect(plain, JSON.stringify(query(scope))).toEqual(expected);
  }
}
