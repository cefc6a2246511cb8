import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/fga/answer.ts';
import { FgaError } from '../../../src/fga/error.ts';
import type { BatchCheckQuery, ListObjectsQuery, Query } from '../../../src/fga/query.ts';
import { modelOf, tuple } from '../../engine/asking.ts';
import { check, DSL, MODEL, NO, READER, STORE, warming, YES } from './warming.ts';

const HIT = { answer: YES, modelId: MODEL.id, cached: true };
const MISS = { declined: 'miss' };

describe('an answer is remembered', () => {
  test('and given until something that it may have read changes', async () => {
    const { ask, learn, change, told } = await warming();
    await learn();
    expect(await ask()).toEqual(HIT);
    change('island#owner');
    expect(await ask()).toEqual(HIT);
    change('group#member');
    expect(await ask()).toMatchObject(MISS);
    expect(told).toEqual(['miss', 'stored', 'hit', 'hit', 'miss']);
  });

  test.each(['document#parent', 'document#blocked', 'document#viewer', 'folder#viewer', 'group#member'])(
    'and dropped by a change to %s',
    async (pair) => {
      const { ask, learn, change } = await warming();
      await learn();
      change('island#owner', pair);
      expect(await ask()).toMatchObject(MISS);
    },
  );

  test('and a change that is told again does not bring back what a later one ended', async () => {
    const { tier, ask, learn, change } = await warming();
    const pair = { type: 'document', relation: 'viewer' };
    change('document#viewer');
    await learn();
    change('document#viewer');
    tier.changing?.({ storeId: STORE, revision: 2, touched: [pair] });
    expect(await ask()).toMatchObject(MISS);
  });

  test('also when it is no', async () => {
    const { ask, learn } = await warming();
    await learn(NO);
    expect(await ask()).toEqual({ ...HIT, answer: NO });
  });

  test('no longer than its time to live', async () => {
    const { ask, learn } = await warming({ ttlMs: 20 });
    await learn();
    expect(await ask()).toEqual(HIT);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(await ask()).toMatchObject(MISS);
  });

  test('as long as there is room: the one that was used last stays', async () => {
    const { ask, learn } = await warming({ maxEntries: 2 });
    const [one, two, three] = ['1', '2', '3'].map((n) => check(`island:${n}#owner@user:anne`));
    await learn(YES, one);
    await learn(YES, two);
    expect(await ask(one)).toEqual(HIT);
    await learn(YES, three);
    expect(await ask(one)).toEqual(HIT);
    expect(await ask(two)).toMatchObject(MISS);
  });

  test('of every method that is answered whole', async () => {
    const { ask, learn } = await warming();
    const scope = { storeId: STORE, consistency: 'unspecified', contextualTuples: [] } as const;
    const cases: [Query, Answer][] = [
      [
        { ...scope, method: 'ListObjects', type: 'document', relation: 'viewer', user: 'user:anne' },
        { method: 'ListObjects', objects: ['document:1'] },
      ],
      [
        {
          ...scope,
          method: 'ListUsers',
          object: { type: 'document', id: '1' },
          relation: 'viewer',
          userFilter: { type: 'user' },
        },
        { method: 'ListUsers', users: [{ object: { type: 'user', id: 'anne' } }] },
      ],
      [
        { ...scope, method: 'Expand', object: 'document:1', relation: 'viewer' },
        { method: 'Expand', root: { name: 'document:1#viewer', leaf: { users: { users: [] } } } },
      ],
    ];
    for (const [query, answer] of cases) {
      await learn(answer, query);
      expect(await ask(query)).toEqual({ ...HIT, answer });
    }
  });
});

describe('an answer is remembered for the same question only', () => {
  test.each<[string, Partial<Query>]>([
    ['another user', { tupleKey: tuple('document:1#reader@user:bob') }],
    ['another model', { modelId: modelOf(DSL, 1).id }],
    ['contextual tuples', { contextualTuples: [tuple('document:1#viewer@user:anne')] }],
    ['a context', { context: { x: 1 } }],
    ['an empty context', { context: {} }],
    ['another store', { storeId: '01J0000000000000000000000B' }],
  ])('%s is another one', async (_, more) => {
    const { ask, learn } = await warming({}, [MODEL, modelOf(DSL, 1)].reverse());
    await learn(YES, { ...READER, modelId: MODEL.id });
    expect(await ask({ ...READER, modelId: MODEL.id, ...more } as Query)).toMatchObject(MISS);
  });

  test('the order of the keys of a context does not matter, the sign of a zero does', async () => {
    const { ask, learn } = await warming();
    await learn(YES, check('island:1#owner@user:anne', { context: { a: 0, b: [1] } }));
    expect(await ask(check('island:1#owner@user:anne', { context: { b: [1], a: 0 } }))).toEqual(HIT);
    expect(await ask(check('island:1#owner@user:anne', { context: { b: [1], a: -0 } }))).toMatchObject(MISS);
  });

  test('a query without a model id asks the latest, whichever that is at the time', async () => {
    const { ask, learn, addModel } = await warming({}, [MODEL]);
    await learn();
    expect(await ask({ ...READER, modelId: MODEL.id })).toEqual(HIT);
    addModel(modelOf(DSL, 1));
    expect(await ask()).toMatchObject(MISS);
  });
});

describe('what is not remembered', () => {
  test('an answer that was asked for before a change', async () => {
    const { ask, forwarded, change, told } = await warming();
    const remember = await forwarded();
    change('document#blocked');
    remember({ answer: YES, modelId: MODEL.id });
    expect(await ask()).toMatchObject(MISS);
    expect(told).toContain('refused changed');
  });

  test('an answer that was asked for before a gap, and everything from before it', async () => {
    const { tier, ask, forwarded, learn, told } = await warming();
    await learn();
    const other = check('island:1#owner@user:anne');
    const remember = await forwarded(other);
    tier.forget?.(STORE);
    remember({ answer: YES, modelId: MODEL.id });
    expect(await ask()).toMatchObject(MISS);
    expect(await ask(other)).toMatchObject(MISS);
    expect(told).toContain('refused gap');
  });

  test('an answer of another model than the one that is the latest here', async () => {
    const { ask, forwarded, told } = await warming();
    (await forwarded())({ answer: YES, modelId: modelOf(DSL, 1).id });
    (await forwarded())({ answer: YES, modelId: undefined });
    expect(await ask()).toMatchObject(MISS);
    expect(told.filter((word) => word === 'refused model')).toHaveLength(2);
  });

  test('no answer, and a batch with an error in it', async () => {
    const { ask, forwarded, told } = await warming();
    (await forwarded())(undefined);
    const { method: _, tupleKey, contextualTuples, ...scope } = READER;
    const checks = [{ correlationId: 'a', tupleKey, contextualTuples }];
    const batch: BatchCheckQuery = { ...scope, method: 'BatchCheck', checks };
    const error = new FgaError('validation_error', 'bad');
    (await forwarded(batch))({
      answer: { method: 'BatchCheck', result: new Map([['a', { error }]]) },
      modelId: MODEL.id,
    });
    expect(await ask(batch)).toMatchObject(MISS);
    expect(told.filter((word) => word === 'refused error')).toHaveLength(2);
  });

  test('a list that may have been cut: too long, or close to the deadline of the upstream', async () => {
    const { clock, forwarded, told } = await warming();
    const { method: _, tupleKey: __, ...scope } = READER;
    const list: ListObjectsQuery = {
      ...scope,
      method: 'ListObjects',
      type: 'island',
      relation: 'owner',
      user: 'user:a',
    };
    const full = Array.from({ length: 1000 }, (_, n) => `island:${n}`);
    (await forwarded(list))({ answer: { method: 'ListObjects', objects: full }, modelId: MODEL.id });
    const slow = await forwarded(list);
    await clock.pass(2_900);
    slow({ answer: { method: 'ListObjects', objects: [] }, modelId: MODEL.id });
    expect(told.filter((word) => word === 'refused truncated')).toHaveLength(2);
  });

  test('whatever can run through a cycle under an exclusion', async () => {
    const recursive = modelOf(`
type user
type folder
  relations
    define parent: [folder]
    define blocked: [user] or blocked from parent
    define viewer: [user] but not blocked`);
    const { ask, told } = await warming({}, [recursive]);
    expect(await ask(check('folder:1#viewer@user:anne'))).toEqual(MISS);
    expect(told).toEqual(['refused cycle', 'miss']);
    expect(await ask(check('folder:1#blocked@user:anne'))).toHaveProperty('remember');
  });

  test('HIGHER_CONSISTENCY, neither asked nor answered; streams; a model that is not here; no copy', async () => {
    const { tier, ask, learn } = await warming();
    await learn();
    expect(await ask({ ...READER, consistency: 'higher_consistency' })).toEqual({ declined: 'consistency' });
    const { method: _, tupleKey: __, ...scope } = READER;
    const list = { ...scope, type: 'island', relation: 'owner', user: 'user:a' };
    expect(await ask({ ...list, method: 'StreamedListObjects' })).toEqual({ declined: 'method' });
    expect(await ask({ ...READER, modelId: modelOf(DSL, 1).id })).toEqual({ declined: 'model' });
    expect(await tier.answer(READER, { view: undefined })).toEqual({ declined: 'syncing' });
  });
});

describe('while the upstream may lag', () => {
  test('what a change touches is not remembered for that long, everything else is', async () => {
    const { clock, ask, forwarded, learn, change, told } = await warming({ lagMs: 1_000 });
    const island = check('island:1#owner@user:anne');
    await forwarded(island);
    await clock.pass(6_000);
    await learn(YES, island);
    change('group#member');
    await clock.pass(999);
    await learn();
    expect(await ask()).toMatchObject(MISS);
    expect(told).toContain('refused lag');
    await clock.pass(1);
    expect(await ask(island)).toEqual(HIT);
  });

  test('the beginning counts as a change: what came before it is not known', async () => {
    const { clock, ask, learn } = await warming({ lagMs: 1_000 });
    await learn();
    expect(await ask()).toMatchObject(MISS);
    await clock.pass(6_000);
    await learn();
    expect(await ask()).toEqual(HIT);
  });
});
