/** Local answers compared with the upstream: what counts as a mismatch, and that no client waits for it. */
import { expect, test } from 'vitest';
import { FgaError } from '../../src/fga/error.ts';
import type { Query } from '../../src/fga/query.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type { Decision } from '../../src/proxy/decision.ts';
import type { LocalData } from '../../src/proxy/products.ts';
import {
  createShadow,
  type Mismatch,
  MOST_WAITING,
  type ShadowOutcome,
  type ShadowParts,
  shadowed,
} from '../../src/proxy/shadow.ts';
import { saidBy, saidHere } from '../../src/proxy/shadow-said.ts';
import { pathOf, strongBodyOf } from '../../src/proxy/wire/body-of.ts';
import { parseQuery } from '../../src/proxy/wire/parse.ts';

const STORE = '01M850XKZ1YW26T9CD0HFPXXQH';
const QUERY: Query = {
  method: 'Check',
  storeId: STORE,
  consistency: 'unspecified',
  tupleKey: { user: 'user:anne', relation: 'viewer', object: 'document:1' },
  contextualTuples: [],
};
const here = (allowed: boolean): Decision => ({ answer: { method: 'Check', allowed }, servedBy: 'local' });
const reply = (allowed: boolean) => ({ status: 200, body: { allowed, resolution: '' }, tookMs: 1 });

/** A store whose revision and answer the test sets; a barrier brings `onBarrier`. */
function setUp(over: Partial<ShadowParts> = {}) {
  const world = { revision: 1, allowed: true, upstream: true, onBarrier: () => {}, random: 0 };
  const told: ShadowOutcome[] = [];
  const kept: Mismatch[] = [];
  const data: LocalData = {
    countsAlone: false,
    view: () =>
      ({ state: { head: { epoch: 'E', revision: world.revision, commitId: 'c' } } }) as unknown as StoreView,
    complete: () => true,
    ageMs: () => 0,
    freshAtMs: () => 0,
    reached: async () => true,
    barrier: async () => {
      world.onBarrier();
      return true;
    },
    missingModel() {},
  };
  const shadow = createShadow({
    share: 0.5,
    random: () => world.random,
    ask: async () => reply(world.upstream),
    data,
    tierOf: () => ({
      name: 'critical',
      keeps: 'everything',
      answer: () => ({ answer: { method: 'Check', allowed: world.allowed }, modelId: 'M' }),
    }),
    clock: systemClock,
    logger: silentLog,
    told: (outcome) => told.push(outcome),
    mismatch: async (mismatch) => void kept.push(mismatch),
    ...over,
  });
  const ended = async (count = 1) => {
    await expect.poll(() => told.length, { timeout: 5_000 }).toBe(count);
    return told;
  };
  return { world, told, kept, shadow, ended };
}

test('the same answer on both sides is the end of it', async () => {
  const { shadow, ended, kept } = setUp();
  shadow.offer(QUERY, here(true));
  expect(await ended()).toEqual(['same']);
  expect(kept).toEqual([]);
});

test('a difference that stands while both stand still is a mismatch, with what is needed to ask again', async () => {
  const { shadow, ended, kept, world } = setUp();
  world.upstream = false;
  shadow.offer(QUERY, here(true));
  expect(await ended()).toEqual(['mismatch']);
  expect(kept).toMatchObject([
    {
      query: QUERY,
      here: { answer: { allowed: true } },
      there: { answer: { allowed: false } },
      revision: 'E.1',
      modelId: 'M',
    },
  ]);
});

test('a change that was on its way explains a difference', async () => {
  const { shadow, ended, kept, world } = setUp();
  world.upstream = false;
  world.onBarrier = () => {
    world.revision = 2;
    world.allowed = false;
  };
  shadow.offer(QUERY, here(true));
  expect(await ended()).toEqual(['explained']);
  expect(kept).toEqual([]);
});

test('a store that changes between every two barriers proves nothing', async () => {
  const { shadow, ended, kept, world } = setUp();
  world.upstream = false;
  world.onBarrier = () => {
    world.revision += 1;
  };
  shadow.offer(QUERY, here(true));
  expect(await ended()).toEqual(['undecided']);
  expect(kept).toEqual([]);
});

test('no answer of the upstream is no mismatch', async () => {
  for (const status of [401, 403, 429, 500, 503]) {
    const { shadow, ended } = setUp({ ask: async () => ({ status, body: { code: 'x' }, tookMs: 1 }) });
    shadow.offer(QUERY, here(true));
    expect(await ended()).toEqual(['unanswered']);
  }
  const { shadow, ended } = setUp({ ask: () => Promise.reject(new Error('away')) });
  shadow.offer(QUERY, here(true));
  expect(await ended()).toEqual(['unanswered']);
});

test('only the share that is drawn is asked, and only what was answered from the copy here', async () => {
  const { shadow, told, world } = setUp();
  world.random = 0.5;
  shadow.offer(QUERY, here(true));
  world.random = 0.49;
  shadow.offer(QUERY, { declined: 'stale' });
  shadow.offer(QUERY, { denied: new FgaError('unauthenticated', 'no') });
  shadow.offer(QUERY, { answer: { method: 'Check', allowed: true }, servedBy: 'cache' });
  shadow.offer(QUERY, {
    answer: { method: 'StreamedListObjects', objects: [] },
    servedBy: 'local',
  });
  await systemClock.sleep(30);
  expect(told).toEqual([]);
});

test('the client has its answer before anything is asked, and a slow upstream bounds what is under way', async () => {
  let asked = 0;
  let most = 0;
  const finish: (() => void)[] = [];
  const { shadow, told, ended } = setUp({
    ask: async () => {
      asked += 1;
      most = Math.max(most, asked);
      await new Promise<void>((resolve) => finish.push(resolve));
      asked -= 1;
      return reply(true);
    },
  });
  const decider = shadowed({ serves: () => true, decide: () => here(true), sawModel() {} }, shadow);
  const decisions = Array.from({ length: 300 }, () => decider.decide(QUERY, {}));
  expect(decisions.every((decision) => !(decision instanceof Promise))).toBe(true);
  expect(asked).toBe(0);
  const dropped = told.filter((outcome) => outcome === 'dropped').length;
  expect(dropped).toBeGreaterThanOrEqual(300 - MOST_WAITING - 8);
  const release = setInterval(() => {
    for (const go of finish.splice(0)) go();
  }, 1);
  await ended(300);
  clearInterval(release);
  expect(most).toBeLessThanOrEqual(4);
});

test('the order of lists and the words of errors do not matter; codes and members do', () => {
  const list: Query = {
    ...QUERY,
    method: 'ListObjects',
    type: 'document',
    relation: 'viewer',
    user: 'user:a',
  };
  const said = (objects: string[]) => saidHere({ answer: { method: 'ListObjects', objects } })?.text;
  const theirs = (objects: string[], tookMs = 1) =>
    saidBy(list, { status: 200, body: { objects }, tookMs })?.text;
  expect(said(['d:1', 'd:2'])).toBe(theirs(['d:2', 'd:1']));
  expect(said(['d:1'])).not.toBe(theirs(['d:2', 'd:1']));
  expect(theirs(['d:1'], 2_500)).toBeUndefined();
  const body = { code: 'validation_error', message: 'other words' };
  const error = saidHere({ error: new FgaError('validation_error', 'words') });
  expect(error?.text).toBe(saidBy(QUERY, { status: 400, body, tookMs: 1 })?.text);
  expect(saidHere({ error: new FgaError('unavailable', 'away') })).toBeUndefined();
});

const TUPLES = { tuple_keys: [{ user: 'user:b', relation: 'viewer', object: 'document:2' }] };
const KEY = { user: 'user:a', relation: 'viewer', object: 'document:1' };

test.each([
  ['Check', { tuple_key: KEY, contextual_tuples: TUPLES, context: { ip: '10.0.0.1' } }],
  [
    'BatchCheck',
    { checks: [{ correlation_id: 'one', tuple_key: KEY, contextual_tuples: TUPLES, context: {} }] },
  ],
  ['ListObjects', { type: 'document', relation: 'viewer', user: 'user:a', contextual_tuples: TUPLES }],
  [
    'ListUsers',
    {
      object: { type: 'document', id: '1' },
      relation: 'viewer',
      user_filters: [{ type: 'group', relation: 'member' }],
      contextual_tuples: TUPLES.tuple_keys,
    },
  ],
  ['Expand', { tuple_key: { relation: 'viewer', object: 'document:1' }, contextual_tuples: TUPLES }],
] as const)('%s is asked again as it was asked, with HIGHER_CONSISTENCY', (method, body) => {
  const whole = { ...body, authorization_model_id: '01M850XM20BRXZ0HAWH2E1TNGF' };
  const parse = (one: object) => {
    const parsed = parseQuery(method, STORE, new TextEncoder().encode(JSON.stringify(one)));
    if (!('query' in parsed)) throw new Error(JSON.stringify(parsed));
    return parsed.query;
  };
  const query = parse(whole);
  expect(parse(strongBodyOf(query))).toEqual({ ...query, consistency: 'higher_consistency' });
  expect(pathOf(query)).toMatch(/^\/stores\/[0-9A-Z]{26}\/[a-z-]+$/);
});
