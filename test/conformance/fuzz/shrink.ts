/** Makes a mismatch small: fewer models, tuples, words in the query, and rewrites, as long as the two still differ. */
import type { Engine } from '../../../src/engine/evaluate.ts';
import type { Query } from '../../../src/fga/query.ts';
import { type Comparison, compare, type Verdict, verdictOf } from './compare.ts';
import { type Mismatch, smaller } from './smaller.ts';
import { openWorld, type World } from './world.ts';

export interface Shrunk extends Mismatch {
  readonly world: World;
  readonly comparison: Comparison;
}

export interface Asker {
  readonly base: string;
  readonly engine: Engine;
  /** See `verdictOf`. */
  readonly exact?: boolean;
}

const TRIES = 500;

/** Undefined when a fresh store with the same content shows no difference: then upstream is not stable. */
export async function shrink(asker: Asker, start: Mismatch, verdict: Verdict): Promise<Shrunk | undefined> {
  let best = await tried(asker, start, verdict);
  let tries = 0;
  for (let progress = best !== undefined; progress && best !== undefined; ) {
    progress = false;
    for (const candidate of smaller(best)) {
      if (tries++ > TRIES) return best;
      const next: Shrunk | undefined = await tried(asker, candidate, verdict);
      if (next === undefined || (verdict === 'message' && words(next) !== words(best))) continue;
      best = next;
      progress = true;
      break;
    }
  }
  return best;
}

/** What both say in words, without what they quote: other words would be another mismatch. */
function words({ comparison: { server, engine } }: Shrunk): string {
  const messages = JSON.stringify([server, engine]).match(/"message":"(?:[^"\\]|\\.)*"/g) ?? [];
  return messages.join(' ').replaceAll(/'[^']*'/g, "'…'");
}

async function tried(asker: Asker, mismatch: Mismatch, verdict: Verdict): Promise<Shrunk | undefined> {
  const world = await openWorld(asker.base, mismatch.recipe);
  if (world === undefined) return undefined;
  const query = placed(mismatch, world);
  const [comparison] = await compare(asker.base, asker.engine, world, query);
  if (comparison === undefined || verdictOf(comparison, asker.exact) !== verdict) return undefined;
  return { ...mismatch, recipe: world.recipe, query, world, comparison };
}

function placed({ query, modelIndex }: Mismatch, world: World): Query {
  const { modelId: _, ...rest } = query;
  const modelId = modelIndex === undefined ? undefined : world.models[modelIndex]?.id;
  return (
    modelId === undefined ? { ...rest, storeId: world.storeId } : { ...rest, modelId, storeId: world.storeId }
  ) as Query;
}
