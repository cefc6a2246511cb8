/** What it means to pass OpenFGA's suites: nothing wrong, and declined exactly what is listed. */
import { describe, expect, it } from 'vitest';
import { inLanes } from '../../src/plugin/lanes.ts';
import { type Report, runsContextual, runTest, type Way } from './conform.ts';
import { type Declines, declinesOf, listedDeclines } from './declined.ts';
import { readSuite, SUITES, type SuiteName } from './suite.ts';
import type { Target } from './targets.ts';

const RUNS = (Object.keys(SUITES) as SuiteName[]).flatMap((suite) =>
  (['written', 'contextual'] as const).map((way): { suite: SuiteName; way: Way } => ({ suite, way })),
);

/** Each has stores of its own, and waits for an edge to copy them more than it works. */
const TESTS_AT_ONCE = 8;

export interface Passing {
  readonly target: () => Target;
  /** A server declines nothing. */
  readonly mayDecline: boolean;
}

/** To be called inside a `describe`. */
export function passesSuites({ target, mayDecline }: Passing): void {
  describe.each(RUNS)('$suite suite, tuples $way', ({ suite, way }) => {
    it('is answered as expected', { timeout: 300_000 }, async () => {
      const tests = readSuite(suite).filter((test) => way === 'written' || runsContextual(test));
      const reports: Report[] = [];
      await inLanes(tests, TESTS_AT_ONCE, async (test) => {
        reports.push(await runTest(target(), test, way));
      });
      expect(reports.flatMap((report) => report.wrong)).toEqual([]);
      const listed = mayDecline ? listedDeclines(suite, way) : [];
      expect(declinesOf(suite, way, reports).sort(byPlace)).toEqual(listed.sort(byPlace));
      // An empty file would pass all of the above.
      expect(reports.reduce((sum, report) => sum + report.asked, 0)).toBeGreaterThan(
        suite === 'abac' ? 300 : 1000,
      );
    });
  });
}

function byPlace(a: Declines, b: Declines): number {
  return a.where < b.where ? -1 : 1;
}
