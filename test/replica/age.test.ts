import { describe, expect, test } from 'vitest';
import { openMemoryStore } from '../../plugins/store/memory.ts';
import type { CheckQuery } from '../../src/fga/query.ts';
import type { TupleStore } from '../../src/plugin/store.ts';
import { createDecider } from '../../src/proxy/decide.ts';
import { createOwnWrites } from '../../src/proxy/own-writes.ts';
import type { OnStale } from '../../src/proxy/products.ts';
import { createLedger } from '../../src/replica/ledger.ts';
import { createTrack, restore } from '../../src/replica/track.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';

const STORE = '01J0000000000000000000000A';
const HEAD = { epoch: '01J0000000000000000000000E', revision: 5, commitId: 'c5' };
const MINUTE = 60_000;

/** A complete store that was known to be young at `freshAtMs` of the wall clock, as a process finds it on its disk. */
async function onDisk(clock: HandClock, freshAtMs: number): Promise<TupleStore> {
  const store = await openMemoryStore();
  const state = { head: HEAD, phase: 'complete', position: '9', checkpoint: '', freshAtMs } as const;
  await store.commit([{ storeId: STORE, state }], { logId: 'log', position: '9' });
  expect(clock.wallMs()).toBeGreaterThan(0);
  return store;
}

function started(store: TupleStore, clock: HandClock) {
  const ledger = createLedger(store, clock);
  const track = createTrack(STORE);
  const state = store.state(STORE);
  if (state) restore(track, state);
  ledger.tracks.set(STORE, track);
  const asked = (revision: number) =>
    track.asked.push({
      head: { ...HEAD, revision, commitId: `c${revision}` },
      sentMs: clock.monoMs(),
      sentWallMs: clock.wallMs(),
    });
  return { ledger, track, asked, age: () => ledger.ageMs(track) };
}

describe('the age of local data', () => {
  test('is counted from when the question was sent, not from its answer', async () => {
    const clock = handClock();
    const { ledger, track, asked, age } = started(await onDisk(clock, 0), clock);
    asked(5);
    await clock.pass(3_000);
    ledger.settleAsked(track);
    expect(age()).toBe(3_000);
  });

  test('stays as it was until the revision of the answer is applied', async () => {
    const clock = handClock();
    const { ledger, track, asked, age } = started(await onDisk(clock, 0), clock);
    asked(6);
    ledger.settleAsked(track);
    expect(age()).toBe(Number.POSITIVE_INFINITY);
    track.head = { ...HEAD, revision: 6, commitId: 'c6' };
    await clock.pass(500);
    ledger.settleAsked(track);
    expect(age()).toBe(500);
  });

  test('of an older answer that settles late does not make the data older or younger than it is', async () => {
    const clock = handClock();
    const { ledger, track, asked, age } = started(await onDisk(clock, 0), clock);
    asked(5);
    await clock.pass(1_000);
    asked(5);
    track.asked.reverse();
    await clock.pass(200);
    ledger.settleAsked(track);
    expect(age()).toBe(200);
  });

  test('goes on across a restart by the wall clock, also while the process was away', async () => {
    const clock = handClock();
    const store = await onDisk(clock, clock.wallMs() - MINUTE);
    await clock.pass(9 * MINUTE);
    expect(started(store, clock).age()).toBe(10 * MINUTE);
  });

  test('is unknown after a restart with a wall clock that went backwards: old data must not look young', async () => {
    const clock = handClock();
    const store = await onDisk(clock, clock.wallMs());
    clock.setWall(clock.wallMs() - 60 * MINUTE);
    expect(started(store, clock).age()).toBe(Number.POSITIVE_INFINITY);
  });

  test('while running, a wall clock that is set back makes nothing younger; one that is set forward counts as age', async () => {
    const clock = handClock();
    const { ledger, track, asked, age } = started(await onDisk(clock, 0), clock);
    asked(5);
    ledger.settleAsked(track);
    await clock.pass(2_000);
    clock.setWall(clock.wallMs() - 60 * MINUTE);
    expect(age()).toBe(2_000);
    // A machine that slept: its monotonic clock stood still.
    clock.setWall(clock.wallMs() + 120 * MINUTE);
    expect(age()).toBe(60 * MINUTE + 2_000);
  });

  test('is written down for a restart no younger than it is', async () => {
    const clock = handClock();
    const store = await onDisk(clock, 0);
    const { ledger, track, asked } = started(store, clock);
    asked(5);
    ledger.settleAsked(track);
    const proven = clock.wallMs();
    await clock.pass(7_000);
    await ledger.noteFreshness();
    expect(store.state(STORE)?.freshAtMs).toBe(proven);
  });
});

describe('an edge that starts while it is cut off', () => {
  const query: CheckQuery = {
    ...{ method: 'Check', storeId: STORE, consistency: 'unspecified', contextualTuples: [] },
    tupleKey: { user: 'user:anne', relation: 'viewer', object: 'document:1' },
  };

  /** What a query gets ten minutes after the data was last known to be young. */
  async function asksAfterTenMinutes(onStale: OnStale, maxOfflineMs = 60 * MINUTE) {
    const clock = handClock();
    const store = await onDisk(clock, clock.wallMs() - MINUTE);
    await clock.pass(9 * MINUTE);
    const { age } = started(store, clock);
    const answer = () => ({ answer: { method: 'Check', allowed: true } }) as const;
    const tier = { name: 'critical', keeps: 'everything', answer } as const;
    return createDecider({
      productOf: () => ({ id: 'p', tier, maxStalenessMs: 30_000, onStale, maxOfflineMs }),
      data: {
        ...{
          countsAlone: false,
          view: store.view,
          complete: () => true,
          ageMs: age,
          freshAtMs: () => undefined,
        },
        ...{ reached: async () => false, barrier: async () => false, missingModel() {} },
      },
      ...{ ownWrites: createOwnWrites(undefined, clock), higher: 'forward', waitMs: 0, unknownStore() {} },
    }).decide(query, {});
  }

  test('serve: answers, and says how old the answer is', async () => {
    expect(await asksAfterTenMinutes('serve')).toMatchObject({ servedBy: 'local', stalenessMs: 10 * MINUTE });
  });

  test('forward: asks the upstream; while that is away, answers within max_offline and denies past it', async () => {
    const decision = await asksAfterTenMinutes('forward');
    if (!('declined' in decision)) throw new Error('it was not declined');
    expect(decision.declined).toBe('stale');
    expect(decision.fallback?.()).toMatchObject({ servedBy: 'local', stalenessMs: 10 * MINUTE });
    const late = await asksAfterTenMinutes('forward', 5 * MINUTE);
    if (!('declined' in late)) throw new Error('it was not declined');
    expect(late.fallback?.()).toMatchObject({ denied: { code: 'unavailable' } });
  });

  test('deny: is refused with 503, never with a no', async () => {
    expect(await asksAfterTenMinutes('deny')).toMatchObject({
      denied: { code: 'unavailable', httpStatus: 503 },
    });
  });
});
