/** A tier from outside that fails costs its queries a forward, and nothing else. */
import { expect, test, vi } from 'vitest';
import { FgaError } from '../../src/fga/error.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Tier, TierOutcome } from '../../src/plugin/tier.ts';
import {
  guardTier,
  LATE_IN_A_ROW,
  TIER_ANSWER_MS,
  TIER_CLOSE_MS,
  TIER_REST_MS,
} from '../../src/plugin/tier-guard.ts';
import { handClock } from '../support/hand-clock.ts';
import { viewOf } from '../support/share.ts';

const STORE = '01J0000000000000000000000A';
const OTHER = '01J0000000000000000000000B';
const YES: TierOutcome = { answer: { method: 'Check', allowed: true }, modelId: 'm' };
const VIEW = viewOf({ models: [], tuples: [] });

function check(storeId = STORE): Query {
  const tupleKey = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
  return { method: 'Check', storeId, consistency: 'unspecified', tupleKey, contextualTuples: [] };
}

function guarded(tier: Partial<Record<keyof Tier, unknown>>) {
  const clock = handClock();
  const deeds: string[] = [];
  const faults: string[] = [];
  const events = {
    did: (name: string, deed: string) => void deeds.push(`${name} ${deed}`),
    fault: (name: string, fault: string) => void faults.push(`${name} ${fault}`),
  };
  const whole = { name: 'its own', keeps: 'everything', answer: () => YES, ...tier } as Tier;
  const reach = () => ({ types: new Set(['document', 'group']) });
  const guard = guardTier(whole, { name: 'mine', clock, events, reach });
  const ask = (query = check(), view = VIEW) => guard.answer(query, { view });
  return { guard, ask, clock, deeds, faults };
}

const never = () => new Promise(() => undefined);

test('what is in order passes as it is, under the name in the YAML', () => {
  const { guard, ask, deeds } = guarded({});
  expect(guard.name).toBe('mine');
  expect(ask()).toBe(YES);
  expect(deeds).toEqual(['mine answered']);
});

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  [
    'throws what is no error',
    () => {
      throw undefined;
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('no');
    },
  ],
  ['gives nothing', () => undefined],
  ['gives a bare boolean', () => true],
  ['gives an empty object', () => ({})],
  ['answers another method', () => ({ answer: { method: 'ListObjects', objects: [] } })],
  ['answers with no boolean', () => ({ answer: { method: 'Check', allowed: 'yes' } })],
  ['gives an answer and a decline', () => ({ ...YES, declined: undefined })],
  ['gives an error of its own', () => ({ error: new Error('no') })],
  ['declines without a known reason', () => ({ declined: 'tired' })],
  ['gives a model id that is none', () => ({ ...YES, modelId: 7 })],
  ['gives garbage later', async () => ({ allowed: true })],
  [
    'gives what throws when it is looked at',
    () => ({
      get declined() {
        throw new Error('no');
      },
    }),
  ],
])('a tier that %s declines, is counted each time and told once', async (_, answer) => {
  const { ask, deeds, faults } = guarded({ answer });
  for (let times = 0; times < 3; times += 1) expect(await ask()).toMatchObject({ declined: 'fault' });
  expect(deeds).toHaveLength(3);
  expect(deeds[0]).toMatch(/^mine (threw|garbage)$/);
  expect(faults).toEqual([deeds[0]]);
});

test('a tier that never settles is waited for so long and no longer', async () => {
  const { ask, clock, deeds, faults } = guarded({ answer: never });
  const outcome = ask();
  await clock.pass(TIER_ANSWER_MS);
  expect(await outcome).toMatchObject({ declined: 'fault', detail: expect.stringContaining('3000 ms') });
  expect([deeds, faults]).toEqual([['mine late'], ['mine late']]);
});

test('one that is late again and again is given a rest, and then tried with one query', async () => {
  let hangs = true;
  const answer = vi.fn(() => (hangs ? never() : Promise.resolve(YES)));
  const { ask, clock, deeds } = guarded({ answer });
  for (let times = 0; times < LATE_IN_A_ROW; times += 1) {
    const late = ask();
    await clock.pass(TIER_ANSWER_MS);
    await late;
  }
  expect(ask()).toMatchObject({ declined: 'fault' });
  expect(deeds.at(-1)).toBe('mine resting');
  expect(answer).toHaveBeenCalledTimes(LATE_IN_A_ROW);
  await clock.pass(TIER_REST_MS);
  const tried = ask();
  expect(await ask()).toMatchObject({ declined: 'fault' });
  expect(answer).toHaveBeenCalledTimes(LATE_IN_A_ROW + 1);
  await clock.pass(TIER_ANSWER_MS);
  await tried;
  hangs = false;
  await clock.pass(TIER_REST_MS);
  expect(await ask()).toBe(YES);
  expect(await ask()).toBe(YES);
});

test('what comes too late and waits for the upstream is told that nothing will come', async () => {
  const landed = Promise.withResolvers<TierOutcome>();
  const heard: unknown[] = [];
  const { ask, clock } = guarded({ answer: () => landed.promise });
  const outcome = ask();
  await clock.pass(TIER_ANSWER_MS);
  await outcome;
  landed.resolve({ declined: 'miss', remember: (said) => void heard.push(said) });
  await clock.pass(0);
  expect(heard).toEqual([undefined]);
});

test('one that fails to hear of a change forgets the store, or is not asked about it again', () => {
  const changing = () => {
    throw new Error('no');
  };
  const change = { storeId: STORE, revision: 2, touched: [] };
  const forgetful = guarded({ changing, forget: vi.fn() });
  forgetful.guard.changing?.(change);
  expect(forgetful.ask()).toBe(YES);
  const waits = guarded({ changing: async () => undefined });
  waits.guard.changing?.(change);
  expect(waits.ask()).toMatchObject({ declined: 'fault' });
  for (const forget of [undefined, changing, async () => undefined]) {
    const stubborn = guarded({ changing, ...(forget && { forget }) });
    stubborn.guard.changing?.(change);
    expect(stubborn.ask()).toMatchObject({ declined: 'fault' });
    expect(stubborn.ask(check(OTHER))).toBe(YES);
    expect(stubborn.deeds).toContain('mine deaf');
  }
});

test('an answer that was under way when it failed to hear is not given', async () => {
  const landed = Promise.withResolvers<TierOutcome>();
  const { guard, ask } = guarded({
    answer: () => landed.promise,
    changing() {
      throw new Error('no');
    },
  });
  const outcome = ask();
  guard.changing?.({ storeId: STORE, revision: 2, touched: [] });
  landed.resolve(YES);
  expect(await outcome).toMatchObject({ declined: 'fault' });
});

test('one that does not drop what an operator drops is not asked any more', () => {
  const { guard, ask } = guarded({
    invalidate() {
      throw new Error('no');
    },
  });
  guard.invalidate?.('key');
  expect(ask()).toMatchObject({ declined: 'fault' });
});

test('what it does with the words of the upstream is its own trouble', async () => {
  const rejects = async () => {
    throw new Error('later');
  };
  const throws = () => {
    throw new Error('now');
  };
  for (const remember of [rejects, throws]) {
    const { ask, faults } = guarded({ answer: () => ({ declined: 'miss', remember }) });
    const outcome = ask() as TierOutcome & { remember(said: undefined): void };
    outcome.remember(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(faults).toEqual(['mine threw']);
  }
});

test('a view that is read after its turn gives an error, and not what is there by then', async () => {
  const { ask, deeds } = guarded({
    async answer(_: Query, { view }: { view: typeof VIEW }) {
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      return view.latestModelId() === undefined ? YES : YES;
    },
  });
  expect(await ask()).toMatchObject({ declined: 'fault', detail: expect.stringContaining('after its turn') });
  expect(deeds).toEqual(['mine threw']);
});

test('an answer that may have read what is not held is not given, unless the upstream said it', async () => {
  const some = viewOf({ models: [], tuples: [], objectTypes: ['document'] });
  const all = viewOf({ models: [], tuples: [], objectTypes: ['document', 'group'] });
  const error = { error: new FgaError('invalid_tuple', 'x') };
  for (const answer of [() => YES, async () => YES, () => error]) {
    const { ask, deeds } = guarded({ answer });
    expect(await ask(check(), some)).toMatchObject({ declined: 'fault' });
    expect(await ask(check(), all)).not.toHaveProperty('declined');
    expect(deeds).toEqual(['mine unproven', 'mine answered']);
  }
  const remembered = guarded({ answer: () => ({ ...YES, cached: true }) });
  expect(remembered.ask(check(), some)).toMatchObject({ cached: true });
});

test('what it keeps is what it kept when it was opened', () => {
  const objectTypes = ['document'];
  const { guard } = guarded({ keeps: { objectTypes } });
  objectTypes.push('group');
  expect(guard.keeps).toEqual({ objectTypes: ['document'] });
});

test('one that does not close is not waited for', async () => {
  const { guard, clock, deeds } = guarded({ close: never });
  const closed = guard.close?.();
  await clock.pass(TIER_CLOSE_MS);
  await closed;
  expect(deeds).toEqual(['mine late']);
});

test('it is closed once', async () => {
  const close = vi.fn(async () => undefined);
  const { guard } = guarded({ close });
  await Promise.all([guard.close?.(), guard.close?.()]);
  expect(close).toHaveBeenCalledTimes(1);
});
