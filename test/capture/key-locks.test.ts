import { expect, test } from 'vitest';
import { createKeyLocks, LOCK_WAIT_MS } from '../../src/capture/key-locks.ts';
import { handClock } from '../support/hand-clock.ts';

test('a Write on a free key goes at once, a second one waits for the first', async () => {
  const locks = createKeyLocks(handClock());
  const order: string[] = [];
  const first = await locks.acquire(['a', 'b']);
  const second = locks.acquire(['b', 'c']).then((held) => {
    order.push('second');
    return held;
  });
  await Promise.resolve();
  order.push('first done');
  first.release();
  expect((await second).exclusive).toBe(true);
  expect(order).toEqual(['first done', 'second']);
});

test('Writes that name the same keys in another order do not wait for each other for ever', async () => {
  const locks = createKeyLocks(handClock());
  const done: number[] = [];
  await Promise.all(
    [['a', 'b'], ['b', 'a'], ['a', 'b'], ['b']].map(async (keys, n) => {
      const held = await locks.acquire(keys);
      done.push(n);
      held.release();
    }),
  );
  expect(done).toEqual([0, 1, 2, 3]);
});

test('a Write that waited too long goes on and is told that it was not alone', async () => {
  const clock = handClock();
  const locks = createKeyLocks(clock);
  const stuck = await locks.acquire(['a']);
  const late = locks.acquire(['a']);
  await clock.pass(LOCK_WAIT_MS);
  const held = await late;
  expect(held.exclusive).toBe(false);
  held.release();
  // Its successor still waits for the one that is stuck.
  const third = locks.acquire(['a']);
  stuck.release();
  expect((await third).exclusive).toBe(true);
});

test('settled waits for the Writes in line on those keys and for no others', async () => {
  const locks = createKeyLocks(handClock());
  const held = await locks.acquire(['a']);
  await locks.settled(['b']);
  let settled = false;
  const waiting = locks.settled(['a']).then(() => {
    settled = true;
  });
  await Promise.resolve();
  expect(settled).toBe(false);
  held.release();
  await waiting;
  expect(settled).toBe(true);
});
