/** Three moments in the life of an edge, as its status would tell them. */
import type { LatencyStatus, StatusReport, StatusSource, StoreStatus } from '../../src/admin/status.ts';
import { METRICS } from '../../src/telemetry/metric-table.ts';
import { createTiming, quantile } from '../../src/telemetry/timing.ts';

const NOW = Date.UTC(2026, 10, 23, 2, 41, 7);
const MINUTE = 60_000;
export const STORE_A = '01JD3F5Q7W9Y1B3D5G7J9M1P3A';
export const STORE_B = '01JD3F6R8X0Z2C4E6H8K0N2Q4B';
const STORE_C = '01JD3F7S9Y1A3D5F7J9M1P3R5C';

export function healthy(): StatusReport {
  return {
    version: '0.1.0',
    role: 'edge',
    edgeId: 'tokyo-1',
    nodeId: 'edge-tokyo-1:8080',
    region: 'ap-northeast',
    nowMs: NOW,
    startedMs: NOW - 3 * 86_400_000 - 4 * 3_600_000,
    health: { state: 'healthy', conditions: [], past: [] },
    ready: true,
    urls: { http: 'http://127.0.0.1:8080', admin: 'http://127.0.0.1:8090' },
    upstream: { url: 'http://openfga.eu.internal:8080', reachable: true },
    changelog: {
      kind: 'nats',
      connected: true,
      lag: 0,
      pending: 0,
      received: 1_284_551,
      published: 0,
      garbage: 0,
      messages: 418_220,
      bytes: 96_400_000,
    },
    store: { kind: 'lmdb', bytes: 412_000_000, leaving: [], erased: [] },
    registry: { source: 'config', place: '/etc/rsfga/edge.yaml' },
    products: [
      {
        id: 'global-app',
        tier: 'critical',
        maxStalenessMs: 30_000,
        onStale: 'forward',
        stores: [store(STORE_A, {})],
      },
      {
        id: 'acme-corp',
        tier: 'critical',
        maxStalenessMs: 10_000,
        onStale: 'deny',
        stores: [store(STORE_B, { name: 'acme-production', tuples: 48_211, revision: 9_120, ageMs: 610 })],
      },
      { id: 'everything-else', tier: 'cold', maxStalenessMs: 30_000, onStale: 'forward', stores: [cold()] },
    ],
    requests: {
      served: { local: 41_203_118, cache: 0, upstream: 512_004 },
      declined: { consistency: 40_112, condition: 18_220, cycle: 3_019, budget: 12 },
      forwardErrors: 0,
    },
    latency: [latency('local', 0.042, 0.5, 40_000), latency('upstream', 6.5, 0.55, 3_000)],
    config: {
      role: 'edge',
      edgeId: 'tokyo-1',
      upstream: { http: 'http://openfga.eu.internal:8080', apiToken: '***' },
    },
  };
}

export function degraded(): StatusReport {
  const calm = healthy();
  const since = NOW - 4 * MINUTE - 12_000;
  const cut = 'nats: connect ECONNREFUSED 10.20.0.4:4222 (attempt 126)';
  const lag = 'The follower is 18214 messages behind (limit 10000).';
  const reason = 'The change log cannot be reached.';
  return {
    ...calm,
    health: {
      state: 'degraded',
      conditions: [
        { name: 'disconnected', severity: 'degraded', reason, sinceMs: since, lastError: cut },
        { name: 'lag', severity: 'degraded', reason: lag, sinceMs: since + MINUTE },
      ],
      past: [
        {
          name: 'disconnected',
          severity: 'degraded',
          reason,
          sinceMs: NOW - 90 * MINUTE,
          clearedMs: NOW - 88 * MINUTE,
          lastError: cut,
        },
      ],
    },
    upstream: { ...calm.upstream, reachable: false, lastError: 'connect ETIMEDOUT 10.20.0.9:8080' },
    changelog: {
      ...calm.changelog,
      connected: false,
      sinceMs: since,
      lastError: cut,
      lag: 18_214,
      pending: 311,
    },
    products: [
      {
        id: 'global-app',
        tier: 'critical',
        maxStalenessMs: 30_000,
        onStale: 'forward',
        stores: [store(STORE_A, { ageMs: NOW - since, stale: true, behind: 311 })],
      },
      {
        id: 'acme-corp',
        tier: 'critical',
        maxStalenessMs: 600_000,
        onStale: 'serve',
        stores: [
          store(STORE_B, {
            name: 'acme-production',
            ageMs: NOW - since,
            tuples: 48_211,
            lastResync: { reason: 'hole', atMs: NOW - 31 * MINUTE },
          }),
        ],
      },
    ],
    requests: {
      ...calm.requests,
      declined: { stale: 210_455, ...calm.requests.declined },
      forwardErrors: 1_202,
    },
  };
}

export function bootstrapping(): StatusReport {
  const calm = healthy();
  return {
    ...calm,
    startedMs: NOW - 95_000,
    changelog: { ...calm.changelog, received: 4_112, pending: 4_112 },
    store: { kind: 'lmdb', bytes: 61_000_000, leaving: [], erased: [] },
    products: [
      {
        id: 'global-app',
        tier: 'critical',
        maxStalenessMs: 30_000,
        onStale: 'forward',
        stores: [
          copying(STORE_A, { tuples: 384_200, perSecond: 5_120, expected: 1_000_000, remainingMs: 120_000 }),
          copying(STORE_C, { tuples: 9_300, perSecond: 980 }),
        ],
      },
      {
        id: 'acme-corp',
        tier: 'critical',
        maxStalenessMs: 10_000,
        onStale: 'deny',
        stores: [store(STORE_B, { ageMs: 410, tuples: 48_211 })],
      },
    ],
    requests: {
      served: { local: 1_204, cache: 0, upstream: 18_442 },
      declined: { syncing: 18_101, consistency: 40 },
      forwardErrors: 0,
    },
    latency: [latency('local', 0.06, 0.5, 1_204), latency('upstream', 4, 0.6, 18_442)],
  };
}

/** One product names a store that the upstream does not have. */
export function withWrongId(): StatusReport {
  const calm = healthy();
  const lastError = `the upstream has no store ${STORE_C}`;
  const { ageMs: _, ...wrong } = store(STORE_C, { phase: 'broken', unknown: true, tuples: 0, lastError });
  const products = calm.products.map((product) =>
    product.id === 'acme-corp' ? { ...product, stores: [...product.stores, wrong] } : product,
  );
  return { ...calm, products };
}

export function sourceOf(report: () => StatusReport): StatusSource {
  const unsynced = () =>
    report().products.flatMap((p) =>
      p.stores.filter((s) => s.phase !== 'complete' && s.phase !== 'forwarding'),
    );
  return {
    status: report,
    readiness: () => ({ ready: report().ready, waitingFor: [], unsynced: unsynced().map((s) => s.storeId) }),
  };
}

function store(storeId: string, more: Partial<StoreStatus>): StoreStatus {
  return {
    storeId,
    phase: 'complete',
    epoch: '01JD3EZZZZ0000000000000000',
    revision: 214_873,
    position: '418219',
    tuples: 1_204_377,
    ageMs: 840,
    stale: false,
    resyncs: 0,
    ...more,
  };
}

function copying(storeId: string, bootstrap: NonNullable<StoreStatus['bootstrap']>): StoreStatus {
  const { ageMs: _, ...rest } = store(storeId, {
    phase: 'copying',
    revision: 0,
    tuples: bootstrap.tuples,
    bootstrap,
  });
  return rest;
}

function cold(): StoreStatus {
  const { ageMs: _, ...rest } = store('*', {
    phase: 'forwarding',
    epoch: '',
    revision: 0,
    position: '',
    tuples: 0,
  });
  return rest;
}

/** A log-normal spread around the median, by fixed quantiles: no chance in a test. */
function latency(by: string, medianMs: number, spread: number, count: number): LatencyStatus {
  const timing = createTiming(METRICS.rsfga_request_seconds.buckets);
  for (let i = 0; i < count; i++) {
    const u = (i + 0.5) / count;
    const normal = Math.log(u / (1 - u)) / 1.7;
    timing.observeMs(medianMs * Math.exp(spread * normal));
  }
  const shot = timing.snapshot();
  const ms = (share: number) => 1000 * (quantile(shot, share) ?? 0);
  return {
    by,
    count,
    p50Ms: ms(0.5),
    p99Ms: ms(0.99),
    boundsMs: shot.bounds.map((s) => s * 1000),
    counts: shot.counts,
  };
}
