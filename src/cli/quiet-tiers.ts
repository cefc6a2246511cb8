/** What a tier is opened with where no sidecar runs: nobody hears what it does. */
import type { TierParts } from '../../plugins/index.ts';
import type { KnownTiers } from '../config/tiers.ts';
import { systemClock } from '../plugin/clock.ts';
import { silentLog } from '../plugin/log.ts';
import type { CacheEvents } from '../plugin/tier.ts';

const UNHEARD: CacheEvents = {
  hit() {},
  joined() {},
  miss() {},
  stored() {},
  refused() {},
  failed() {},
};

export function quietParts(tiers: KnownTiers, lagMs = 0): TierParts {
  const outside = { tiers, guard: { did() {}, fault() {} } };
  return { clock: systemClock, logger: silentLog, lagMs, events: UNHEARD, outside };
}
