/** Opens a tier that this version does not bring: its options read, its parts handed over, and the guard around it. */
import { createEngine } from '../../src/engine/evaluate.ts';
import { createReachBook } from '../../src/engine/reach.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { Log } from '../../src/plugin/log.ts';
import type { CacheEvents, Tier } from '../../src/plugin/tier.ts';
import { type GuardEvents, guardTier } from '../../src/plugin/tier-guard.ts';
import type { PluginTier, TierParts, TierPlugin } from '../../src/plugin/tier-plugin.ts';
import { tierProblem } from '../../src/plugin/tier-shape.ts';

export interface OutsideParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly lagMs: number;
  readonly events: CacheEvents;
  readonly guard: GuardEvents;
}

export interface OutsideTier {
  /** As the YAML calls it. */
  readonly name: string;
  readonly plugin: TierPlugin;
  /** As its own parsers gave them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The start of a sidecar waits for it at most this long: a readiness probe gives up after about as much. */
export const TIER_OPEN_MS = 10_000;

/** Rejects with what the plugin threw, or with what is wrong with the thing that it gave. */
export async function openOutsideTier(outside: OutsideTier, parts: OutsideParts): Promise<Tier> {
  const { name } = outside;
  const tier = await inTime(outside, parts);
  const problem = tierProblem(tier);
  if (problem !== undefined) throw new Error(problem);
  const { of: reach } = createReachBook();
  return guardTier(tier, { name, clock: parts.clock, events: parts.guard, reach });
}

async function inTime({ plugin, options }: OutsideTier, parts: OutsideParts): Promise<PluginTier> {
  const opening = Promise.resolve(plugin.open(options, partsFor(parts)));
  const enough = new AbortController();
  try {
    const opened = opening.then((tier) => ({ tier }));
    const first = await Promise.race([opened, parts.clock.sleep(TIER_OPEN_MS, enough.signal)]);
    if (first !== undefined) return first.tier;
  } finally {
    enough.abort();
  }
  // Whatever comes of it later is closed again.
  opening.then((late) => late?.close?.()).catch((err) => parts.log.debug({ err }, 'a tier that was late'));
  throw new Error(`its open gave nothing within ${TIER_OPEN_MS / 1000} s`);
}

export function partsFor({ clock, log, lagMs, events }: Omit<OutsideParts, 'guard'>): TierParts {
  const engine = createEngine();
  const reaches = createReachBook();
  return { evaluate: engine.answer, reach: reaches.of, clock, log, lagMs, events };
}
