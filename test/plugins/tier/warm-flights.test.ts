import { describe, expect, test } from 'vitest';
import { cacheKey } from '../../../plugins/tier/warm-key.ts';
import { check, MODEL, READER, STORE, warming, YES } from './warming.ts';

const SAID = { answer: YES, modelId: MODEL.id };
const HIT = { answer: YES, modelId: MODEL.id, cached: true };
const MISS = { declined: 'miss' };

describe('one forward for all who ask the same at once', () => {
  test('the others get its answer', async () => {
    const { ask, forwarded, told } = await warming();
    const remember = await forwarded();
    const others = [ask(), ask()];
    remember(SAID);
    expect(await Promise.all(others)).toEqual([HIT, HIT]);
    expect(told.filter((word) => word === 'joined')).toHaveLength(2);
  });

  test('a flight with an old stamp is not joined, and is overtaken by one with the new', async () => {
    const { ask, forwarded, change } = await warming();
    const old = await forwarded();
    change('document#viewer');
    const fresh = await forwarded();
    const waiting = ask();
    old({ answer: { method: 'Check', allowed: false }, modelId: MODEL.id });
    fresh(SAID);
    expect(await waiting).toEqual(HIT);
    expect(await ask()).toEqual(HIT);
  });

  test('where the forward came to nothing, or to something older than a change, everybody asks for himself', async () => {
    const { ask, forwarded, change } = await warming();
    const failing = await forwarded();
    const first = ask();
    failing(undefined);
    expect(await first).toEqual(MISS);
    const late = await forwarded();
    const second = ask();
    change('document#viewer');
    late(SAID);
    expect(await second).toEqual(MISS);
  });

  test('nobody waits for a forward that does not end', async () => {
    const { clock, ask, forwarded } = await warming();
    await forwarded();
    const waiting = ask();
    await Promise.resolve();
    await clock.pass(6_000);
    expect(await waiting).toEqual(MISS);
    expect(await ask()).toHaveProperty('remember');
  });

  test('only the first word counts', async () => {
    const { ask, forwarded, told } = await warming();
    const remember = await forwarded();
    remember(SAID);
    remember(undefined);
    expect(await ask()).toEqual(HIT);
    expect(told.filter((word) => word === 'stored')).toHaveLength(1);
  });
});

describe('an operator drops', () => {
  const ISLAND = check('island:1#owner@user:anne');

  test('one answer by its key, kept or under way', async () => {
    const { tier, ask, learn, forwarded, told } = await warming();
    await learn();
    await learn(YES, ISLAND);
    tier.invalidate?.(cacheKey(READER, MODEL.id));
    await new Promise((resolve) => setImmediate(resolve));
    const remember = await forwarded();
    expect(await ask(ISLAND)).toEqual(HIT);
    tier.invalidate?.(cacheKey(READER, MODEL.id));
    remember(SAID);
    expect(await ask()).toMatchObject(MISS);
    expect(told).toContain('refused dropped');
  });

  test('everything of a store by its id', async () => {
    const { tier, ask, learn } = await warming();
    await learn();
    await learn(YES, ISLAND);
    tier.invalidate?.('01J0000000000000000000000B');
    expect(await ask(ISLAND)).toEqual(HIT);
    tier.invalidate?.(STORE);
    expect(await ask()).toMatchObject(MISS);
    expect(await ask(ISLAND)).toMatchObject(MISS);
  });

  test('nothing by a key that means nothing', async () => {
    const { tier, ask, learn } = await warming();
    await learn();
    for (const key of ['', '_', '>', `${STORE}_`, 'x'.repeat(10_000)]) tier.invalidate?.(key);
    expect(await ask()).toEqual(HIT);
  });
});
