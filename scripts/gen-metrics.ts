/** docs/reference/metrics.md, from the table of metrics. */
import { METRICS, type MetricSpec } from '../src/telemetry/metric-table.ts';
import { code, type GeneratedFile, heading, table } from './gen-text.ts';

export function metricsFiles(): readonly GeneratedFile[] {
  const metrics: readonly (readonly [string, MetricSpec])[] = Object.entries(METRICS);
  const [nats, own] = [
    metrics.filter(([name]) => !name.startsWith('rsfga_')),
    metrics.filter(([name]) => name.startsWith('rsfga_')),
  ];
  const text = [
    ...heading('Metrics'),
    '`GET /metrics` on the admin listener, Prometheus text. Counters start at 0 with the process. Beside these, the usual',
    '`process_*` and `nodejs_*` figures of the process itself.',
    '',
    '## NATS and JetStream',
    '',
    'Under these names with every change log; what a log does not have is 0.',
    '',
    ...metricTable(nats),
    '',
    '## RSFGA Edge',
    '',
    ...metricTable(own),
    '',
    '## Buckets',
    '',
    ...metrics
      .filter(([, spec]) => spec.buckets !== undefined)
      .map(([name, spec]) => `- ${code(name)}: ${spec.buckets?.join(', ')} seconds`),
    '',
  ].join('\n');
  return [{ path: 'docs/reference/metrics.md', text }];
}

function metricTable(metrics: readonly (readonly [string, MetricSpec])[]): string[] {
  const rows = metrics.map(([name, { kind, labels, help }]) => [
    code(name),
    kind,
    labels.map(code).join(', '),
    help,
  ]);
  return table(['name', 'kind', 'labels', 'what it counts'], rows);
}
