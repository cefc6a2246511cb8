import { afterEach, expect, it } from 'vitest';
import { createMemoryChangeLog } from '../../plugins/changelog/memory.ts';
import { centre, STORE, stopAll } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

it('answers for the other stores when the walk of one hangs', async () => {
  const upstream = createOrderedUpstream();
  const { readChanges } = upstream;
  let release = () => {};
  const hung = new Promise<void>((resolve) => {
    release = resolve;
  });
  upstream.readChanges = async (storeId, ...rest) => {
    if (storeId === 'HUNG') await hung;
    return readChanges(storeId, ...rest);
  };
  const sequencer = centre(upstream, createMemoryChangeLog());
  const reply = await sequencer.answer({ ask: 'barrier', storeIds: ['HUNG', STORE] });
  expect(Object.keys(reply.heads)).toEqual([STORE]);
  release();
});
