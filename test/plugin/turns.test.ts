import { expect, test } from 'vitest';
import { createTurns } from '../../src/plugin/turns.ts';

test('runs that are asked for while one is under way share the next one, which begins afterwards', async () => {
  let began = 0;
  let finish = () => {};
  const turn = createTurns(() => {
    began += 1;
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  const first = turn();
  const others = Array.from({ length: 10 }, () => turn());
  expect(began).toBe(1);
  finish();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  expect(began).toBe(2);
  finish();
  await Promise.all(others);
  expect(began).toBe(2);
});

test('a run that fails does not stop the next', async () => {
  let runs = 0;
  const turn = createTurns(async () => {
    runs += 1;
    if (runs === 1) throw new Error('once');
  });
  await expect(turn()).rejects.toThrow('once');
  await turn();
  expect(runs).toBe(2);
});
