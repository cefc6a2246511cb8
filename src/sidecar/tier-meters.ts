/** Fits the metrics, the health and the log to what tiers from outside do. */
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { GuardEvents } from '../plugin/tier-guard.ts';
import type { Health } from '../telemetry/health.ts';
import type { Cell, Metrics } from '../telemetry/metrics.ts';

export interface TierMeterParts {
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  readonly logger: Log;
}

const FAULTS: ReadonlySet<string> = new Set(['threw', 'garbage', 'unproven', 'late', 'resting', 'deaf']);
/** Without a fault for so long, the condition ends. */
const WELL_AFTER_MS = 60_000;

export function createTierMeters({ metrics, health, clock, logger }: TierMeterParts): GuardEvents {
  const cells = new Map<string, Cell>();
  let faultAtMs: number | undefined;

  function cellOf(tier: string, deed: string): Cell {
    const key = `${tier} ${deed}`;
    const cell = cells.get(key) ?? metrics.counter('rsfga_plugin_tier_total', tier, deed);
    cells.set(key, cell);
    return cell;
  }

  return {
    did(tier, deed) {
      cellOf(tier, deed).value += 1;
      if (FAULTS.has(deed)) {
        faultAtMs = clock.monoMs();
        health.raise('tier', 'degraded', `The tier ${tier} fails (${deed}); such queries are forwarded.`);
      } else if (faultAtMs !== undefined && clock.monoMs() - faultAtMs > WELL_AFTER_MS) {
        faultAtMs = undefined;
        health.clear('tier');
      }
    },
    fault(tier, fault, err) {
      health.raise('tier', 'degraded', `The tier ${tier} fails (${fault}); such queries are forwarded.`, err);
      logger.error({ tier, fault, err }, 'a tier from outside failed; queries that it fails are forwarded');
    },
  };
}
