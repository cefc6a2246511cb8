/** Fits the metrics and the health to what happens on the two streets. */
import type { DeskEvents } from '../capture/desk.ts';
import type { FleetParts } from '../capture/fleet-parts.ts';
import type { HandOverEvents } from '../capture/hand-over.ts';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { LeaseState } from '../plugin/lease.ts';
import type { ProxyEvents } from '../proxy/events.ts';
import type { ReplicaEvents } from '../replica/replica.ts';
import { type Health, judgeLog } from '../telemetry/health.ts';
import type { Cell, Metrics } from '../telemetry/metrics.ts';
import type { Timing } from '../telemetry/timing.ts';

export interface Meters {
  readonly proxy: ProxyEvents;
  readonly sequencer: FleetParts['events'];
  readonly handOver: HandOverEvents;
  readonly desk: DeskEvents;
  readonly replica: ReplicaEvents;
  readonly snapshots: { written(): void; failed(error: unknown): void };
  /** Wall clock and error of the last trouble on the way to the upstream, for the status. */
  upstream(): { readonly reachable?: boolean; readonly lastError?: string };
  publishError(): unknown;
  lastPublishedAtMs(): number | undefined;
  lastWalkAtMs(): number | undefined;
  /** Looks at the log's link and lag; called every second. */
  judge(log: ChangeLog): void;
}

/** More than a lost answer, less than the default `max_staleness`. */
const SEQUENCER_GRACE_MS = 10_000;

export function createMeters(metrics: Metrics, health: Health, clock: Clock): Meters {
  let publishError: unknown;
  let publishedAtMs: number | undefined;
  let walkAtMs: number | undefined;
  let upstream: { reachable?: boolean; lastError?: string } = {};
  let silentSinceMs: number | undefined;

  const count = (cell: Cell, by = 1) => {
    cell.value += by;
  };
  const served = cached((by) => metrics.counter('rsfga_served_total', by));
  const declined = cached((reason) => metrics.counter('rsfga_declined_total', reason));
  const timings = new Map<string, Map<string, Timing>>();
  const captured = cached((kind) => metrics.counter('rsfga_captured_total', kind));
  const snapshots = cached((outcome) => metrics.counter('rsfga_snapshots_total', outcome));
  const applied = metrics.counter('rsfga_applied_transactions_total');
  const appliedTuples = metrics.counter('rsfga_applied_tuples_total');
  const travel = metrics.timing('nats_message_latency_seconds');

  function timing(method: string, by: string): Timing {
    const ofMethod = timings.get(method) ?? new Map<string, Timing>();
    timings.set(method, ofMethod);
    const one = ofMethod.get(by) ?? metrics.timing('rsfga_request_seconds', method, by);
    ofMethod.set(by, one);
    return one;
  }

  function answered(method: string, by: string, seconds: number): void {
    count(served(by));
    timing(method, by).observeMs(seconds * 1000);
  }

  return {
    proxy: {
      served: answered,
      forwarded(method, seconds) {
        if (upstream.reachable !== true) upstream = { reachable: true };
        if (method !== undefined) answered(method, 'upstream', seconds);
      },
      declined: (_method, reason) => count(declined(reason)),
      forwardFailed(fault) {
        // These say nothing of the upstream, or that it is there: a caller can bring them about.
        if (fault !== 'request' && fault !== 'dropped') upstream = { reachable: false, lastError: fault };
        count(metrics.counter('rsfga_forward_errors_total', fault));
      },
      shed: (_method, reason) => count(metrics.counter('rsfga_shed_total', reason)),
      localFault: () =>
        health.raise('local-fault', 'degraded', 'Answering locally failed; such queries are forwarded.'),
      captureFault: () =>
        health.raise('capture', 'degraded', 'Capturing a Write failed; the walk finds such Writes.'),
    },
    sequencer: {
      published(what, changes) {
        publishError = undefined;
        publishedAtMs = clock.wallMs();
        count(captured(what === 'model' ? 'model' : 'tuples'), changes);
      },
      found: (keys) => count(metrics.counter('rsfga_walk_found_total'), keys),
      trouble(error) {
        if (error === undefined) {
          walkAtMs = clock.wallMs();
          count(metrics.counter('rsfga_walks_total'));
          health.clear('walk');
        } else
          health.raise('walk', 'degraded', "The upstream's changelog cannot be walked or published.", error);
      },
    },
    handOver: {
      undecodable: () => count(metrics.counter('rsfga_capture_undecodable_total')),
      doubtful: () => count(metrics.counter('rsfga_doubtful_keys_total')),
      leftToWalk(error) {
        publishError = error;
        count(metrics.counter('rsfga_publish_errors_total'));
      },
    },
    desk: {
      heard() {
        publishError = undefined;
      },
      handedOver: () => count(metrics.counter('rsfga_handed_over_total')),
    },
    replica: {
      applied({ tuples, committedAtMs }) {
        count(applied);
        count(appliedTuples, tuples);
        travel.observeMs(clock.wallMs() - committedAtMs);
      },
      resync(_storeId, reason) {
        count(metrics.counter('rsfga_resync_total', reason));
        if (reason === 'refused') count(metrics.counter('rsfga_apply_errors_total'));
      },
      snapshot: (what) => count(snapshots(what)),
      trouble(what, error) {
        if (what === 'freshness') {
          silentSinceMs = error === undefined ? undefined : (silentSinceMs ?? clock.monoMs());
          if (silentSinceMs !== undefined && clock.monoMs() - silentSinceMs < SEQUENCER_GRACE_MS) return;
        }
        if (error === undefined) health.clear(what);
        else health.raise(what, 'degraded', TROUBLE[what], error);
      },
    },
    snapshots: {
      written() {
        count(snapshots('written'));
        health.clear('snapshots');
      },
      failed(error) {
        count(snapshots('failed'));
        health.raise('snapshots', 'degraded', 'A snapshot could not be written; it is tried again.', error);
      },
    },
    upstream: () => upstream,
    publishError: () => publishError,
    lastPublishedAtMs: () => publishedAtMs,
    lastWalkAtMs: () => walkAtMs,
    judge(log) {
      const link = log.link();
      judgeLease(health, log.sharing?.lease.state(), clock.wallMs());
      judgeLog(health, {
        disconnected: link.link === 'disconnected' ? { error: link.error } : undefined,
        consumerLag: log.figures().consumerLag,
        publishError,
      });
    },
  };
}

/** A change of the holder takes 6 s where the lease was not given back. */
const NO_HOLDER_GRACE_MS = 10_000;

function judgeLease(health: Health, state: LeaseState | undefined, nowMs: number): void {
  if (state?.lease === 'unknown' && nowMs - state.sinceMs > NO_HOLDER_GRACE_MS)
    health.raise('lease', 'degraded', 'Nothing is published: no sidecar has the lease.', state.error);
  else health.clear('lease');
}

const TROUBLE = {
  follow: 'The change log cannot be followed; it is tried again every second.',
  freshness: 'No sequencer answers, so the age of the local data grows.',
  copy: 'A store could not be copied; it is tried again every second.',
  'unknown-store': 'The products name a store that the upstream does not have.',
} as const;

function cached(make: (label: string) => Cell): (label: string) => Cell {
  const cells = new Map<string, Cell>();
  return (label) => {
    const known = cells.get(label);
    if (known) return known;
    const cell = make(label);
    cells.set(label, cell);
    return cell;
  };
}
