import { describe, expect, test } from 'vitest';
import { createBreaker, FAILURES_IN_A_ROW, REST_MS } from '../../src/upstream/breaker.ts';
import { handClock } from '../support/hand-clock.ts';

function broken() {
  const clock = handClock();
  const turns: string[] = [];
  const breaker = createBreaker({ clock, turned: (state) => void turns.push(state) });
  for (let n = 0; n < FAILURES_IN_A_ROW; n += 1) breaker.failed('timeout');
  return { clock, breaker, turns };
}

test('failures in a row give the upstream a rest: a refusal in the shape of OpenFGA, nothing sent', () => {
  const { breaker, turns } = broken();
  expect(breaker.refusal()).toMatchObject({
    fault: 'open',
    sent: false,
    error: { code: 'unavailable', httpStatus: 503 },
  });
  expect(turns).toEqual(['open']);
});

test('an answer between them begins the count anew, and what is not the fault of the upstream does not count', () => {
  const breaker = createBreaker({ clock: handClock() });
  for (let n = 1; n < FAILURES_IN_A_ROW; n += 1) breaker.failed('reset');
  breaker.succeeded();
  breaker.failed('reset');
  for (let n = 0; n < 20; n += 1) breaker.failed('request');
  expect(breaker.refusal()).toBeUndefined();
});

test('a server that resets calls or says that it cannot answer is there: it gets no rest', () => {
  const { breaker, turns } = broken();
  for (let n = 0; n < 20; n += 1) breaker.failed(n % 2 === 0 ? 'failing' : 'dropped');
  expect(breaker.refusal()).toBeUndefined();
  expect(turns).toEqual(['open', 'closed']);
});

describe('after the rest', () => {
  test('one tries, the others are refused until it is answered', async () => {
    const { clock, breaker, turns } = broken();
    await clock.pass(REST_MS);
    expect(breaker.refusal()).toBeUndefined();
    expect(breaker.refusal()).toBeDefined();
    breaker.succeeded();
    expect(breaker.refusal()).toBeUndefined();
    expect(turns).toEqual(['open', 'closed']);
  });

  test('a try that fails is another rest', async () => {
    const { clock, breaker, turns } = broken();
    await clock.pass(REST_MS);
    breaker.refusal();
    breaker.failed('unreachable');
    expect(breaker.refusal()).toBeDefined();
    await clock.pass(REST_MS);
    expect(breaker.refusal()).toBeUndefined();
    expect(turns).toEqual(['open']);
  });

  test('a try that cannot be sent for what the caller put into it leaves it to the next', async () => {
    const { clock, breaker } = broken();
    await clock.pass(REST_MS);
    breaker.refusal();
    breaker.failed('request');
    expect(breaker.refusal()).toBeUndefined();
  });

  test('a try of which nothing is heard does not keep the others from trying', async () => {
    const { clock, breaker } = broken();
    await clock.pass(REST_MS);
    breaker.refusal();
    await clock.pass(5_000);
    expect(breaker.refusal()).toBeUndefined();
  });
});
