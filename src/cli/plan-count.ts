/** How many tuples of a store the upstream has, by object type: its Read, page by page, up to a bound. */
import { typeOf } from '../fga/tuple.ts';
import type { Keeps } from '../plugin/tier.ts';
import type { Upstream } from '../plugin/upstream.ts';

export interface Counted {
  readonly tuples: number;
  /** Of them, those whose type would be kept here. */
  readonly here: number;
  /** False: there are more, which were not counted. */
  readonly whole: boolean;
  readonly byType: Readonly<Record<string, number>>;
}

/** Ten thousand pages: half a minute on a fast upstream. */
const MOST_COUNTED = 1_000_000;
const TELL_EVERY_MS = 1_000;

export interface CountOptions {
  readonly storeId: string;
  readonly keeps: Keeps;
  progress(tuples: number): void;
  /** Monotonic ms. */
  now(): number;
  readonly most?: number;
}

/** Rejects with an FgaError: the upstream's own, or `unavailable`. */
export async function countTuples(upstream: Upstream, options: CountOptions): Promise<Counted> {
  const { storeId, keeps, progress, now, most = MOST_COUNTED } = options;
  const byType = new Map<string, number>();
  let [tuples, token, toldMs] = [0, '', now()];
  do {
    const page = await upstream.readTuples(storeId, token);
    for (const { object } of page.tuples) byType.set(typeOf(object), (byType.get(typeOf(object)) ?? 0) + 1);
    tuples += page.tuples.length;
    token = page.continuationToken;
    if (now() - toldMs >= TELL_EVERY_MS) {
      progress(tuples);
      toldMs = now();
    }
  } while (token !== '' && tuples < most);
  const kept = [...byType].filter(([type]) => isKept(keeps, type));
  const here = kept.reduce((sum, [, count]) => sum + count, 0);
  return { tuples, here, whole: token === '', byType: Object.fromEntries([...byType].sort()) };
}

function isKept(keeps: Keeps, type: string): boolean {
  return typeof keeps === 'string' ? keeps === 'everything' : keeps.objectTypes.includes(type);
}
