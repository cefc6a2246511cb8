/** Warm tiers that are wrong on purpose, each in one way; the property test must find every one of them. */
import type { Query } from '../../src/fga/query.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type { Tier, TierOutcome } from '../../src/plugin/tier.ts';
import { changed, withoutSubtract } from './weaken.ts';

export const WARM_MISTAKES = {
  'does not hear of every change': (tier) => ({
    ...tier,
    changing: (change) => change.revision % 2 === 0 && tier.changing?.(change),
  }),
  'hears of a change after it can be seen': (tier) => {
    let heldBack: () => void = () => undefined;
    const changing: Tier['changing'] = (change) => {
      heldBack();
      heldBack = () => tier.changing?.(change);
    };
    return { ...tier, changing };
  },
  'goes on after a gap': (tier) => ({ ...tier, forget: () => undefined }),
  'takes an answer for as new as when it came': stampedLate,
  'does not see that an answer depends on contextual tuples': (tier) =>
    asking(tier, (query) => ('contextualTuples' in query ? { ...query, contextualTuples: [] } : query)),
  'does not see that an answer depends on the context': (tier) =>
    asking(tier, (query) => {
      if (!('context' in query)) return query;
      const { context: _, ...rest } = query;
      return rest;
    }),
  'leaves out what is subtracted': (tier) =>
    seeing(tier, (view) => {
      const weak = (model: ReturnType<StoreView['model']>) =>
        model && changed(model, { rewrite: withoutSubtract });
      return { ...view, model: (id) => weak(view.model(id)) };
    }),
  'knows the first model alone': (tier) => {
    let first: string | undefined;
    return seeing(tier, (view) => {
      first ??= view.latestModelId();
      return { ...view, latestModelId: () => first };
    });
  },
} as const satisfies Readonly<Record<string, (tier: Tier) => Tier>>;

function asking(tier: Tier, changed: (query: Query) => Query): Tier {
  return { ...tier, answer: (query, context) => tier.answer(changed(query), context) };
}

function seeing(tier: Tier, changed: (view: StoreView) => StoreView): Tier {
  return {
    ...tier,
    answer: (query, { view }) => tier.answer(query, { view: view && changed(view) }),
  };
}

/** Asks again when the answer is there, so that the stamp is of that moment. */
function stampedLate(tier: Tier): Tier {
  let newest: StoreView | undefined;
  const late = (query: Query, outcome: TierOutcome): TierOutcome => {
    if (!('declined' in outcome) || !outcome.remember) return outcome;
    const { remember } = outcome;
    return {
      ...outcome,
      remember(said) {
        remember(undefined);
        void Promise.resolve(tier.answer(query, { view: newest })).then((again) => {
          if ('declined' in again) again.remember?.(said);
        });
      },
    };
  };
  return {
    ...tier,
    answer(query, context) {
      newest = context.view;
      return Promise.resolve(tier.answer(query, context)).then((outcome) => late(query, outcome));
    },
  };
}
