/**
 * Hot tiers that are wrong on purpose, each in one way: their proof looks at another model than the one that decides. The
 * property test must find every one of them, or it does not try what it promises to try.
 */
import { compileModel } from '../../src/engine/compile.ts';
import { createEngine } from '../../src/engine/evaluate.ts';
import { reachOfQuery } from '../../src/engine/reach.ts';
import type { AuthorizationModel, RelationReference } from '../../src/fga/model.ts';
import type { Query } from '../../src/fga/query.ts';
import { typeOf } from '../../src/fga/tuple.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type { Tier } from '../../src/plugin/tier.ts';
import {
  type Change,
  changed,
  firstOfIntersection,
  wildcardsAlone,
  withoutSubtract,
  withoutUsersets,
} from './weaken.ts';
import { modelId } from './world.ts';

/** The model by which a broken proof is made, from the one that decides; undefined where none is known. */
type Mistake = (model: AuthorizationModel, query: Query, view: StoreView) => AuthorizationModel | undefined;

const NOTHING_BEYOND: Change = { rewrite: () => ({ this: {} }), restrictions: withoutUsersets };

export const HOT_MISTAKES = {
  'leaves out what is subtracted': (model) => changed(model, { rewrite: withoutSubtract }),
  'leaves out the further operands of an intersection': (model) =>
    changed(model, { rewrite: firstOfIntersection }),
  'thinks that a wildcard says everything of its relation': (model) =>
    changed(model, { restrictions: wildcardsAlone }),
  'thinks that a subject with a wildcard needs no groups': (model, query) =>
    changed(model, hasWildcard(query) ? { restrictions: withoutUsersets } : {}),
  'follows groups only where the store holds one': (model, _, view) =>
    changed(model, { restrictions: (list, type, name) => storedAlone(list, type, name, view) }),
  'follows groups only where a contextual tuple names none': (model, query) =>
    changed(model, bringsIn(query) ? { restrictions: withoutUsersets } : {}),
  'knows the first model alone': (_, __, view) => view.model(modelId(0)),
  'knows the latest model alone': (_, __, view) => view.model(view.latestModelId() ?? ''),
  'takes ListObjects for a question about its type alone': (model, { method }) =>
    changed(model, method === 'ListObjects' ? NOTHING_BEYOND : {}),
  'takes ListUsers for a question about its type alone': (model, { method }) =>
    changed(model, method === 'ListUsers' ? NOTHING_BEYOND : {}),
} as const satisfies Readonly<Record<string, Mistake>>;

export function brokenHot(mistake: Mistake): (objectTypes: readonly string[]) => Tier {
  return (objectTypes) => {
    const engine = createEngine();
    return {
      name: 'broken',
      keeps: { objectTypes },
      answer(query, { view }) {
        const decides = view?.model(query.modelId ?? view.latestModelId() ?? '');
        const model = view && decides && mistake(decides, query, view);
        const compiled = model && compileModel(model);
        if (!view || !compiled) return { declined: 'model' };
        const missing = [...reachOfQuery(compiled, query).types].some((type) => !objectTypes.includes(type));
        return missing ? { declined: 'reach' } : engine.answer(query, view);
      },
    };
  };
}

function storedAlone(
  list: readonly RelationReference[],
  type: string,
  relation: string,
  view: StoreView,
): readonly RelationReference[] {
  const stored = [...view.byType(type, relation)];
  return list.filter(
    (to) =>
      !to.relation || stored.some(({ user }) => user.endsWith(`#${to.relation}`) && typeOf(user) === to.type),
  );
}

function hasWildcard(query: Query): boolean {
  return 'tupleKey' in query
    ? query.tupleKey.user.endsWith(':*')
    : 'user' in query && query.user.endsWith(':*');
}

function bringsIn(query: Query): boolean {
  return 'contextualTuples' in query && query.contextualTuples.some(({ user }) => user.includes('#'));
}
