/** Fits the metrics and the health to what tiers that remember tell. */
import type { CacheEvents } from '../plugin/tier.ts';
import type { Health } from '../telemetry/health.ts';
import type { Cell, Metrics } from '../telemetry/metrics.ts';

export function createCacheMeters(metrics: Metrics, health: Health): CacheEvents {
  const answers = {
    hit: metrics.counter('rsfga_cache_answers_total', 'hit'),
    joined: metrics.counter('rsfga_cache_answers_total', 'joined'),
    miss: metrics.counter('rsfga_cache_answers_total', 'miss'),
  };
  const stored = metrics.counter('rsfga_cache_stored_total');
  const errors = metrics.counter('rsfga_cache_errors_total');
  let failing = false;

  const count = (cell: Cell) => {
    cell.value += 1;
    return cell.value;
  };
  const well = () => {
    if (failing) health.clear('cache');
    failing = false;
  };
  return {
    hit() {
      count(answers.hit);
      well();
    },
    joined: () => void count(answers.joined),
    miss: () => void count(answers.miss),
    stored: () => void count(stored),
    refused: (reason) => void count(metrics.counter('rsfga_cache_refused_total', reason)),
    failed(error) {
      count(errors);
      failing = true;
      health.raise(
        'cache',
        'degraded',
        'The store of remembered answers fails; queries are forwarded.',
        error,
      );
    },
  };
}
