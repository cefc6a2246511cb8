/** The promises of a tier that are tried one by one; the random worlds are in `tier-findings.ts`. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { CheckQuery } from '../../src/fga/query.ts';
import type { PluginTier } from '../../src/plugin/tier-plugin.ts';
import { isPromise, tierProblem } from '../../src/plugin/tier-shape.ts';
import { STORE } from '../property/world.ts';
import { type Breach, createAsker, type Findings, type TrialParts } from './tier-findings.ts';
import { openScene, type Scene, shareOf } from './tier-scene.ts';

const CHECKS = { batches: 0, checks: 6, listObjects: 0, streams: 0, listUsers: 0, expands: 0 };
const UNKNOWN_MODEL = '01J0000000000000000000ZZZZ';
const ODD_KEYS = ['', STORE, `${STORE}_`, 'no-such-key', '*', '_', '\u0000', 'x'.repeat(10_000)];

export async function saysWhatItKeeps({ open }: TrialParts): Promise<void> {
  const tier = await open(['document', 'group']);
  assert.equal(tierProblem(tier), undefined);
  if (typeof tier.keeps === 'object') {
    const { objectTypes } = tier.keeps;
    assert.deepEqual([...new Set(objectTypes)], [...objectTypes], 'an object type stands twice in keeps');
  }
  await tier.close?.();
}

export async function keepsTheSame(trial: TrialParts): Promise<void> {
  const types = ['document', 'group'];
  const again = await trial.open(types);
  const kept = structuredClone(again.keeps);
  const scene = await openScene({ seed: 2, mix: CHECKS, filled: true, open: async () => again });
  const asker = createAsker(scene, { found: [], answered: 0, asked: 0 });
  for (const query of scene.queries) await asker.ask(query);
  again.changing?.({ storeId: STORE, revision: 2, touched: [{ type: 'document', relation: 'viewer' }] });
  again.forget?.(STORE);
  assert.deepEqual(again.keeps, kept, 'after questions and changes');
  await asker.end(trial);
  assert.deepEqual(again.keeps, kept, 'after it was closed');
  const other = await trial.open(types);
  assert.deepEqual(other.keeps, kept, 'opened again with the same options');
  await other.close?.();
}

/** A tier that never answers keeps every other promise. */
export async function someAnswers({ open }: TrialParts, { answered }: Findings): Promise<void> {
  const { keeps, close } = await open(['document', 'group']);
  await close?.();
  const remembers = typeof keeps === 'object' && keeps.objectTypes.length === 0;
  if (keeps === 'nothing' || remembers) return;
  const hint = 'give options that keep types of the worlds: options: (objectTypes) => …';
  assert(answered > 0, `it answered nothing in any world; ${hint}`);
}

export async function declinesBlind(trial: TrialParts): Promise<void> {
  for (const scene of await scenes(trial)) {
    for (const query of scene.queries) {
      const view = shareOf(scene);
      const asked = { ...query, modelId: UNKNOWN_MODEL } as CheckQuery;
      const outcomes = [
        await scene.tier.answer(query, { view: undefined }),
        ...(view ? [await scene.tier.answer(asked, { view })] : []),
      ];
      for (const outcome of outcomes)
        assert(
          'declined' in outcome,
          `seed ${scene.seed}: ${JSON.stringify(outcome)} to ${JSON.stringify(asked)}`,
        );
    }
    await scene.tier.close?.();
  }
}

export async function lessIsNoMore(trial: TrialParts): Promise<void> {
  const findings: Findings = { found: [], answered: 0, asked: 0 };
  for (const scene of await scenes(trial)) {
    const { keeps } = scene.tier;
    // One type less than it keeps; of everything, what is of one type.
    const held = typeof keeps === 'object' ? keeps.objectTypes.slice(1) : ['document'];
    if (keeps === 'nothing' || isDeepStrictEqual(keeps, { objectTypes: held })) continue;
    const less: Scene = { ...scene, tier: { ...bound(scene.tier), keeps: { objectTypes: held } } };
    const asker = createAsker(less, findings);
    for (const query of scene.queries) await asker.ask(query);
    await asker.end(trial);
  }
  none(findings, 'wrong');
}

export async function forgets(trial: TrialParts): Promise<void> {
  for (const scene of await scenes(trial)) {
    const { tier } = scene;
    const asker = createAsker(scene, { found: [], answered: 0, asked: 0 });
    for (const [what, drop] of [
      ['forget', () => tier.forget?.(STORE)],
      ['invalidate', () => tier.invalidate?.(STORE)],
    ] as const) {
      for (const query of scene.queries) {
        await asker.ask(query);
        asker.land();
        const before = await asker.ask(query);
        if (!before || !('answer' in before) || !before.cached) continue;
        drop();
        const after = await asker.ask(query);
        const remembered = after && 'answer' in after && after.cached;
        assert(!remembered, `seed ${scene.seed}, after ${what}: still from memory: ${JSON.stringify(query)}`);
      }
    }
    await asker.end(trial);
  }
}

export async function hearsAnything({ open }: TrialParts): Promise<void> {
  const tier = await open(['document', 'group']);
  for (const storeId of [STORE, '01J00000000000000000000ZZZ', '']) {
    const touched = [{ type: 'no-such-type', relation: 'no-such-relation' }];
    for (const revision of [2, 2, 1, 9]) atOnce(tier.changing?.({ storeId, revision, touched }));
    atOnce(tier.changing?.({ storeId, revision: 10, touched: [] }));
    for (const _ of ['once', 'again']) atOnce(tier.forget?.(storeId));
  }
  for (const key of ODD_KEYS) atOnce(tier.invalidate?.(key));
  await tier.close?.();
}

/** What is to be dropped has to be gone when the hook returns. */
function atOnce(given: unknown): void {
  assert(
    !isPromise(given),
    'changing, forget and invalidate are done when they return: a promise is too late',
  );
}

export async function closesTwice(trial: TrialParts): Promise<void> {
  for (const scene of await scenes(trial)) {
    const findings: Findings = { found: [], answered: 0, asked: 0 };
    const asker = createAsker(scene, findings);
    for (const query of scene.queries) await asker.ask(query);
    await scene.tier.close?.();
    await scene.tier.close?.();
    for (const _ of scene.queries) asker.land();
    await asker.end(trial);
    none(findings, 'threw');
  }
}

/** A handful of worlds with a tier each. */
async function scenes({ open, seeds }: TrialParts): Promise<Scene[]> {
  const some = Array.from({ length: Math.min(seeds, 10) }, (_, seed) => seed);
  return Promise.all(some.map((seed) => openScene({ seed, mix: CHECKS, filled: true, open })));
}

export function none({ found }: Findings, breach: Breach): void {
  const first = found.find((one) => one.breach === breach);
  assert(first === undefined, first && `in the random world ${first.seed}: ${first.what}`);
}

/** Its functions may use `this`. */
function bound(tier: PluginTier): PluginTier {
  return {
    keeps: tier.keeps,
    answer: (query, context) => tier.answer(query, context),
    changing: (change) => tier.changing?.(change),
    forget: (storeId) => tier.forget?.(storeId),
    invalidate: (key) => tier.invalidate?.(key),
    close: async () => tier.close?.(),
  };
}
