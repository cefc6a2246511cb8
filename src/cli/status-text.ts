/** `/status` as a few lines for a terminal. */
import type { ProductStatus, StatusReport, StoreStatus } from '../admin/status.ts';

export function statusText(report: StatusReport): string {
  const { health, role, edgeId, changelog, requests, latency } = report;
  const up = spanText(report.nowMs - report.startedMs);
  const local = latency.find((line) => line.by === 'local');
  const served = requests.served;
  return [
    `${health.state.toUpperCase()}   ${edgeId} (${role}), up ${up}, version ${report.version}`,
    ...health.conditions.flatMap((c) => [
      `  ${c.severity}: ${c.reason} For ${spanText(report.nowMs - c.sinceMs)}.`,
      ...(c.lastError === undefined ? [] : [`    ${c.lastError}`]),
      ...(c.advice === undefined ? [] : [`    ${c.advice}`]),
    ]),
    '',
    ...report.products.flatMap((product) => [
      `${product.id}   ${product.tier}${promiseText(product)}`,
      ...product.stores.map((store) => `  ${storeText(store)}`),
    ]),
    '',
    `change log   ${changelog.kind}, ${changelog.connected ? 'connected' : 'NOT CONNECTED'}, ${changelog.lag} behind`,
    ...captureLines(report),
    `answered     ${served.local} here, ${served.cache} from cache, ${served.upstream} forwarded${reasonsText(requests.declined)}`,
    ...(local === undefined
      ? []
      : [`local        p50 ${spanText(local.p50Ms)}, p99 ${spanText(local.p99Ms)}`]),
    '',
  ].join('\n');
}

/** What is never answered here has no age. */
function promiseText({ tier, maxStalenessMs, onStale }: ProductStatus): string {
  return tier === 'cold' ? '' : `, at most ${spanText(maxStalenessMs)} old, then ${onStale}`;
}

/** 1500 → `1.5 s`. */
export function spanText(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.floor((ms % 86_400_000) / 3_600_000)} h`;
}

function storeText(store: StoreStatus): string {
  const id = store.storeId.padEnd(26);
  if (store.phase === 'forwarding') return `${id}  forwarding`;
  if (store.unknown) return `${id}  UNKNOWN: the upstream has no store of this id`;
  if (store.bootstrap !== undefined && store.phase !== 'broken') {
    const { tuples, perSecond, expected, remainingMs } = store.bootstrap;
    const of = expected === undefined ? '' : ` of ${expected}`;
    const left = remainingMs === undefined ? '' : `, about ${spanText(remainingMs)} left`;
    return `${id}  ${store.phase}: ${tuples}${of} tuples, ${Math.round(perSecond)} per second${left}`;
  }
  const age = store.ageMs === undefined ? 'age not known yet' : `${spanText(store.ageMs)} old`;
  const why = store.phase === 'complete' || store.lastError === undefined ? '' : `\n    ${store.lastError}`;
  const word = `${store.stale ? 'STALE' : store.phase}${store.storeDeleted ? ', deleted at the upstream' : ''}`;
  return `${id}  ${word}, revision ${store.revision}, ${store.tuples} ${store.tuples === 1 ? 'tuple' : 'tuples'}, ${age}${why}`;
}

function captureLines({ capture }: StatusReport): string[] {
  if (capture === undefined) return [];
  return [
    `capture      ${capture.captured} captured, ${capture.unpublished} waiting, ${capture.found} found by walks`,
    `publishes    ${publisherText(capture)}`,
  ];
}

function publisherText({ sequencer, lease, handingOver }: NonNullable<StatusReport['capture']>): string {
  if (sequencer) return 'this sidecar';
  const waiting = handingOver > 0 ? `, ${handingOver} waiting for it` : '';
  return `${lease?.holder ?? 'nobody at present'}${waiting}`;
}

function reasonsText(declined: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(declined).filter(([, count]) => count > 0);
  if (reasons.length === 0) return '';
  return ` (${reasons.map(([reason, count]) => `${reason} ${count}`).join(', ')})`;
}
