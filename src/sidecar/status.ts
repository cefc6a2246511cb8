/** What `/status` says, put together from the parts. */
import { latencyStatus } from '../admin/latency.ts';
import type { CaptureStatus, Readiness, StatusReport, StatusSource } from '../admin/status.ts';
import type { Desk } from '../capture/desk.ts';
import type { Sequencer } from '../capture/sequencer.ts';
import type { Config } from '../config/config.ts';
import { describeConfig } from '../config/describe.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Replica } from '../replica/replica.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Audits } from './audits.ts';
import type { Keeper } from './keep.ts';
import type { Meters } from './meters.ts';
import type { Parts } from './parts.ts';
import { productStatus } from './product-status.ts';
import type { ProductBook } from './products.ts';
import type { Registry } from './registry.ts';
import type { RequestStreet } from './request-street.ts';

export interface StatusParts {
  readonly config: Config;
  readonly version: string;
  readonly parts: Parts;
  readonly book: ProductBook;
  readonly registry: Registry;
  readonly keeper: Keeper | undefined;
  readonly replica: Replica | undefined;
  readonly sequencer: Sequencer | undefined;
  readonly audits: Audits | undefined;
  readonly requests: Pick<RequestStreet, 'shadow'>;
  readonly desk: Desk | undefined;
  readonly meters: Meters;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  /** Undefined until the listeners are open. */
  urls(): StatusReport['urls'] | undefined;
}

export function createStatus(all: StatusParts): StatusSource {
  const startedMs = all.clock.wallMs();
  return { readiness: () => readiness(all), status: () => report(all, startedMs) };
}

function readiness({ urls, replica, book, keeper }: StatusParts): Readiness {
  const open = urls() !== undefined;
  const unsynced = (replica?.tracks() ?? []).filter((track) => track.phase !== 'complete');
  return {
    ready: open,
    waitingFor: open ? [] : ['the listeners'],
    unsynced: !book.known()
      ? [UNKNOWN_STORES]
      : keeper?.listed() === false
        ? [UNLISTED_STORES]
        : unsynced.map(({ storeId, unknown }) => (unknown ? `${storeId} (${UNKNOWN_STORE})` : storeId)),
  };
}

const UNKNOWN_STORE = 'the upstream has no store of this id';
const UNLISTED_STORES = 'every store: the upstream was not asked yet which there are';
const UNKNOWN_STORES = 'every store: the products are not known yet';

function report(all: StatusParts, startedMs: number): StatusReport {
  const { config, parts, metrics, meters, requests } = all;
  const served = metrics.byLabel('rsfga_served_total');
  return {
    version: all.version,
    role: config.role,
    edgeId: config.edgeId,
    nodeId: config.nodeId,
    ...(config.region === undefined ? {} : { region: config.region }),
    nowMs: all.clock.wallMs(),
    startedMs,
    health: all.health.report(),
    ready: readiness(all).ready,
    urls: all.urls() ?? { http: '', admin: '' },
    upstream: {
      url: parts.server.http,
      ...(parts.server.primary ? { primary: parts.server.primary.http } : {}),
      ...meters.upstream(),
    },
    changelog: changelogStatus(all),
    ...captureStatus(all),
    store: storeStatus(all),
    registry: all.registry.status(),
    products: productStatus(all),
    requests: {
      served: { local: served.local ?? 0, cache: served.cache ?? 0, upstream: served.upstream ?? 0 },
      declined: metrics.byLabel('rsfga_declined_total'),
      forwardErrors: metrics.total('rsfga_forward_errors_total'),
    },
    ...(requests.shadow ? { shadow: requests.shadow.status() } : {}),
    latency: latencyStatus(metrics),
    config: describeConfig(config) as Readonly<Record<string, unknown>>,
  };
}

function storeStatus({ config, parts, keeper }: StatusParts): StatusReport['store'] {
  const { leaving, erased } = keeper?.erasures() ?? { leaving: [], erased: [] };
  const kind = parts.store ? config.store.kind : 'none';
  return { kind, bytes: parts.store?.bytes() ?? 0, leaving, erased };
}

function changelogStatus({ parts: { log } }: StatusParts): StatusReport['changelog'] {
  const link = log.link();
  const figures = log.figures();
  return {
    kind: log.name,
    connected: link.link === 'connected',
    ...(link.link === 'disconnected' ? { sinceMs: link.sinceMs, lastError: link.error } : {}),
    lag: figures.consumerLag,
    pending: figures.pending,
    received: figures.received,
    published: figures.published,
    garbage: figures.garbage,
    messages: figures.streamMessages,
    bytes: figures.streamBytes,
  };
}

function captureStatus({
  sequencer,
  desk,
  metrics,
  meters,
}: StatusParts): Pick<StatusReport, 'capture'> | object {
  if (!sequencer) return {};
  const lastPublishedAtMs = meters.lastPublishedAtMs();
  const lastWalkAtMs = meters.lastWalkAtMs();
  const error = meters.publishError();
  return {
    capture: {
      sequencer: sequencer.holds(),
      ...leaseStatus(sequencer),
      followed: sequencer.followed(),
      handingOver: desk?.waiting() ?? 0,
      captured: metrics.total('rsfga_captured_total'),
      unpublished: sequencer.waiting(),
      found: metrics.total('rsfga_walk_found_total'),
      ...(lastPublishedAtMs === undefined ? {} : { lastPublishedAtMs }),
      ...(lastWalkAtMs === undefined ? {} : { lastWalkAtMs }),
      ...(error === undefined ? {} : { lastError: String(error) }),
    },
  };
}

function leaseStatus(sequencer: Sequencer): Pick<CaptureStatus, 'lease'> {
  const lease = sequencer.lease();
  if (!lease) return {};
  const { lease: state, sinceMs } = lease;
  if (lease.lease !== 'unknown') return { lease: { state, sinceMs, holder: lease.holder } };
  return { lease: { state, sinceMs, ...(lease.error === undefined ? {} : { lastError: lease.error }) } };
}
