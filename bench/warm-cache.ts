/** How often an edge answered from memory, from its own metrics. */
import type { Sidecar } from '../test/support/fleet.ts';

export interface CacheCounts {
  readonly hit: number;
  readonly joined: number;
  readonly miss: number;
}

/** Answers of the bench end by changes, not by their time. */
export const WARM = { warm: { ttl: '1h' } };

export async function readCache(edge: Pick<Sidecar, 'metrics'>): Promise<CacheCounts> {
  const text = await edge.metrics();
  const of = (outcome: string) =>
    Number(
      new RegExp(`^rsfga_cache_answers_total\\{outcome="${outcome}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0,
    );
  return { hit: of('hit'), joined: of('joined'), miss: of('miss') };
}

/** Answered from memory, in [0, 1]. Who waited for another's forward was not. */
export function hitRate(after: CacheCounts, before: CacheCounts): number {
  const [hit, joined, miss] = (['hit', 'joined', 'miss'] as const).map((name) => after[name] - before[name]);
  return (hit ?? 0) / ((hit ?? 0) + (joined ?? 0) + (miss ?? 0));
}

export function share(rate: number): string {
  return `${(100 * rate).toFixed(1)} %`;
}
