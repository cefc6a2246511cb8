/** One world after the other: made, asked, judged; what differs is made small and kept. */
import type { Query } from '../../../src/fga/query.ts';
import { type Chance, chance } from '../../support/chance.ts';
import { celWorld } from './cel-world.ts';
import { type Comparison, compare, type Verdict, verdictOf } from './compare.ts';
import { type Mix, randomQueries } from './queries.ts';
import { describeLoose, describeMismatch, keepRegression } from './repro.ts';
import { type Asker, shrink } from './shrink.ts';
import { saysNothing } from './silence.ts';
import type { Tally } from './tally.ts';
import { oddQuery } from './wide.ts';
import { randomWorld, type World } from './world.ts';

export interface Campaign extends Asker {
  readonly seed: number;
  readonly mix: Mix;
  /** What the worlds are about; `both`: every fourth is about conditions. */
  readonly kind: 'graph' | 'cel' | 'both';
  readonly tally: Tally;
  /** Models of the world before, which no later store has. */
  readonly foreign: string[];
  /** Folder for what is kept. */
  readonly into: string;
  /** How many mismatches may still be made small. */
  readonly repros: { left: number };
  report(text: string): void;
  /** A server that was asked too much goes on with it for minutes: another one takes its place. */
  renew(): Promise<void>;
}

const AT_ONCE = 8;
/** A dense graph can cost upstream seconds for one question: such a world is left early. */
const WORLD_MS = 2_000;
/** Mismatches that look alike are made small this often. */
const REPROS_PER_KIND = 2;

/**
 * The world of this number is the same for the same seed. A server that is silent for half a minute, or loses a connection,
 * ends the world: nothing was said, so there is nothing to compare.
 */
export async function runWorld(campaign: Campaign, number: number): Promise<void> {
  try {
    await makeAndLive(campaign, number);
  } catch (error) {
    if (!saysNothing(error)) throw error;
    campaign.tally.silence();
    campaign.report(`## no answer from upstream, seed ${campaign.seed} world ${number}: ${error}`);
    await campaign.renew();
  }
}

async function makeAndLive(campaign: Campaign, number: number): Promise<void> {
  const dice = chance(campaign.seed * 1_000_003 + number);
  if (campaign.kind === 'cel' || (campaign.kind === 'both' && number % 4 === 3)) {
    const { world, queries } = await celWorld(campaign.base, dice);
    return live({ ...campaign, exact: true }, { world, queries, number });
  }
  const woven = await randomWorld(campaign.base, dice);
  const { world } = woven;
  const odd = {
    stored: world.recipe.flatMap(({ tuples }) => tuples),
    foreign: [...campaign.foreign],
    chance: dice,
  };
  const asked = randomQueries(woven, campaign.mix, dice).map((query) => oddQuery(query, odd));
  campaign.foreign.splice(0, Number.POSITIVE_INFINITY, ...world.models.map(({ id }) => id));
  return live(campaign, { world, queries: shuffled(asked, dice), number });
}

interface Life {
  readonly world: World;
  readonly queries: readonly Query[];
  readonly number: number;
}

async function live(campaign: Campaign, { world, queries, number }: Life): Promise<void> {
  const leaveAt = Date.now() + WORLD_MS;
  for (let at = 0; at < queries.length && Date.now() < leaveAt; at += AT_ONCE) {
    const asked = queries
      .slice(at, at + AT_ONCE)
      .map((query) => compare(campaign.base, campaign.engine, world, query));
    for (const comparison of (await Promise.all(asked)).flat())
      await judge(campaign, comparison, world, number);
  }
}

async function judge(
  campaign: Campaign,
  comparison: Comparison,
  world: World,
  number: number,
): Promise<void> {
  const { tally } = campaign;
  const verdict = verdictOf(comparison, campaign.exact);
  tally.add(comparison, verdict);
  if (verdict !== 'wrong' && verdict !== 'message') return;
  const from = `fuzz seed ${campaign.seed} world ${number}`;
  if (await changesItsMind(campaign, comparison, { world, verdict })) {
    tally.unstable(verdict);
    if (verdict === 'message') return;
    return campaign.report(describeLoose(`unstable upstream, ${from}`, comparison));
  }
  if (tally.kind(comparison) > REPROS_PER_KIND || campaign.repros.left <= 0) return;
  campaign.repros.left--;
  await keep(campaign, comparison, { world, verdict, from });
}

/** The server is asked again: where its own answers differ in the same way, there is nothing to agree with. */
async function changesItsMind(
  { base, engine, exact }: Asker,
  { query, server: first }: Comparison,
  { world, verdict }: { world: World; verdict: Verdict },
): Promise<boolean> {
  for (let again = 0; again < (verdict === 'message' ? 24 : 8); again++) {
    const [next] = await compare(base, engine, world, query);
    const change = next === undefined ? 'agrees' : verdictOf({ server: first, engine: next.server }, exact);
    if (change === 'wrong' || change === verdict) return true;
  }
  return false;
}

async function keep(
  campaign: Campaign,
  comparison: Comparison,
  { world, verdict, from }: { world: World; verdict: Verdict; from: string },
): Promise<void> {
  const { query } = comparison;
  const index = world.models.findIndex((model) => model.id === query.modelId);
  const start = { recipe: world.recipe, query, modelIndex: index < 0 ? undefined : index };
  const small = await shrink(campaign, start, verdict);
  if (small === undefined) {
    return campaign.report(describeLoose(`${verdict}, not on a fresh store, ${from}`, comparison));
  }
  const file = keepRegression(campaign.into, from, small);
  campaign.report(describeMismatch(`${verdict}, ${from}, ${file}`, small));
}

function shuffled<T>(items: readonly T[], dice: Chance): T[] {
  const keyed = items.map((item) => ({ item, at: dice.next() }));
  return keyed.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
