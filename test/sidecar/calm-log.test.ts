import { expect, test } from 'vitest';
import { silentLog } from '../../src/plugin/log.ts';
import { calmLog } from '../../src/sidecar/calm-log.ts';
import { handClock } from '../support/hand-clock.ts';

test('the same warning about the same store is a line once a minute, with how many were left out', async () => {
  const clock = handClock();
  const warned: object[] = [];
  const debugged: object[] = [];
  const log = calmLog(
    {
      ...silentLog,
      warn: (fields) => void warned.push(fields),
      debug: (fields) => void debugged.push(fields),
    },
    clock,
  );
  for (let n = 0; n < 3; n += 1) log.warn({ store: 'a' }, 'failed');
  log.warn({ store: 'b' }, 'failed');
  log.warn({ store: 'a' }, 'something else');
  expect(warned).toEqual([{ store: 'a' }, { store: 'b' }, { store: 'a' }]);
  expect(debugged).toHaveLength(2);
  await clock.pass(60_001);
  log.warn({ store: 'a' }, 'failed');
  expect(warned.at(-1)).toEqual({ store: 'a', left_out: 2 });
});
