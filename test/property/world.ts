/** Random worlds without a server: models that OpenFGA's own rules take, tuples, questions, and what an edge keeps of them. */
import { modelProblem } from '../../plugins/upstream/embedded/model-rules.ts';
import { compileModel } from '../../src/engine/compile.ts';
import { reachOf } from '../../src/engine/reach.ts';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { changedModel, type Plan, randomModel, randomPlan, some } from '../conformance/fuzz/model.ts';
import { type Mix, randomQueries } from '../conformance/fuzz/queries.ts';
import { type Recipe, randomTuples, randomWeave, type Weave } from '../conformance/fuzz/tuples.ts';
import { randomRenames, widened } from '../conformance/fuzz/wide.ts';
import { type Chance, chance } from '../support/chance.ts';
import type { ModelBody } from '../support/datasets.ts';
import { type Aim, bridgeQueries } from './bridges.ts';
import { weakened } from './weaken.ts';

const FEW = 4;

export const STORE = '01J0000000000000000000000A';

export interface RandomWorld {
  readonly recipe: Recipe;
  readonly weave: Weave;
  /** What the edge keeps. */
  readonly objectTypes: readonly string[];
  readonly queries: readonly Query[];
}

/** What is asked besides what the differential fuzz asks. */
export interface PropertyMix extends Mix {
  readonly bridges?: number;
  /** With the shapes of `wide.ts`. */
  readonly wide?: boolean;
}

export function randomWorld(seed: number, mix: PropertyMix): RandomWorld {
  const dice = chance(seed);
  const { types, models: bodies } = randomModels(dice, mix.wide === true);
  const weave = randomWeave(dice);
  // Where little is stored, it is what a request brings along that leads elsewhere.
  const most = dice.next() < 0.3 ? FEW : Number.POSITIVE_INFINITY;
  const recipe = bodies.map((model) => ({ model, tuples: randomTuples(model, weave, dice).slice(0, most) }));
  const models = recipe.map(({ model }, number) => ({ id: modelId(number), body: model }));
  const queries = randomQueries({ world: { storeId: STORE, models, recipe }, weave }, mix, dice);
  const any = { objectTypes: some(types, 1 + dice.below(types.length), dice), aim: undefined };
  const share = nearlyEnough(recipe, dice) ?? any;
  const bridged = bridges(recipe, share, { count: mix.bridges ?? 0, dice });
  return { recipe, weave, objectTypes: share.objectTypes, queries: [...queries, ...bridged] };
}

interface Share {
  readonly objectTypes: readonly string[];
  /** Where the types are nearly enough. */
  readonly aim: Aim | undefined;
}

/** As many types as a proof would want that overlooks something: where it is wrong, the share then shows it. */
function nearlyEnough(recipe: Recipe, dice: Chance): Share | undefined {
  const { model } = dice.pick(recipe);
  const { type, relations } = dice.pick(model.type_definitions);
  const names = Object.keys(relations ?? {});
  if (names.length === 0 || dice.next() < 0.3) return undefined;
  const relation = dice.pick(names);
  const compiled = compileModel(weakened({ ...model, id: modelId(0) }, dice));
  const types = compiled ? [...reachOf(compiled, type, relation).types] : [];
  return types.length > 0 ? { objectTypes: types, aim: { type, relation } } : undefined;
}

/** Under each model in turn, over all that is stored. */
function bridges(
  recipe: Recipe,
  { objectTypes, aim }: Share,
  { count, dice }: { count: number; dice: Chance },
): Query[] {
  const stored = tuplesIn(recipe);
  return recipe.flatMap(({ model }, number) => {
    const shore = { storeId: STORE, modelId: modelId(number), model, stored, kept: objectTypes };
    return bridgeQueries(shore, { count, aim }, dice);
  });
}

/** The same objects each time, as a store gives them. */
export function modelsIn(recipe: Recipe): readonly AuthorizationModel[] {
  const known = MODELS.get(recipe);
  if (known) return known;
  const made = recipe.map(({ model }, number) => ({ ...model, id: modelId(number) }));
  MODELS.set(recipe, made);
  return made;
}

const MODELS = new WeakMap<Recipe, readonly AuthorizationModel[]>();

export function tuplesIn(recipe: Recipe): Tuple[] {
  return recipe.flatMap(({ tuples }) => tuples);
}

export function modelId(number: number): string {
  return `01J00000000000000000000M${String(number).padStart(2, '0')}`;
}

/** One, and now and then a newer one or two that reach elsewhere. */
function randomModels(dice: Chance, wide: boolean): { types: string[]; models: ModelBody[] } {
  for (;;) {
    const plan = randomPlan(dice);
    const first = valid(() => randomModel(plan, dice));
    // Some plans have no valid model, or hardly one.
    if (!first) continue;
    const models = [first];
    for (let more = dice.below(3); more > 0; more -= 1) {
      const next = valid(() => changedModel(plan, models.at(-1) ?? first, dice));
      if (next) models.push(next);
    }
    const made = wide ? wideOnes(plan, models, dice) : { types: [...plan.relations.keys()], models };
    if (made.models.length > 0) return made;
  }
}

function wideOnes(plan: Plan, plain: readonly ModelBody[], dice: Chance) {
  const renames = randomRenames(dice);
  const models = plain.flatMap((model) => valid(() => widened(model, renames, dice)) ?? []);
  return { types: [...plan.relations.keys()].map((type) => renames.get(type) ?? type), models };
}

const TRIES = 10;

function valid(make: () => ModelBody): ModelBody | undefined {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const model = make();
    if (modelProblem({ ...model, id: modelId(0) }) === undefined) return model;
  }
  return undefined;
}
