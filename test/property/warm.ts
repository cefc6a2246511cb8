/**
 * Changes and questions interleaved by chance: no remembered answer is older than the last applied change that could
 * affect it. The upstream commits tuples and newer models, the edge hears of it later or not at all (a gap), forwards are answered later
 * still, from any moment between.
 */
import { isDeepStrictEqual } from 'node:util';
import { openWarmTier } from '../../plugins/tier/warm.ts';
import { createEngine, type Engine } from '../../src/engine/evaluate.ts';
import type { Query } from '../../src/fga/query.ts';
import { type Tuple, typeOf } from '../../src/fga/tuple.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type { CacheEvents, Remember, Tier, TierOutcome } from '../../src/plugin/tier.ts';
import { some } from '../conformance/fuzz/model.ts';
import { saidOfOutcome } from '../conformance/said.ts';
import { type Chance, chance } from '../support/chance.ts';
import { handClock } from '../support/hand-clock.ts';
import { viewOf } from '../support/share.ts';
import { modelsIn, type PropertyMix, randomWorld, STORE, tuplesIn } from './world.ts';

const MIX: PropertyMix = {
  ...{ batches: 0, checks: 4, listObjects: 1, streams: 0, listUsers: 1, expands: 1 },
  bridges: 1,
};
const STEPS = 120;
const QUESTIONS = 5;

export interface WarmCounts {
  cached: number;
  forwarded: number;
}

export interface WarmOptions {
  /** A tier that is made wrong on purpose, to see that the test sees it. */
  readonly spoil?: (tier: Tier) => Tier;
}

export interface Stale {
  readonly seed: number;
  readonly step: number;
  readonly query: Query;
  readonly answered: unknown;
  /** What the upstream would have said at each revision since the one that is applied. */
  readonly expected: readonly unknown[];
}

interface Flight {
  readonly query: Query;
  readonly remember: Remember;
  readonly readAt: number;
}

const SILENT: CacheEvents = { hit() {}, joined() {}, miss() {}, stored() {}, refused() {}, failed() {} };

/** Undefined when no answer was too old. */
export async function tryWarm(
  seed: number,
  counts: WarmCounts,
  options: WarmOptions = {},
): Promise<Stale | undefined> {
  const { recipe, queries: all } = randomWorld(seed, MIX);
  const dice = chance(seed + 1_000_003);
  // Few, so that each is asked again and again.
  const queries = some(all, QUESTIONS, dice).flatMap((query) => alike(query, dice));
  const opened = await openWarmTier(
    { ttlMs: 3_600_000, maxEntries: 1 + dice.below(20), lagMs: 0 },
    { clock: handClock(), events: SILENT, chance: dice.next },
  );
  const tier = options.spoil?.(opened) ?? opened;
  const scene = {
    reference: createEngine({ budget: { millis: 60_000 } }),
    models: modelsIn(recipe),
    pool: tuplesIn(recipe),
    states: [{ tuples: [], models: 1 }] as State[],
    touched: [''],
    applied: 0,
  };
  const flights: Flight[] = [];
  if (scene.pool.length === 0 || queries.length === 0) return undefined;
  for (let step = 0; step < STEPS; step += 1) {
    const action = dice.next();
    if (action < 0.1) commit(scene, dice);
    else if (action < 0.2) apply(scene, tier, dice);
    else if (action < 0.45) land(scene, flights, dice);
    else if (action < 0.47) gap(scene, tier, dice);
    else {
      const query = dice.pick(queries);
      const before = scene.applied;
      const outcome = await ask(scene, tier, query);
      const stale = judge(scene, { outcome, query, before });
      counts['answer' in outcome ? 'cached' : 'forwarded'] += 1;
      if (stale) return { seed, step, query, ...stale };
      if ('declined' in outcome && outcome.remember)
        flights.push({ query, remember: outcome.remember, readAt: scene.states.length - 1 });
    }
  }
  return undefined;
}

/** With others that have nearly the same words, and answers of their own. */
function alike(query: Query, dice: Chance): Query[] {
  const { modelId: _, ...unnamed } = query;
  const named = dice.next() < 0.4 ? [unnamed as Query] : [query];
  if (!('context' in query) || dice.next() < 0.5) return named;
  return [...named, { ...query, context: {} }];
}

interface State {
  readonly tuples: readonly Tuple[];
  /** How many of the models there are. */
  readonly models: number;
}

interface Scene {
  readonly reference: Engine;
  readonly models: ReturnType<typeof modelsIn>;
  readonly pool: readonly Tuple[];
  /** By revision of the upstream. */
  readonly states: State[];
  readonly touched: string[];
  /** Revision that the edge has applied. */
  applied: number;
}

/** A tuple comes or goes, now and then a newer model comes. */
function commit({ models, pool, states, touched }: Scene, dice: Chance): void {
  const now = states.at(-1) ?? { tuples: [], models: 1 };
  if (now.models < models.length && dice.next() < 0.2) {
    states.push({ ...now, models: now.models + 1 });
    touched.push('');
    return;
  }
  const tuple = dice.pick(pool);
  const { tuples } = now;
  const next = tuples.includes(tuple) ? tuples.filter((one) => one !== tuple) : [...tuples, tuple];
  states.push({ ...now, tuples: next });
  touched.push(`${typeOf(tuple.object)}#${tuple.relation}`);
}

function apply(scene: Scene, tier: Tier, dice: Chance): void {
  for (let count = 1 + dice.below(3); count > 0 && scene.applied < scene.states.length - 1; count -= 1) {
    const revision = scene.applied + 1;
    const [type = '', relation] = (scene.touched[revision] ?? '').split('#');
    if (relation !== undefined) tier.changing?.({ storeId: STORE, revision, touched: [{ type, relation }] });
    scene.applied = revision;
  }
}

/** What was not heard of is in the next copy. */
function gap(scene: Scene, tier: Tier, dice: Chance): void {
  tier.forget?.(STORE);
  scene.applied += dice.below(scene.states.length - scene.applied);
}

/** The store at a revision: all of it, as the upstream sees it, or its models alone, as an edge without tuples does. */
function viewAt({ models, states }: Scene, revision: number, tuples = true): StoreView {
  const state = states[revision] ?? { tuples: [], models: 1 };
  const known = models.slice(0, state.models);
  if (tuples) return viewOf({ models: known, tuples: state.tuples });
  return viewOf({ models: known, tuples: [], objectTypes: [], revision: revision + 1 });
}

/** The upstream read at any moment from when the forward began until now. */
function land(scene: Scene, flights: Flight[], dice: Chance): void {
  const { reference, states } = scene;
  const [flight] = flights.splice(dice.below(Math.max(1, flights.length)), 1);
  if (!flight) return;
  const readAt = flight.readAt + dice.below(states.length - flight.readAt);
  const said = reference.answer(flight.query, viewAt(scene, readAt));
  flight.remember('answer' in said ? { answer: said.answer, modelId: said.modelId } : undefined);
}

/** A flight that is joined lands only when this turn is over: such an asker is not waited for. */
async function ask(scene: Scene, tier: Tier, query: Query): Promise<TierOutcome> {
  const view = viewAt(scene, scene.applied, false);
  const outcome = Promise.resolve(tier.answer(query, { view }));
  const soon = new Promise<TierOutcome>((resolve) => setImmediate(resolve, { declined: 'miss' }));
  return Promise.race([outcome, soon]);
}

function judge(
  scene: Scene,
  { outcome, query, before }: { outcome: TierOutcome; query: Query; before: number },
): Pick<Stale, 'answered' | 'expected'> | undefined {
  if (!('answer' in outcome)) return undefined;
  const { reference, states } = scene;
  const answered = saidOfOutcome(query.method, outcome);
  const expected = states
    .slice(before)
    .map((_, n) => saidOfOutcome(query.method, reference.answer(query, viewAt(scene, before + n))));
  return expected.some((said) => isDeepStrictEqual(said, answered)) ? undefined : { answered, expected };
}
