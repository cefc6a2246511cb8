/** Each promise of the suite can be broken, and is then found broken. */
import { expect, test } from 'vitest';
import { createCriticalTier } from '../../../plugins/tier/critical.ts';
import { createHotTier } from '../../../plugins/tier/hot.ts';
import { openWarmTier } from '../../../plugins/tier/warm.ts';
import { typeOf } from '../../../src/fga/tuple.ts';
import type { Tier, TierContext, TierOutcome } from '../../../src/plugin/tier.ts';
import { defineTier, type TierPlugin } from '../../../src/plugin/tier-plugin.ts';
import { type TierTrial, tierContract } from '../../contract/tier.ts';

const WORLDS = 6;
const LISTED: TierTrial = { options: (objectTypes: readonly string[]) => ({ object_types: objectTypes }) };

/** What the suite says of this promise; undefined: it is kept. */
async function verdict(promise: RegExp, plugin: TierPlugin, trial: TierTrial = {}): Promise<unknown> {
  const [one, ...more] = tierContract(plugin, { seeds: WORLDS, ...trial }).filter(({ name }) =>
    promise.test(name),
  );
  expect(more).toEqual([]);
  return one?.run().then(
    () => undefined,
    (error: unknown) => error,
  );
}

function hotLike(make: (objectTypes: readonly string[]) => Tier): TierPlugin {
  return defineTier({
    options: { object_types: (value) => value as readonly string[] },
    open: ({ object_types: objectTypes }) => make(objectTypes),
  });
}

function spoiled(make: () => Tier, spoil: (tier: Tier) => Partial<Tier>): TierPlugin {
  return defineTier({
    open() {
      const tier = make();
      return { ...tier, ...spoil(tier) };
    },
  });
}

function spoiledWarm(spoil: (tier: Tier) => Partial<Tier>): TierPlugin {
  const options = { ttlMs: 3_600_000, maxEntries: 1_000, lagMs: 0 };
  return defineTier({
    async open(_, { clock, events }) {
      const tier = await openWarmTier(options, { clock, events, chance: () => 0 });
      return { ...tier, ...spoil(tier) };
    },
  });
}

const NEXT_TURN = 'it reads its view in no later turn of the event loop';

async function nextTurn(tier: Tier, ...[query, context]: Parameters<Tier['answer']>): Promise<TierOutcome> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  try {
    return await tier.answer(query, context);
  } catch {
    return { declined: 'syncing' };
  }
}

/** Says that nothing is missing, whatever the copy says. */
function boasting({ view }: TierContext): TierContext {
  if (!view) return { view };
  const { objectTypes: _, ...state } = view.state;
  const bound = Object.entries(view).flatMap(([name, read]) => (name === 'state' ? [] : [[name, read]]));
  return { view: { ...Object.fromEntries(bound), state } };
}

test.each<[promise: RegExp, what: string, plugin: TierPlugin, trial?: TierTrial]>([
  [
    /only what all tuples would answer/,
    'it looks at the asked type alone',
    defineTier({
      options: { object_types: (value) => value as readonly string[] },
      open: ({ object_types: objectTypes }, { evaluate }) => ({
        name: 'naive',
        keeps: { objectTypes },
        answer: (query, { view }) =>
          view && 'tupleKey' in query && objectTypes.includes(typeOf(query.tupleKey.object))
            ? evaluate(query, view)
            : { declined: 'reach' },
      }),
    }),
    LISTED,
  ],
  [
    /never changes/,
    'keeps grows',
    hotLike((objectTypes) => {
      const grown = [...objectTypes];
      const tier = createHotTier({ objectTypes: grown });
      return { ...tier, forget: () => void grown.push('other') };
    }),
    LISTED,
  ],
  [
    /older than an applied change/,
    'it does not hear of changes',
    spoiledWarm(() => ({ changing() {} })),
    { seeds: 40 },
  ],
  [
    /answers something/,
    'it declines everything that it keeps',
    spoiled(createCriticalTier, () => ({ answer: () => ({ declined: 'method' }) })),
  ],
  [
    /has its form/,
    'it gives a bare answer',
    spoiled(createCriticalTier, () => ({ answer: () => ({ allowed: true }) as unknown as TierOutcome })),
  ],
  [
    /has its form/,
    'it declines without a known reason',
    spoiled(createCriticalTier, () => ({ answer: () => ({ declined: 'tired' }) as unknown as TierOutcome })),
  ],
  [
    /names the model/,
    'it names no model',
    spoiled(createCriticalTier, (tier) => ({
      answer(query, context) {
        const { modelId: _, ...outcome } = tier.answer(query, context) as TierOutcome;
        return outcome as TierOutcome;
      },
    })),
  ],
  [
    /makes it throw/,
    'it throws at lists',
    spoiled(createCriticalTier, (tier) => ({
      answer(query, context) {
        if (query.method === 'ListUsers') throw new Error('no lists');
        return tier.answer(query, context);
      },
    })),
  ],
  [
    /makes it throw/,
    'it changes the question',
    spoiled(createCriticalTier, (tier) => ({
      answer: (query, context) => tier.answer(Object.assign(query, { consistency: 'unspecified' }), context),
    })),
  ],
  [
    new RegExp(NEXT_TURN),
    'it reads the view two turns later',
    spoiled(createCriticalTier, (tier) => ({ answer: (query, context) => nextTurn(tier, query, context) })),
  ],
  [
    /every question settles/,
    'it never answers a Check',
    spoiled(createCriticalTier, (tier) => ({
      answer: (query, context) =>
        query.method === 'Check' && context.view && query.modelId === undefined
          ? new Promise(() => undefined)
          : tier.answer(query, context),
    })),
    { seeds: 1 },
  ],
  [
    /HIGHER_CONSISTENCY/,
    'it remembers for everybody',
    spoiledWarm((tier) => ({
      answer: (query, context) => tier.answer({ ...query, consistency: 'unspecified' }, context),
    })),
    { seeds: 30 },
  ],
  [
    /without a copy/,
    'it guesses without a copy',
    spoiled(createCriticalTier, (tier) => ({
      answer: (query, context) =>
        context.view || query.method !== 'Check'
          ? tier.answer(query, context)
          : { answer: { method: 'Check', allowed: false } },
    })),
  ],
  [
    /copy of fewer types/,
    'it does not look at what the copy holds',
    spoiled(createCriticalTier, (tier) => ({
      answer: (query, context) => tier.answer(query, boasting(context)),
    })),
  ],
  [/it forgets/, 'it does not forget at a gap', spoiledWarm(() => ({ forget() {} })), { seeds: 10 }],
  [
    /knows nothing of/,
    'a key that it does not know makes it throw',
    spoiled(createCriticalTier, () => ({
      invalidate(key) {
        if (key === '') throw new Error('no key');
      },
    })),
  ],
  [
    /knows nothing of/,
    'it takes its time to forget',
    spoiled(createCriticalTier, () => ({ forget: async () => undefined })),
  ],
  [
    /closed twice/,
    'a second close fails',
    spoiled(createCriticalTier, () => {
      let closed = 0;
      return {
        async close() {
          closed += 1;
          if (closed > 1) throw new Error('it is closed');
        },
      };
    }),
  ],
  [
    /says what it keeps/,
    'it keeps a type twice',
    hotLike((objectTypes) => createHotTier({ objectTypes: [...objectTypes, ...objectTypes] })),
    LISTED,
  ],
  [
    /takes its options/,
    'it does not take its options',
    hotLike(() => createCriticalTier()),
    { options: { a: 1 } },
  ],
])('%s: %s', async (promise, _, plugin, trial) => {
  expect(await verdict(promise, plugin, trial)).toBeInstanceOf(Error);
});
