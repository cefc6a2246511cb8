const TLS =
  'Nothing is sent there. The code says why: another name (server_name), another authority (ca), or another certificate is wanted.';

/** What to look at first, by the name of a condition. The page and the terminal show it; docs/operations.md says more. */
export const ADVICE: Readonly<Record<string, string>> = {
  audit: '`rsfga-edge audit --config FILE` repairs what differs.',
  cache: 'Look at the Redis of the warm tier. Without it queries are forwarded; no answer is wrong.',
  capture: 'A defect: the log has the error. Nothing is lost, the walk publishes such Writes.',
  certificates: 'Look at the files that the reason names; the certificates before stay in use.',
  copy: 'Does the upstream answer this sidecar? Is upstream.api_token right? Until the copy is made, queries are forwarded.',
  credentials:
    'Set auth.method and its keys or issuer as at the upstream, or auth.allow_unauthenticated: true. Until then every query is forwarded.',
  disconnected:
    'Look at NATS. Queries are answered up to max_staleness, then as on_stale says; no Write is lost.',
  follow:
    'Look at NATS: its stream, and what this user may read. Queries are answered up to max_staleness, then as on_stale says.',
  freshness:
    'Look at the page of the central sidecar: does it run, on the same NATS, and does its OpenFGA answer? Until then on_stale decides.',
  'issuer-tls': TLS,
  lag: 'It catches up by itself. If the number grows, the disk of this sidecar is too slow.',
  lease:
    'Is a central sidecar running, and may its NATS user reach the bucket of the lease? No Write is lost meanwhile.',
  'local-fault':
    'A defect: the log has the error. Such queries are forwarded and cost time, no answer is wrong.',
  'primary-tls': TLS,
  products:
    'Correct the products and apply them again; `rsfga-edge products check FILE` lists every mistake.',
  publish: 'Look at NATS and its stream. No Write is lost: the walk publishes them later.',
  registry: 'Look at the file, or at the bucket in NATS.',
  shadow: 'Keep the file that is named, then run `rsfga-edge audit --config FILE`.',
  snapshots:
    'Look at the bucket of the snapshots in NATS and its size. New edges read the primary meanwhile.',
  stores:
    'Does the upstream answer this sidecar? Is upstream.api_token right? What is kept already is answered; other queries are forwarded.',
  tier: 'The log names what the tier from outside did. Its queries are forwarded; no answer is wrong.',
  'unknown-store':
    'Correct the id in the products, or make the store. Its queries are forwarded; the other stores do not suffer.',
  upstream: 'Look at the upstream, and at the way there. What cannot be answered here gets 503 until then.',
  'upstream-tls': TLS,
  walk: 'Look at OpenFGA: does it answer this sidecar, with upstream.api_token? No committed Write is lost.',
};
