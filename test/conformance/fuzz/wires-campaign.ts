/** Random worlds, asked over HTTP and gRPC of an edge and of the server behind it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Query } from '../../../src/fga/query.ts';
import { chance } from '../../support/chance.ts';
import { NOT_YET } from '../targets.ts';
import { celWorld } from './cel-world.ts';
import { type Mix, randomQueries } from './queries.ts';
import { askFour, disagreement, type Four, type Server } from './wires.ts';
import { randomWorld } from './world.ts';

export interface WiresCampaign {
  /** Writes go through it, so that what it answers afterwards holds them. */
  readonly edge: Server;
  readonly server: Server;
  readonly seed: number;
  readonly tally: WiresTally;
  report(text: string): void;
}

export class WiresTally {
  readonly #began = Date.now();
  worlds = 0;
  /** Questions; each has four answers. */
  questions = 0;
  local = 0;
  errors = 0;
  /** Agreed when asked again: the server does not always say the same itself. */
  unstable = 0;
  mismatches = 0;
  /** The same codes, other words of the server: which of several faults it names is chance. */
  words = 0;
  /** Worlds that the server did not answer within its time. */
  unanswered = 0;

  line(seed: number): string {
    const rate = Math.round(this.questions / ((Date.now() - this.#began) / 1000));
    return `wires, seed ${seed}: ${this.worlds} worlds, ${this.questions} questions asked four ways (${this.local} answered by the edge on both wires, ${this.errors} with an error), ${this.mismatches} mismatches, ${this.words} other words, ${this.unstable} unstable upstream, ${this.unanswered} worlds left unanswered, ${rate}/s`;
  }
}

/** Names of the errors that a request without an answer ends with. */
const SILENCE = ['TimeoutError', 'HeadersTimeoutError'];
const MIX: Mix = { batches: 4, checks: 40, listObjects: 25, streams: 20, listUsers: 25, expands: 10 };
const AT_ONCE = 4;
/** A dense graph can cost upstream seconds for one question: such a world is left early. */
const WORLD_MS = 3_000;
const AGAIN = 8;
const CATCH_UP_MS = 30_000;

/** The world of this number is the same for the same seed. A server that is silent for half a minute ends the world. */
export async function runWiresWorld(campaign: WiresCampaign, number: number): Promise<void> {
  try {
    await makeAndAsk(campaign, number);
  } catch (error) {
    if (!(error instanceof Error && SILENCE.includes(error.name))) throw error;
    campaign.tally.unanswered++;
  }
}

async function makeAndAsk(campaign: WiresCampaign, number: number): Promise<void> {
  const dice = chance(campaign.seed * 1_000_003 + number);
  const { tally } = campaign;
  tally.worlds++;
  const queries = await madeWorld(campaign, number, dice);
  const [first] = queries;
  if (first) await caughtUp(campaign, first);
  const leaveAt = Date.now() + WORLD_MS;
  for (let at = 0; at < queries.length && Date.now() < leaveAt; at += AT_ONCE) {
    const asked = queries.slice(at, at + AT_ONCE).map((query) => judge(campaign, query, number));
    // All of them end before the world does.
    const broken = (await Promise.allSettled(asked)).find(({ status }) => status === 'rejected');
    if (broken?.status === 'rejected') throw broken.reason;
  }
}

async function madeWorld(
  { edge, server }: WiresCampaign,
  number: number,
  dice: ReturnType<typeof chance>,
): Promise<readonly Query[]> {
  if (number % 4 === 3) return (await celWorld(edge.http, dice, server.http)).queries;
  return randomQueries(await randomWorld(edge.http, dice, server.http), MIX, dice);
}

/** What was written through the edge is forwarded until it is applied there: nothing old is ever compared. */
async function caughtUp({ edge, server }: WiresCampaign, query: Query): Promise<void> {
  const until = Date.now() + CATCH_UP_MS;
  for (;;) {
    const four = await askFour(edge, server, query);
    if (!isCatchingUp(four)) return;
    if (Date.now() > until) throw new Error(`the edge is not there after ${CATCH_UP_MS} ms`);
    await sleep(25);
  }
}

function isCatchingUp({ edgeHttp, edgeGrpc }: Four): boolean {
  return [edgeHttp, edgeGrpc].some(({ servedBy }) => NOT_YET.some((why) => servedBy?.includes(`(${why})`)));
}

async function judge(campaign: WiresCampaign, query: Query, number: number): Promise<void> {
  const { edge, server, tally, report, seed } = campaign;
  const four = await askFour(edge, server, query);
  tally.questions++;
  if (four.edgeHttp.servedBy === 'local' && four.edgeGrpc.servedBy === 'local') tally.local++;
  if ('error' in four.serverHttp.said) tally.errors++;
  const which = disagreement(four, true);
  if (which === undefined) return;
  if (query.method === 'BatchCheck' && query.checks.length > 1) {
    // Where chance decides over some words of fifty, all fifty never agree: each by itself.
    for (const check of query.checks) await judge(campaign, { ...query, checks: [check] }, number);
    return;
  }
  for (let again = 0; again < AGAIN; again++) {
    if (disagreement(await askFour(edge, server, query), true) === undefined) {
      tally.unstable++;
      return;
    }
  }
  if (disagreement(four, false) === undefined) {
    tally.words++;
    return;
  }
  tally.mismatches++;
  report(`${which}, seed ${seed} world ${number}\n${JSON.stringify(four, null, 1)}`);
}
