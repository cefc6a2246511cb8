/** The same as `hot.ts`, against the real server: worlds of the differential fuzz, of which the edge keeps a share. */
import { createHotTier } from '../../plugins/tier/hot.ts';
import type { Query } from '../../src/fga/query.ts';
import type { TierOutcome } from '../../src/plugin/tier.ts';
import { verdictOf } from '../conformance/fuzz/compare.ts';
import { some } from '../conformance/fuzz/model.ts';
import { type Mix, randomQueries } from '../conformance/fuzz/queries.ts';
import { randomWorld } from '../conformance/fuzz/world.ts';
import { type Said, saidOfOutcome, saidOfReply } from '../conformance/said.ts';
import { ask } from '../support/ask.ts';
import { chance } from '../support/chance.ts';
import { viewOf } from '../support/share.ts';

const MIX: Mix = { batches: 0, checks: 30, listObjects: 8, streams: 0, listUsers: 8, expands: 4 };

export interface ServerCounts {
  local: number;
  declined: number;
  unanswered: number;
  /** Upstream itself gave several answers to the same question. */
  unstable: number;
}

const ASKED_AGAIN = 16;

export async function tryHotAgainst(
  base: string,
  seed: number,
  counts: ServerCounts,
): Promise<object | undefined> {
  const dice = chance(seed);
  const { world, weave } = await randomWorld(base, dice);
  const latest = world.stored.at(-1);
  const types = (latest?.type_definitions ?? []).map(({ type }) => type);
  const objectTypes = some(types, 1 + dice.below(types.length), dice);
  const tuples = world.recipe.flatMap((step) => step.tuples);
  const view = viewOf({ models: world.stored, tuples, objectTypes });
  const tier = createHotTier({ objectTypes });
  for (const query of randomQueries({ world, weave }, MIX, dice)) {
    const answered = tier.answer(query, { view }) as TierOutcome;
    counts['declined' in answered ? 'declined' : 'local'] += 1;
    if ('declined' in answered) continue;
    const engine = saidOfOutcome(query.method, answered);
    const server = saidOfReply(query.method, await ask(base, query));
    const verdict = verdictOf({ server, engine });
    if (verdict === 'unanswered') counts.unanswered += 1;
    if (verdict !== 'wrong') continue;
    if (await changesItsMind(base, query, server)) counts.unstable += 1;
    else return { seed, objectTypes, query, server, engine, recipe: world.recipe };
  }
  return undefined;
}

/** Some of upstream's lists depend on which of its goroutines is first: there is nothing to agree with. */
async function changesItsMind(base: string, query: Query, first: Said): Promise<boolean> {
  for (let again = 0; again < ASKED_AGAIN; again += 1) {
    const next = saidOfReply(query.method, await ask(base, query));
    if (verdictOf({ server: first, engine: next }) === 'wrong') return true;
  }
  return false;
}
