/** The request histogram as the status shows it: all methods together, by who answered. */
import type { Metrics } from '../telemetry/metrics.ts';
import { mergeTimings, quantile, type TimingSnapshot } from '../telemetry/timing.ts';
import type { LatencyStatus } from './status.ts';

export function latencyStatus(metrics: Metrics): readonly LatencyStatus[] {
  const byAnswerer = new Map<string, TimingSnapshot[]>();
  for (const { labels, timing } of metrics.timings('rsfga_request_seconds')) {
    const by = labels[1] ?? '';
    byAnswerer.set(by, [...(byAnswerer.get(by) ?? []), timing.snapshot()]);
  }
  return [...byAnswerer].flatMap(([by, all]) => lineOf(by, mergeTimings(all)));
}

function lineOf(by: string, timing: TimingSnapshot | undefined): readonly LatencyStatus[] {
  if (timing === undefined || timing.count === 0) return [];
  const ms = (share: number) => 1000 * (quantile(timing, share) ?? 0);
  const boundsMs = timing.bounds.map((seconds) => seconds * 1000);
  return [{ by, count: timing.count, p50Ms: ms(0.5), p99Ms: ms(0.99), boundsMs, counts: timing.counts }];
}
