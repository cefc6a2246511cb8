/** What a sidecar that may publish works with, in every term. */
import type { ChangeLog, ChangeLogWriter } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { Upstream } from '../plugin/upstream.ts';
import type { SequencerEvents } from './captured.ts';
import type { KeyLocks } from './key-locks.ts';

export interface FleetParts {
  readonly log: ChangeLog;
  readonly writer: ChangeLogWriter;
  readonly upstream: Upstream;
  readonly locks: KeyLocks;
  readonly clock: Clock;
  readonly nodeId: string;
  readonly intervalMs: number;
  readonly overlapMs: number;
  /** Requests per second that walks of idle stores may use. */
  readonly maxRps: number;
  readonly listEveryMs?: number;
  readonly events: SequencerEvents & {
    /** Walking or publishing fails, or works again (`undefined`). */
    trouble(error: unknown): void;
  };
  readonly logger: Log;
}
