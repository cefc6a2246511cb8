import { afterEach, expect, it } from 'vitest';
import { createMemoryChangeLog } from '../../plugins/changelog/memory.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { centre, STORE, stopAll, until } from '../support/change-street.ts';
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

it('tells of each store once that an outage keeps from being walked, and when it is over', async () => {
  const upstream = createOrderedUpstream();
  const [warned, told]: [string[], string[]] = [[], []];
  const logger = {
    ...silentLog,
    warn: (_: object, message: string) => void warned.push(message),
    info: (_: object, message: string) => void told.push(message),
  };
  const sequencer = centre(upstream, createMemoryChangeLog(), { logger });
  const ask = () => sequencer.answer({ ask: 'barrier', storeIds: [STORE] });
  await ask();
  upstream.failing = true;
  for (let n = 0; n < 5; n += 1) await ask();
  await systemClock.sleep(200);
  expect(warned.filter((message) => message.startsWith('no barrier'))).toHaveLength(1);
  expect(warned.filter((message) => message.startsWith('a walk'))).toHaveLength(1);
  upstream.failing = false;
  await until(() => told.includes('the changelog can be walked again'), 'it is over');
});
