import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { SnapshotInfo } from '../plugin/snapshots.ts';
import type { Upstream } from '../plugin/upstream.ts';
import type { Ledger } from './ledger.ts';

export interface BootstrapParts {
  readonly log: ChangeLog;
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Log;
  /** A copy began with a snapshot, or could not. */
  snapshot(what: 'used' | 'refused', info: SnapshotInfo, error?: unknown): void;
}
