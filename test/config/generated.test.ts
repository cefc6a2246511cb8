/** What stands in the repository is what `npm run gen` would write. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { ROOT, referenceFiles } from '../../scripts/gen-reference.ts';
import { configFields } from '../../src/config/fields.ts';
import { METRICS } from '../../src/telemetry/metric-table.ts';

test.each(referenceFiles().map((file) => [file.path, file.text]))('%s is as generated', (path, text) => {
  expect(readFileSync(join(ROOT, path), 'utf8'), 'run: npm run gen').toBe(text);
});

test('every field says what it is for and what is allowed', () => {
  const silent: string[] = [];
  JSON.stringify(z.toJSONSchema(configFields, { io: 'input' }), (key, value) => {
    if (key !== 'properties') return value;
    for (const [name, node] of Object.entries<Record<string, unknown>>(value)) {
      if (node.description === undefined || node['x-expected'] === undefined) silent.push(name);
    }
    return value;
  });
  expect(silent).toEqual([]);
});

test("every metric that RSFGA's edge architecture names is there", () => {
  expect(Object.keys(METRICS)).toEqual(
    expect.arrayContaining([
      'nats_connected',
      'nats_messages_received_total',
      'nats_messages_published_total',
      'nats_message_latency_seconds',
      'nats_pending_messages',
      'nats_consumer_lag',
      'jetstream_stream_messages',
      'jetstream_stream_bytes',
      'jetstream_consumer_pending',
      'jetstream_consumer_ack_total',
      'jetstream_consumer_nak_total',
    ]),
  );
});
