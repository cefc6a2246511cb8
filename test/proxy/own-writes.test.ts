import { expect, test } from 'vitest';
import { systemClock } from '../../src/plugin/clock.ts';
import { createOwnWrites } from '../../src/proxy/own-writes.ts';
import { handClock } from '../support/hand-clock.ts';
import { polite, startRude } from './rude-upstream.ts';
import { A_CHECK, A_WRITE, CHECK, post, startStreet, talk, WRITE } from './street-setup.ts';

const STORE = '01J0000000000000000000000A';
const OTHER = '01J0000000000000000000000B';

async function scene(lagMs: number) {
  const clock = handClock();
  const own = createOwnWrites(undefined, clock, lagMs);
  const write = async (storeId: string) => {
    const ticket = await own.capture.beginWrite(storeId, undefined, 'json');
    await ticket.committed(new Uint8Array());
  };
  return { clock, own, write };
}

test('behind a replica, queries of a store go to the primary until its lag has passed since the last Write', async () => {
  const { clock, own, write } = await scene(5_000);
  expect(own.lately(STORE)).toBe(false);
  await write(STORE);
  expect([own.lately(STORE), own.lately(OTHER)]).toEqual([true, false]);
  await clock.pass(4_000);
  await write(STORE);
  await clock.pass(5_000);
  expect(own.lately(STORE)).toBe(true);
  await clock.pass(1);
  expect(own.lately(STORE)).toBe(false);
});

test('so they do after a Write of which nobody knows what came, and not after a refused one', async () => {
  const { own } = await scene(5_000);
  (await own.capture.beginWrite(STORE, undefined, 'json')).doubtful();
  (await own.capture.beginWrite(OTHER, undefined, 'json')).refused(400);
  expect([own.lately(STORE), own.lately(OTHER)]).toEqual([true, false]);
});

test('a query of a store that is not kept here goes where its own Write went', async () => {
  const replica = await startRude(polite('{}', 'X-From: replica'));
  const primary = await startRude(polite('{}', 'X-From: primary'));
  const own = createOwnWrites(undefined, systemClock, 60_000);
  const street = await startStreet({
    upstream: replica.url,
    primary: primary.url,
    capture: own.capture,
    wroteLately: own.lately,
  });
  const ask = () => talk(street.port, post(CHECK, A_CHECK, 'Connection: close'));
  expect(await ask()).toContain('X-From: replica');
  await talk(street.port, post(WRITE, A_WRITE, 'Connection: close'));
  expect(await ask()).toContain('X-From: primary');
  await Promise.all([street.close(), replica.close(), primary.close()]);
});

test('without a replica nothing is remembered for it', async () => {
  const { own, write } = await scene(0);
  await write(STORE);
  expect(own.lately(STORE)).toBe(false);
});
