import { expect, test } from 'vitest';
import { latencyStatus } from '../../src/admin/latency.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

test('all methods of one answerer are one curve; who has not answered has none', () => {
  const metrics = createMetrics({ processMetrics: false });
  for (let i = 0; i < 99; i++) metrics.timing('rsfga_request_seconds', 'Check', 'local').observeMs(0.04);
  metrics.timing('rsfga_request_seconds', 'ListObjects', 'local').observeMs(40);
  metrics.timing('rsfga_request_seconds', 'Check', 'upstream');
  const [local, ...more] = latencyStatus(metrics);
  expect(more).toEqual([]);
  expect(local).toMatchObject({ by: 'local', count: 100 });
  expect(local?.p50Ms).toBeCloseTo(0.0375, 2);
  expect(local?.counts).toHaveLength((local?.boundsMs.length ?? 0) + 1);
});
