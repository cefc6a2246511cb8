/** A decider over data that says what a test wants. */
import type { CheckQuery } from '../../src/fga/query.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type { TierOutcome } from '../../src/plugin/tier.ts';
import { createDecider } from '../../src/proxy/decide.ts';
import { createOwnWrites } from '../../src/proxy/own-writes.ts';
import type { LocalData, OnStale } from '../../src/proxy/products.ts';
import { handClock } from '../support/hand-clock.ts';

export const STORE = '01J0000000000000000000000A';
export const EPOCH = '01J0000000000000000000EP00';
export const NEWER_EPOCH = '01J0000000000000000000EP11';
export const OLDER_EPOCH = '01H0000000000000000000EP00';

export const query: CheckQuery = {
  method: 'Check',
  storeId: STORE,
  consistency: 'unspecified',
  tupleKey: { user: 'user:anne', relation: 'viewer', object: 'document:1' },
  contextualTuples: [],
};

export interface Scene {
  ageMs?: number;
  complete?: boolean;
  revision?: number;
  onStale?: OnStale;
  reachesIn?: boolean;
  barrier?: boolean;
  higher?: 'forward' | 'local';
  freshAtMs?: number;
  /** How long the tier takes, on the clock of the scene. */
  answersIn?: number;
  countsAlone?: boolean;
  /** Of the replica that is forwarded to. */
  lagMs?: number;
  tierDeclines?: boolean;
}

const YES: TierOutcome = { answer: { method: 'Check', allowed: true } };

export function scene(over: Scene = {}) {
  const clock = handClock();
  const own = createOwnWrites(undefined, clock, over.lagMs);
  const state = { head: { epoch: EPOCH, revision: over.revision ?? 5, commitId: 'c' } };
  const view = { state, model: () => undefined, latestModelId: () => 'M1' } as unknown as StoreView;
  const missing: string[] = [];
  const data: LocalData = {
    countsAlone: over.countsAlone ?? false,
    view: () => view,
    complete: () => over.complete ?? true,
    ageMs: () => over.ageMs ?? 100,
    freshAtMs: () => over.freshAtMs,
    reached: async () => over.reachesIn ?? false,
    barrier: async () => over.barrier ?? false,
    missingModel: (_store, id) => void missing.push(id),
  };
  const decider = createDecider({
    productOf: () => ({
      id: 'p',
      tier: {
        name: 'critical',
        keeps: 'everything',
        answer: () => {
          if (over.tierDeclines) return { declined: 'reach' };
          return over.answersIn === undefined ? YES : clock.sleep(over.answersIn).then(() => YES);
        },
      },
      maxStalenessMs: 1_000,
      onStale: over.onStale ?? 'forward',
      maxOfflineMs: 10_000,
    }),
    data,
    ownWrites: own,
    higher: over.higher ?? 'forward',
    waitMs: 100,
    unknownStore() {},
    nowMs: clock.monoMs,
  });
  return { decider, own, clock, missing };
}
