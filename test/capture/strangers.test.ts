import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { createKeyLocks } from '../../src/capture/key-locks.ts';
import { createStoreSequencer } from '../../src/capture/store-sequencer.ts';
import { createStrangers } from '../../src/capture/strangers.ts';
import { FgaError } from '../../src/fga/error.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { endlessTerm } from '../../src/plugin/lease.ts';
import { centre, STORE, stopAll, tuple, until, writeThrough } from '../support/change-street.ts';
import { handClock } from '../support/hand-clock.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

/** A well-formed id that nobody has given to a store. */
const invented = (n: number) => `01J0000000000000000000${String(n).padStart(4, '0')}`;

test('barriers for invented stores publish nothing, are not followed, and keep no real one waiting', async () => {
  const upstream = createOrderedUpstream();
  upstream.hasStore = async (id) => id === STORE;
  const hub = createMemoryHub();
  const sequencer = centre(upstream, hub.open());
  await until(() => sequencer.holds(), 'the centre publishes');
  const storeIds = [...Array.from({ length: 500 }, (_, n) => invented(n)), STORE];
  const { heads } = await sequencer.answer({ ask: 'barrier', storeIds, marker: 'm' });
  expect(Object.keys(heads)).toEqual([STORE]);
  expect(sequencer.followed()).toBe(1);
  for (const id of storeIds.slice(0, -1)) expect(await hub.open().reader.head(id)).toBeUndefined();
});

test('a store that is made after it was asked for is taken up', async () => {
  const upstream = createOrderedUpstream();
  let there = false;
  upstream.hasStore = async () => there;
  const hub = createMemoryHub();
  const sequencer = centre(upstream, hub.open());
  const ask = () => sequencer.answer({ ask: 'barrier', storeIds: [STORE] });
  expect((await ask()).heads).toEqual({});
  there = true;
  let heads = {};
  for (const giveUpMs = Date.now() + 5_000; !(STORE in heads) && Date.now() < giveUpMs; )
    ({ heads } = await ask());
  expect(Object.keys(heads)).toEqual([STORE]);
});

test('a Write that passes through takes a store up at once', async () => {
  const upstream = createOrderedUpstream();
  upstream.hasStore = async () => false;
  const sequencer = centre(upstream, createMemoryHub().open());
  const ask = () => sequencer.answer({ ask: 'barrier', storeIds: [STORE] });
  expect((await ask()).heads).toEqual({});
  await writeThrough(sequencer, upstream, { writes: [tuple(1)] });
  expect(Object.keys((await ask()).heads)).toEqual([STORE]);
});

test('the upstream is asked once a second for one invented id, and never where the log knows the store', async () => {
  const clock = handClock();
  const upstream = createOrderedUpstream();
  let calls = 0;
  upstream.hasStore = async () => {
    calls += 1;
    return false;
  };
  const log = createMemoryHub().open();
  const strangers = createStrangers({ log, upstream, clock });
  const wanted = () => true;
  for (let n = 0; n < 10; n += 1) expect(await strangers.isKnown(STORE, wanted)).toBe(false);
  expect(calls).toBe(1);
  await clock.pass(1_001);
  expect(await strangers.isKnown(STORE, wanted)).toBe(false);
  expect(calls).toBe(2);
  await createStoreSequencer({ ...storeParts(log), upstream }).barrier('m');
  await clock.pass(1_001);
  expect(await strangers.isKnown(STORE, wanted)).toBe(true);
  expect(calls).toBe(2);
});

test('a store of which the upstream says nothing keeps no other from being looked up, however many ask', async () => {
  const upstream = createOrderedUpstream();
  let release = () => {};
  const hung = new Promise<void>((resolve) => {
    release = resolve;
  });
  upstream.latestModelId = async (id) => {
    if (id !== STORE) await hung;
    return undefined;
  };
  const strangers = createStrangers({ log: createMemoryHub().open(), upstream, clock: handClock() });
  const wanted = () => true;
  const many = Array.from({ length: 10 }, () => strangers.isKnown(invented(1), wanted));
  expect(await strangers.isKnown(STORE, wanted)).toBe(true);
  release();
  expect(await Promise.all(many)).toEqual(many.map(() => true));
});

/** Of a sequencer that begins the store's history in this log. */
function storeParts(log: ChangeLog) {
  if (!log.writer) throw new Error('the memory log has a writer');
  return {
    storeId: STORE,
    term: endlessTerm(),
    acknowledged: new Map(),
    log,
    writer: log.writer,
    locks: createKeyLocks(systemClock),
    clock: systemClock,
    nodeId: 'test',
    overlapMs: 30_000,
    events: { published() {}, found() {} },
  };
}

test('what is not an id is no store, and an upstream that cannot be asked decides nothing', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryHub().open();
  const clock = handClock();
  upstream.latestModelId = () => Promise.reject(new FgaError('validation_error', 'invalid StoreId'));
  expect(await createStrangers({ log, upstream, clock }).isKnown('no-id', () => true)).toBe(false);
  upstream.latestModelId = () => Promise.reject(new FgaError('unavailable', 'away'));
  await expect(createStrangers({ log, upstream, clock }).isKnown(STORE, () => true)).rejects.toThrow('away');
});
