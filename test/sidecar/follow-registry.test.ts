import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { NO_TIERS } from '../../src/config/tiers.ts';
import type { Shelf } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import type { Tier } from '../../src/plugin/tier.ts';
import { createRegistryFollower } from '../../src/sidecar/follow-registry.ts';
import { openProductBook } from '../../src/sidecar/products.ts';
import { createRegistry } from '../../src/sidecar/registry.ts';
import { createHealth } from '../../src/telemetry/health.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { handClock } from '../support/hand-clock.ts';

const CRITICAL = 'products:\n  - { id: a, stores: [ 01J0000000000000000000000A ], tier: critical }\n';
const NOTHING = 'products: []\n';

/** An edge whose products come from `registry`, and whose tiers open when `opens` says so. */
async function follower(registry: string, opens: () => boolean, shelf?: Shelf) {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'products.yaml'), NOTHING);
  writeFileSync(
    join(folder, 'edge.yaml'),
    `role: edge\nupstream: { http: "http://127.0.0.1:1" }\nstore: memory\nregistry: ${registry}\n` +
      'changelog: { nats: { servers: [ "nats://127.0.0.1:1" ] } }\nlisten: { http: 127.0.0.1:0 }\n',
  );
  const config = loadConfig(join(folder, 'edge.yaml'));
  const book = await openProductBook({
    region: undefined,
    defaultTier: { kind: 'cold' },
    async openTier({ kind }): Promise<Tier> {
      if (kind !== 'cold' && !opens()) throw new Error('what the tier needs is away');
      return {
        name: kind,
        keeps: kind === 'cold' ? 'nothing' : 'everything',
        answer: () => ({ declined: 'method' }),
      };
    },
    settled: () => new Promise(() => {}),
    failed() {},
  });
  const clock = shelf ? handClock() : systemClock;
  const common = { config, clock, logger: silentLog };
  const health = createHealth();
  const taker = createRegistry({ ...common, book, canKeep: true, health, metrics: createMetrics() });
  const one = createRegistryFollower({ ...common, registry: taker, tiers: NO_TIERS, shelf });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  return { book, clock, folder, health, run: () => void one.run(stop.signal) };
}

test('products in a bucket whose tier could not be opened are taken once it can', async () => {
  let away = true;
  const shelf: Shelf = {
    get: async () => ({ text: CRITICAL, revision: 1 }),
    put: async () => 1,
    onPut() {},
  };
  const { book, clock, health, run } = await follower('{ nats-kv: {} }', () => !away, shelf);
  run();
  const pass = (clock as ReturnType<typeof handClock>).pass;
  for (let n = 0; n < 10; n += 1) await pass(5_000);
  expect(book.known()).toBe(false);
  expect(health.report().conditions.map(({ name }) => name)).toContain('products');
  away = false;
  for (let n = 0; n < 10; n += 1) await pass(5_000);
  expect(book.current().named).toHaveLength(1);
  expect(health.report().conditions).toEqual([]);
});

test('and so are those in a file', async () => {
  let away = true;
  const { book, folder, health, run } = await follower('{ file: products.yaml }', () => !away);
  run();
  writeFileSync(join(folder, 'products.yaml'), CRITICAL);
  await expect.poll(() => health.report().conditions.length, { timeout: 15_000 }).toBe(1);
  away = false;
  await expect.poll(() => book.current().named.length, { timeout: 25_000 }).toBe(1);
}, 60_000);
