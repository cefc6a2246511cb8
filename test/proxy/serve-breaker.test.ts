/** Queries towards an upstream that does not answer. */
import { expect, test } from 'vitest';
import type { Decision } from '../../src/proxy/decision.ts';
import { createBreaker, FAILURES_IN_A_ROW, REST_MS } from '../../src/upstream/breaker.ts';
import { handClock } from '../support/hand-clock.ts';
import { closingAfterEach } from './after-each.ts';
import { ask, LOCAL, startServing, YES } from './serving.ts';
import { A_WRITE, post, talk, WRITE } from './street-setup.ts';

const closing = closingAfterEach();

/** Nobody listens on port 1. */
function scene(decision: Decision) {
  const clock = handClock();
  const breaker = createBreaker({ clock });
  const breakers = { upstream: breaker, primary: breaker };
  const street = startServing(() => decision, { breakers, upstream: 'http://127.0.0.1:1' });
  return { clock, street };
}

test('after failures in a row queries get the 503 at once, one tries after the rest, Writes are always sent', async () => {
  const { clock, street: starting } = scene({ declined: 'miss' });
  const street = await starting;
  closing(street.close);
  for (let n = 0; n < FAILURES_IN_A_ROW + 2; n += 1)
    expect(await ask(street.port)).toMatch(/^HTTP\/1.1 503 [\s\S]*"code":"unavailable"/);
  const failed = () => street.told.filter((word) => word.startsWith('failed'));
  expect(failed()).toEqual([
    ...Array(FAILURES_IN_A_ROW).fill('failed unreachable'),
    'failed open',
    'failed open',
  ]);
  await talk(street.port, post(WRITE, A_WRITE, 'Connection: close'));
  await clock.pass(REST_MS);
  await ask(street.port);
  expect(failed().slice(-2)).toEqual(['failed unreachable', 'failed unreachable']);
});

test('what on_stale lets be answered is answered at once while the upstream has its rest', async () => {
  const { street: starting } = scene({ declined: 'stale', fallback: () => ({ answer: YES, ...LOCAL }) });
  const street = await starting;
  closing(street.close);
  for (let n = 0; n < FAILURES_IN_A_ROW + 1; n += 1)
    expect(await ask(street.port)).toMatch(/^HTTP\/1.1 200 [\s\S]*"allowed":true/);
  expect(street.told).toContain('failed open');
});
