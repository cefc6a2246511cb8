/** Asks the server and the engine the same thing and says how the two differ. */
import { isDeepStrictEqual } from 'node:util';
import type { Engine } from '../../../src/engine/evaluate.ts';
import type { BatchCheckQuery, Query } from '../../../src/fga/query.ts';
import { parseQuery } from '../../../src/proxy/wire/parse.ts';
import { ask, bodyOf } from '../../support/ask.ts';
import { type Said, saidOfOutcome, saidOfReply } from '../said.ts';
import type { World } from './world.ts';

export interface Comparison {
  /** One question: a batch that is answered is taken apart into batches of one. */
  readonly query: Query;
  readonly server: Said;
  readonly engine: Said;
}

/**
 * wrong: another answer, another code, or an answer where the other has an error. message: the same code, other words.
 * declined: the engine would have it forwarded. unanswered: upstream ran out of time.
 */
export type Verdict = 'agrees' | 'wrong' | 'message' | 'declined' | 'unanswered';

export async function compare(
  base: string,
  engine: Engine,
  world: World,
  query: Query,
): Promise<Comparison[]> {
  const server = saidOfReply(query.method, await ask(base, query));
  if (query.method !== 'BatchCheck' || !('answer' in server)) {
    return [{ query, server, engine: engineSays(engine, world, query) }];
  }
  return query.checks.map((check) => {
    const one: BatchCheckQuery = { ...query, checks: [check] };
    return {
      query: one,
      server: itemOf(server, check.correlationId),
      engine: engineSays(engine, world, one),
    };
  });
}

/** By the way of a local answer: body, wire rules, engine, rendered body. */
export function engineSays(engine: Engine, world: Pick<World, 'reader'>, query: Query): Said {
  const parsed = parseQuery(query.method, query.storeId, Buffer.from(JSON.stringify(bodyOf(query))));
  const outcome = 'query' in parsed ? engine.answer(parsed.query, world.reader) : parsed;
  return saidOfOutcome(query.method, outcome);
}

/** `exact`: also the reason why a condition failed is compared, where only one can fail. */
export function verdictOf({ server, engine }: Pick<Comparison, 'server' | 'engine'>, exact = false): Verdict {
  if ('declined' in engine) return 'declined';
  const form = exact ? ordered : stable;
  if (isDeepStrictEqual(form(server), form(engine))) return 'agrees';
  if (/deadline[_ ]exceeded/.test(JSON.stringify(server))) return 'unanswered';
  return isDeepStrictEqual(withoutMessages(server), withoutMessages(engine)) ? 'message' : 'wrong';
}

/** Of a batch's answer only this item. */
function itemOf({ answer }: { readonly answer: unknown }, correlationId: string): Said {
  const result = answer as Readonly<Record<string, unknown>>;
  return { answer: { [correlationId]: result[correlationId] } };
}

/** Upstream names missing parameters in the order of a Go map, which is chance. */
function ordered(said: Said): unknown {
  const missing = /(missing context parameters '\[)([^\]]*)/g;
  const text = JSON.stringify(said);
  if (!text.includes('missing context parameters')) return said;
  const sorted = (_: string, before: string, names: string) => before + names.split(' ').sort().join(' ');
  return JSON.parse(text.replaceAll(missing, sorted));
}

/** Which of several tuples with a failing condition is named is chance upstream: only that one failed is said. */
export function stable(said: Said): unknown {
  const text = JSON.stringify(said);
  const known = /(failed to evaluate relationship condition)[^"\\]*(\\.[^"\\]*)*/g;
  return text.includes('failed to evaluate') ? JSON.parse(text.replaceAll(known, '$1')) : said;
}

export function withoutMessages(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === 'message' ? undefined : inner)));
}
