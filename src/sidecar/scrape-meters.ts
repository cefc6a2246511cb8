/** Metrics of what is counted elsewhere, read at each scrape. */
import type { Sequencer } from '../capture/sequencer.ts';
import type { Config } from '../config/config.ts';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Replica } from '../replica/replica.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface ScrapeParts {
  readonly config: Config;
  readonly version: string;
  readonly health: Health;
  readonly log: ChangeLog;
  readonly store: TupleStore | undefined;
  readonly replica: Replica | undefined;
  readonly sequencer: Sequencer | undefined;
}

export function readAtScrape(metrics: Metrics, parts: ScrapeParts): void {
  readLog(metrics, parts.log);
  const { config, version, health, sequencer, store, replica } = parts;
  const who = [version, config.role, config.edgeId, config.nodeId];
  metrics.read('rsfga_info', () => [{ labels: who, value: 1 }]);
  metrics.read('rsfga_health', () => ['healthy', 'degraded', 'unhealthy'].indexOf(health.report().state));
  metrics.read('rsfga_health_condition', () =>
    health.report().conditions.map(({ name }) => ({ labels: [name], value: 1 })),
  );
  metrics.read('rsfga_unpublished_transactions', () => sequencer?.waiting() ?? 0);
  metrics.read('rsfga_lease_held', () => (sequencer?.holds() ? 1 : 0));
  metrics.read('rsfga_followed_stores', () => sequencer?.followed() ?? 0);
  if (store && replica) readStores(metrics, store, replica);
}

function readLog(metrics: Metrics, log: ChangeLog): void {
  const figures = () => log.figures();
  metrics.read('nats_connected', () => (log.link().link === 'connected' ? 1 : 0));
  metrics.read('nats_messages_received_total', () => figures().received);
  metrics.read('nats_messages_published_total', () => figures().published);
  metrics.read('nats_pending_messages', () => figures().pending);
  metrics.read('nats_consumer_lag', () => figures().consumerLag);
  metrics.read('jetstream_stream_messages', () => figures().streamMessages);
  metrics.read('jetstream_stream_bytes', () => figures().streamBytes);
  metrics.read('jetstream_consumer_pending', () => figures().consumerLag);
  metrics.read('jetstream_consumer_ack_total', () => figures().acks);
  metrics.read('jetstream_consumer_nak_total', () => figures().naks);
  metrics.read('rsfga_garbage_messages_total', () => figures().garbage);
}

function readStores(metrics: Metrics, store: TupleStore, replica: Replica): void {
  const each = (value: (storeId: string) => number) => () =>
    replica.tracks().map(({ storeId }) => ({ labels: [storeId], value: value(storeId) }));
  metrics.read(
    'rsfga_staleness_seconds',
    each((id) => replica.ageMs(id) / 1000),
  );
  metrics.read(
    'rsfga_store_tuples',
    each((id) => store.count(id)),
  );
  metrics.read(
    'rsfga_store_revision',
    each((id) => replica.track(id)?.head.revision ?? 0),
  );
  metrics.read(
    'rsfga_store_complete',
    each((id) => (replica.track(id)?.phase === 'complete' ? 1 : 0)),
  );
  metrics.read('rsfga_store_bytes', () => store.bytes());
}
