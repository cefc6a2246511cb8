/** One random store as its upstream has it and as an edge holds its share of it, with a tier in between. */
import type { TouchedPair } from '../../src/fga/change.ts';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { Query } from '../../src/fga/query.ts';
import { type Tuple, typeOf } from '../../src/fga/tuple.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type { PluginTier } from '../../src/plugin/tier-plugin.ts';
import type { Mix } from '../conformance/fuzz/queries.ts';
import { modelsIn, randomWorld, STORE, tuplesIn } from '../property/world.ts';
import { type Chance, chance } from '../support/chance.ts';
import { viewOf } from '../support/share.ts';
import { CLASSIC } from './tier-classic.ts';

export interface Scene {
  readonly seed: number;
  readonly tier: PluginTier;
  readonly models: readonly AuthorizationModel[];
  /** Every tuple that may ever be written. */
  readonly pool: readonly Tuple[];
  readonly queries: readonly Query[];
  /** What the upstream holds, by revision; the last is the present. */
  readonly states: (readonly Tuple[])[];
  /** By revision: what it touched. */
  readonly touched: TouchedPair[][];
  /** The revision that the edge is at. */
  applied: number;
  readonly dice: Chance;
  /** Those that were made already. */
  readonly views: Map<string, StoreView>;
}

export interface SceneParts {
  /** 0: the classic one. */
  readonly seed: number;
  readonly mix: Mix;
  /** Of what was written before the edge looked. */
  readonly filled: boolean;
  open(objectTypes: readonly string[]): Promise<PluginTier>;
}

export async function openScene({ seed, mix, filled, open }: SceneParts): Promise<Scene> {
  const { recipe, queries, objectTypes } = seed === 0 ? CLASSIC : randomWorld(seed, mix);
  const pool = tuplesIn(recipe).map(frozen);
  return {
    seed,
    tier: await open(objectTypes),
    models: modelsIn(recipe).map(frozen),
    pool,
    queries: queries.map(frozen),
    states: [filled ? pool : []],
    touched: [[]],
    applied: 0,
    dice: chance(seed + 1_000_003),
    views: new Map(),
  };
}

/** What the edge holds of the store, by what its tier keeps. */
export function shareOf(scene: Scene): StoreView | undefined {
  const { keeps } = scene.tier;
  switch (keeps) {
    case 'nothing':
      return undefined;
    case 'everything':
      return heldAt(scene, scene.applied);
    default:
      return heldAt(scene, scene.applied, keeps.objectTypes);
  }
}

/** Everything, as the upstream has it at a revision. */
export function wholeOf(scene: Scene, revision: number): StoreView {
  return heldAt(scene, revision);
}

function heldAt(scene: Scene, at: number, objectTypes?: readonly string[]): StoreView {
  const { models, states, views } = scene;
  const key = `${at} ${objectTypes?.join() ?? '*'}`;
  const types = objectTypes && { objectTypes };
  const view = views.get(key) ?? viewOf({ models, tuples: states[at] ?? [], revision: at + 1, ...types });
  views.set(key, view);
  return view;
}

/** The upstream writes or deletes a tuple. */
export function commit({ pool, states, touched, dice }: Scene): void {
  if (pool.length === 0) return;
  const tuple = dice.pick(pool);
  const now = states.at(-1) ?? [];
  states.push(now.includes(tuple) ? now.filter((one) => one !== tuple) : [...now, tuple]);
  touched.push([{ type: typeOf(tuple.object), relation: tuple.relation }]);
}

/** The edge takes up the next revision, if there is one: the tier hears of it before the view shows it. */
export function apply(scene: Scene): void {
  const revision = scene.applied + 1;
  const touched = scene.touched[revision];
  if (!touched) return;
  const change = { storeId: STORE, revision: revision + 1, touched };
  scene.tier.changing?.(change);
  // A crash may have it told twice.
  if (scene.dice.next() < 0.2) scene.tier.changing?.(change);
  scene.applied = revision;
}

/** What a tier is given it may not change: others hold the same. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
