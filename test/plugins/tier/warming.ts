/** A warm tier by hand: a store without tuples, a clock, and what the tier told. */
import { openWarmTier, type WarmOptions } from '../../../plugins/tier/warm.ts';
import type { Answer } from '../../../src/fga/answer.ts';
import type { AuthorizationModel } from '../../../src/fga/model.ts';
import type { CheckQuery, Query } from '../../../src/fga/query.ts';
import { typeOf } from '../../../src/fga/tuple.ts';
import type { CacheEvents, Remember, TierOutcome } from '../../../src/plugin/tier.ts';
import { modelOf, tuple } from '../../engine/asking.ts';
import { handClock } from '../../support/hand-clock.ts';
import { viewOf } from '../../support/share.ts';

export const STORE = '01J0000000000000000000000A';
export const DSL = `
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, group#member]
type document
  relations
    define parent: [folder]
    define blocked: [user]
    define viewer: [user] or viewer from parent
    define reader: viewer but not blocked
type island
  relations
    define owner: [user]`;
export const MODEL = modelOf(DSL);
export const YES: Answer = { method: 'Check', allowed: true };
export const NO: Answer = { method: 'Check', allowed: false };

export function check(text: string, more: Partial<CheckQuery> = {}): CheckQuery {
  const scope = { storeId: STORE, consistency: 'unspecified', contextualTuples: [] } as const;
  return { ...scope, method: 'Check', tupleKey: tuple(text), ...more };
}

export const READER = check('document:1#reader@user:anne');

export async function warming(options: Partial<WarmOptions> = {}, models: AuthorizationModel[] = [MODEL]) {
  const clock = handClock();
  const told: string[] = [];
  const tell = (word: string) => (more?: unknown) =>
    void told.push(typeof more === 'string' ? `${word} ${more}` : word);
  const events: CacheEvents = {
    hit: tell('hit'),
    joined: tell('joined'),
    miss: tell('miss'),
    stored: tell('stored'),
    refused: tell('refused'),
    failed: tell('failed'),
  };
  const all = { ttlMs: 60_000, maxEntries: 100, lagMs: 0, ...options };
  const tier = await openWarmTier(all, { clock, events, chance: () => 0 });
  let revision = 1;

  const ask = async (query: Query = READER): Promise<TierOutcome> =>
    tier.answer(query, { view: viewOf({ models, tuples: [], objectTypes: [], revision }) });

  /** Asks, expects to be sent to the upstream, and gives what is to be told when its answer is there. */
  async function forwarded(query: Query = READER): Promise<Remember> {
    const outcome = await ask(query);
    if (!('declined' in outcome) || !outcome.remember) throw new Error('it was not left to the upstream');
    return outcome.remember;
  }
  /** Asks, and the upstream gives this answer. */
  async function learn(answer: Answer = YES, query: Query = READER, model = models.at(-1)): Promise<void> {
    (await forwarded(query))({ answer, modelId: query.modelId ?? model?.id });
  }
  /** A tuple (`document#viewer`) was written. */
  function change(...pairs: string[]): void {
    revision += 1;
    const touched = pairs.map((pair) => ({
      type: pair.split('#')[0] ?? '',
      relation: pair.split('#')[1] ?? '',
    }));
    tier.changing?.({ storeId: STORE, revision, touched });
  }
  return {
    tier,
    clock,
    told,
    ask,
    forwarded,
    learn,
    change,
    addModel: (m: AuthorizationModel) => models.push(m),
  };
}

export const pairOf = (text: string) => `${typeOf(tuple(text).object)}#${tuple(text).relation}`;
