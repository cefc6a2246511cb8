import { describe, expect, test } from 'vitest';
import { createTurnstile, type Quota, type Turn } from '../../src/proxy/turnstile.ts';
import { handClock } from '../support/hand-clock.ts';
import { closingAfterEach } from './after-each.ts';
import { ask, startServing, YES } from './serving.ts';
import { A_CHECK, CHECK, post, STORE, talk } from './street-setup.ts';

function turnstile(quotas: Readonly<Record<string, Quota>>, concurrentQueries = 100) {
  const clock = handClock();
  const quotaOf = (id: string) => ({ id, ...(quotas[id] ? { quota: quotas[id] } : {}) });
  const made = createTurnstile({ concurrentQueries, quotaOf, clock });
  const enter = (id: string): Turn | string => {
    const turn = made.enter(id);
    return 'refused' in turn ? turn.reason : turn;
  };
  return { enter, clock };
}

function leave(turn: Turn | string): void {
  if (typeof turn === 'string') throw new Error(`refused: ${turn}`);
  turn.leave();
}

describe('the turnstile', () => {
  test('lets so many in at once, and another when one leaves', () => {
    const { enter } = turnstile({}, 2);
    const first = enter('a');
    enter('b');
    expect(enter('c')).toBe('limit');
    leave(first);
    leave(enter('c'));
  });

  test('one product at its quota does not keep another out', () => {
    const { enter } = turnstile({ greedy: { concurrentQueries: 2 } });
    const turns = [enter('greedy'), enter('greedy')];
    expect(enter('greedy')).toBe('quota');
    leave(enter('other'));
    leave(turns[0] ?? '');
    leave(enter('greedy'));
  });

  test('a quota per second lets one burst through, then as many as time brings', async () => {
    const { enter, clock } = turnstile({ a: { queriesPerSecond: 3 } });
    for (let n = 0; n < 3; n += 1) leave(enter('a'));
    expect(enter('a')).toBe('rate');
    await clock.pass(334);
    leave(enter('a'));
    expect(enter('a')).toBe('rate');
    await clock.pass(60_000);
    for (let n = 0; n < 3; n += 1) leave(enter('a'));
    expect(enter('a')).toBe('rate');
  });
});

describe('a street with a turnstile', () => {
  const closing = closingAfterEach();

  test("refuses with OpenFGA's resource_exhausted what is over it, and holds a place only as long as a query runs", async () => {
    const answer = Promise.withResolvers<void>();
    const waiting = Promise.withResolvers<void>();
    const own = createTurnstile({
      concurrentQueries: 100,
      quotaOf: () => ({ id: 'p', quota: { concurrentQueries: 1 } }),
      clock: handClock(),
    });
    const decision = { answer: YES, servedBy: 'local' } as const;
    const street = await startServing(
      async () => {
        waiting.resolve();
        await answer.promise;
        return decision;
      },
      { turnstile: own },
    );
    closing(() => street.close());
    const slow = ask(street.port);
    await waiting.promise;
    const refused = await ask(street.port);
    expect(refused).toMatch(/^HTTP\/1.1 500 /);
    expect(refused).toContain('{"code":"resource_exhausted","message":"the product p has');
    expect(street.told).toContain('shed Check quota');
    answer.resolve();
    expect(await slow).toContain('"allowed":true');
    await expect.poll(() => ask(street.port)).toContain('"allowed":true');
  });

  test.each([
    ['a query string', (path: string) => `${path}?x`],
    ['percent-encoding', (path: string) => path.replace('check', 'chec%6b')],
    ['another form', (path: string) => `http://s${path}`],
  ])('counts a query whose target has %s', async (_what, odd) => {
    const quota = { queriesPerSecond: 1 };
    const own = createTurnstile({
      concurrentQueries: 100,
      quotaOf: () => ({ id: 'p', quota }),
      clock: handClock(),
    });
    const street = await startServing(() => ({ answer: YES, servedBy: 'local' }), { turnstile: own });
    closing(() => street.close());
    const asked = () => talk(street.port, post(odd(CHECK), A_CHECK, 'Connection: close'));
    expect(await asked()).toContain('from upstream');
    expect(await asked()).toContain('resource_exhausted');
  });

  test('gives the place back when the client leaves, and when it was answered at once', async () => {
    const own = createTurnstile({
      concurrentQueries: 1,
      quotaOf: () => ({ id: STORE }),
      clock: handClock(),
    });
    const street = await startServing(() => ({ answer: YES, servedBy: 'local' }), { turnstile: own });
    closing(() => street.close());
    for (let n = 0; n < 3; n += 1) expect(await ask(street.port)).toContain('"allowed":true');
  });
});
