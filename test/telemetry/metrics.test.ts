import { expect, test } from 'vitest';
import { METRICS } from '../../src/telemetry/metric-table.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

async function lines(metrics: ReturnType<typeof createMetrics>): Promise<string[]> {
  return (await metrics.exposition()).text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# HELP'));
}

test('a cell is counted by adding to a number, and every scrape shows what it holds', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const local = metrics.counter('rsfga_served_total', 'local');
  local.value += 3;
  expect(await lines(metrics)).toContain('rsfga_served_total{by="local"} 3');
  metrics.counter('rsfga_served_total', 'local').value += 1;
  expect(await lines(metrics)).toContain('rsfga_served_total{by="local"} 4');
  expect(metrics.byLabel('rsfga_served_total')).toEqual({ local: 4 });
  expect(metrics.total('rsfga_served_total')).toBe(4);
});

test('every metric of the table has its type line, and those without labels a value from the start', async () => {
  const shown = await lines(createMetrics({ processMetrics: false }));
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    expect(shown).toContain(`# TYPE ${name} ${kind}`);
    if (labels.length === 0) expect(shown).toContain(kind === 'histogram' ? `${name}_count 0` : `${name} 0`);
  }
});

test('what others count is read at the scrape, and added to the cells of the same metric', async () => {
  const metrics = createMetrics({ processMetrics: false });
  let received = 7;
  metrics.read('nats_messages_received_total', () => received);
  metrics.read('rsfga_store_tuples', () => [
    { labels: ['a'], value: 1 },
    { labels: ['b"\\'], value: 2 },
  ]);
  metrics.read('rsfga_staleness_seconds', () => [{ labels: ['a'], value: Number.POSITIVE_INFINITY }]);
  metrics.counter('rsfga_resync_total', 'hole').value = 1;
  metrics.read('rsfga_resync_total', () => [{ labels: ['hole'], value: 2 }]);
  received = 8;
  const shown = await lines(metrics);
  expect(shown).toContain('nats_messages_received_total 8');
  expect(shown).toContain('rsfga_store_tuples{store="a"} 1');
  expect(shown).toContain('rsfga_store_tuples{store="b\\"\\\\"} 2');
  expect(shown).toContain('rsfga_staleness_seconds{store="a"} +Inf');
  expect(shown).toContain('rsfga_resync_total{reason="hole"} 3');
});

test('a timing becomes a Prometheus histogram: cumulated buckets, +Inf, sum and count', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const timing = metrics.timing('rsfga_request_seconds', 'Check', 'local');
  timing.observeMs(0.02);
  timing.observeMs(0.02);
  timing.observeMs(1.5);
  timing.observeMs(60_000);
  const shown = await lines(metrics);
  const at = (le: string) => `rsfga_request_seconds_bucket{method="Check",by="local",le="${le}"}`;
  expect(shown).toContain(`${at('0.000025')} 2`);
  expect(shown).toContain(`${at('0.001')} 2`);
  expect(shown).toContain(`${at('0.0025')} 3`);
  expect(shown).toContain(`${at('10')} 3`);
  expect(shown).toContain(`${at('+Inf')} 4`);
  expect(shown).toContain('rsfga_request_seconds_count{method="Check",by="local"} 4');
  expect(shown.find((line) => line.startsWith('rsfga_request_seconds_sum'))).toMatch(/ 60\.0015/);
});

test('the process itself is shown too', async () => {
  expect(
    (await lines(createMetrics())).some((line) => line.startsWith('process_resident_memory_bytes')),
  ).toBe(true);
});
