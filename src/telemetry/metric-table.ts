/** Every metric of the project, once: docs/reference/metrics.md and the registry come from here. */

export interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, seconds. */
  readonly buckets?: readonly number[];
}

/** From a local answer (tens of microseconds) to a forward that timed out. */
const REQUEST_BUCKETS = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10,
] as const;

/** From a change seen in the same rack to one that waited out an outage. */
const MESSAGE_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600,
] as const;

export const METRICS = {
  // NATS, under the names that RSFGA's edge architecture gives them
  nats_connected: gauge('1 while connected to the change log, 0 while not.'),
  nats_messages_received_total: counter('Messages taken from the change log.'),
  nats_messages_published_total: counter('Messages that the change log acknowledged to this sidecar.'),
  nats_message_latency_seconds: histogram(
    'From the commit at the centre until the change is in the local store. Two clocks: shows their skew too.',
    MESSAGE_BUCKETS,
  ),
  nats_pending_messages: gauge('Messages received and not yet in the local store.'),
  nats_consumer_lag: gauge(
    'Messages in the log that this follower has not received yet. Over 10000 is degraded.',
  ),
  jetstream_stream_messages: gauge('Messages in the stream.'),
  jetstream_stream_bytes: gauge('Bytes in the stream.'),
  jetstream_consumer_pending: gauge("Messages that the server still holds for this follower's consumer."),
  jetstream_consumer_ack_total: counter('Acknowledgements sent, each for everything up to a position.'),
  jetstream_consumer_nak_total: counter(
    'Negative acknowledgements sent. Stays 0: order is kept by retrying in place.',
  ),

  // the request street
  rsfga_served_total: counter('Query requests, by who answered: local, cache or upstream.', 'by'),
  rsfga_declined_total: counter('Queries of a local tier that were forwarded, by reason.', 'reason'),
  rsfga_cache_answers_total: counter(
    'Queries of warm stores, by outcome: hit, joined (the forward of another caller was waited for) or miss.',
    'outcome',
  ),
  rsfga_cache_stored_total: counter('Answers of the upstream that were remembered.'),
  rsfga_cache_refused_total: counter(
    'Answers that were not remembered, by reason: changed, gap, lag, model, cycle, truncated, dropped, error.',
    'reason',
  ),
  rsfga_cache_errors_total: counter('Failures of the store of remembered answers, each a miss.'),
  rsfga_plugin_tier_total: counter(
    'Queries that tiers from outside were asked, by tier and by what it did: answered, cached, declined, or a fault (threw, ' +
      'garbage, unproven, late, resting, deaf), which is forwarded.',
    'tier',
    'outcome',
  ),
  rsfga_shed_total: counter(
    'Requests refused because too many were under way, by what bounds them: limit, quota and rate (queries), writes, or bytes (of bodies).',
    'reason',
  ),
  rsfga_request_seconds: histogram(
    'From the request to the last byte of the answer, by method and by who answered.',
    REQUEST_BUCKETS,
    'method',
    'by',
  ),
  rsfga_forward_errors_total: counter('Requests that the upstream could not be asked, by reason.', 'reason'),

  // capture, at the centre
  rsfga_captured_total: counter('Committed writes that became changes, by kind: tuples or model.', 'kind'),
  rsfga_capture_undecodable_total: counter(
    'Committed writes that could not be decoded and were left to the walk.',
  ),
  rsfga_unpublished_transactions: gauge('Transactions that wait for the change log.'),
  rsfga_lease_held: gauge(
    '1 while this sidecar publishes. Over all sidecars of one change log it adds up to 1.',
  ),
  rsfga_handed_over_total: counter('Captured writes that another sidecar published for this one.'),
  rsfga_followed_stores: gauge('Stores whose changelog this sidecar walks.'),
  rsfga_publish_errors_total: counter('Attempts to publish that failed.'),
  rsfga_walks_total: counter("Walks of the upstream's changelog."),
  rsfga_walk_found_total: counter('Changes that a walk found and capture had not published.'),
  rsfga_doubtful_keys_total: counter(
    'Tuples whose outcome was in doubt and that were read again from the primary.',
  ),

  // the replica, at the edge
  rsfga_applied_transactions_total: counter('Transactions that became visible in the local store.'),
  rsfga_applied_tuples_total: counter('Tuples written or deleted in the local store.'),
  rsfga_apply_errors_total: counter('Changes that the local store refused.'),
  rsfga_resync_total: counter('Copies of a store begun, by reason.', 'reason'),
  rsfga_snapshots_total: counter(
    'Snapshots of stores, by what came of them: written, failed, used by a new copy, refused by one.',
    'outcome',
  ),
  rsfga_garbage_messages_total: counter('Messages that are no change, skipped.'),
  rsfga_staleness_seconds: gauge(
    'Age of the local data, measured by round trip. +Inf while unknown.',
    'store',
  ),
  rsfga_store_tuples: gauge('Tuples held locally.', 'store'),
  rsfga_store_revision: gauge('Revision that the local store is at.', 'store'),
  rsfga_store_complete: gauge('1 while the store is past its barrier and can be answered locally.', 'store'),
  rsfga_store_bytes: gauge('Bytes that the local store takes.'),

  // comparing with the upstream
  rsfga_shadow_total: counter(
    'Local answers that were also asked upstream, by outcome: same, explained, mismatch, undecided, unanswered or dropped.',
    'outcome',
  ),
  rsfga_audits_total: counter(
    'Audits of a store, by outcome: equal, repaired, differs, copied or skipped.',
    'outcome',
  ),
  rsfga_audit_differences_total: counter(
    'Differences from the upstream that audits found, by store, object type and kind: missing, extra, changed or model.',
    'store',
    'type',
    'kind',
  ),

  // certificates
  rsfga_tls_certificate_expiry_seconds: gauge(
    'Until the certificate in use expires, by its place in the YAML; below 0: it has.',
    'place',
  ),
  rsfga_tls_reloads_total: counter('Changed certificate files, by outcome: taken or refused.', 'outcome'),
  rsfga_tls_refused_total: counter('TLS handshakes of clients that failed, by listener.', 'listener'),

  // the sidecar itself
  rsfga_product_updates_total: counter(
    'Updates of the products from the registry, by outcome: taken or refused.',
    'outcome',
  ),
  rsfga_health: gauge('0 healthy, 1 degraded, 2 unhealthy.'),
  rsfga_health_condition: gauge('1 while the condition stands.', 'condition'),
  rsfga_info: gauge('Always 1; who this is.', 'version', 'role', 'edge', 'node'),
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;

type NamesOf<Kind extends MetricSpec['kind']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** One value for each label of the metric, in the table's order. */
export type LabelValues<Name extends MetricName> = TextFor<(typeof METRICS)[Name]['labels']>;

type TextFor<Labels extends readonly string[]> = { [Index in keyof Labels]: string };

function counter<const Labels extends readonly string[]>(help: string, ...labels: Labels) {
  return { kind: 'counter' as const, help, labels };
}

function gauge<const Labels extends readonly string[]>(help: string, ...labels: Labels) {
  return { kind: 'gauge' as const, help, labels };
}

function histogram<const Labels extends readonly string[]>(
  help: string,
  buckets: readonly number[],
  ...labels: Labels
) {
  return { kind: 'histogram' as const, help, labels, buckets };
}
