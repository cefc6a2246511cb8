/**
 * How the sidecar is, in words that an operator can act on: a list of conditions, each with its reason, since when, and
 * the last error. The worst one is the state. Forwarding goes on in every state; health never makes it unready.
 */

import { ADVICE } from './advice.ts';
import { errorText } from './error-text.ts';

export type Severity = 'degraded' | 'unhealthy';
export type HealthState = 'healthy' | Severity;

export interface Condition {
  /** Stable word, also a metric label: `disconnected`, `lag`, `publish`. */
  readonly name: string;
  readonly severity: Severity;
  readonly reason: string;
  /** Wall clock, ms: when it was first raised. */
  readonly sinceMs: number;
  readonly lastError?: string;
  /** What to look at first. */
  readonly advice?: string;
}

export interface PastCondition extends Condition {
  readonly clearedMs: number;
}

export interface HealthReport {
  readonly state: HealthState;
  /** Worst first, then oldest first. */
  readonly conditions: readonly Condition[];
  /** The last ones that ended, newest first. */
  readonly past: readonly PastCondition[];
}

export interface Health {
  /** Raising it again keeps `since` and renews the rest. */
  raise(name: string, severity: Severity, reason: string, error?: unknown): void;
  clear(name: string): void;
  report(): HealthReport;
}

/** The rule of RSFGA's edge architecture. */
export const LAG_LIMIT = 10_000;

const PAST_KEPT = 20;

export interface HealthOptions {
  /** Wall clock, ms. */
  readonly now?: () => number;
  /** Told of each condition that begins or ends, once. */
  readonly changed?: (condition: Condition, event: 'raised' | 'cleared') => void;
}

export function createHealth({ now = Date.now, changed }: HealthOptions = {}): Health {
  const standing = new Map<string, Condition>();
  const past: PastCondition[] = [];
  return {
    raise(name, severity, reason, error) {
      const known = standing.get(name);
      const lastError = error === undefined ? known?.lastError : errorText(error);
      const sinceMs = known?.sinceMs ?? now();
      const advice = ADVICE[name];
      const condition = {
        name,
        severity,
        reason,
        sinceMs,
        ...(lastError === undefined ? {} : { lastError }),
        ...(advice === undefined ? {} : { advice }),
      };
      standing.set(name, condition);
      if (known?.severity !== severity) changed?.(condition, 'raised');
    },
    clear(name) {
      const known = standing.get(name);
      if (known === undefined) return;
      standing.delete(name);
      past.unshift({ ...known, clearedMs: now() });
      past.length = Math.min(past.length, PAST_KEPT);
      changed?.(known, 'cleared');
    },
    report() {
      const conditions = [...standing.values()].sort(worstFirst);
      return { state: conditions[0]?.severity ?? 'healthy', conditions, past: [...past] };
    },
  };
}

export interface LogSigns {
  /** Undefined while connected. */
  readonly disconnected: { readonly error: string } | undefined;
  readonly consumerLag: number;
  /** The last failure to publish that still stands. */
  readonly publishError: unknown;
}

/** The three conditions that every sidecar with a change log watches (design section 7). */
export function judgeLog(health: Health, signs: LogSigns): void {
  const { disconnected, consumerLag, publishError } = signs;
  if (disconnected === undefined) health.clear('disconnected');
  else health.raise('disconnected', 'degraded', 'The change log cannot be reached.', disconnected.error);

  const lag = `The follower is ${consumerLag} messages behind (limit ${LAG_LIMIT}).`;
  if (consumerLag > LAG_LIMIT) health.raise('lag', 'degraded', lag);
  else health.clear('lag');

  if (publishError === undefined) health.clear('publish');
  else
    health.raise(
      'publish',
      'degraded',
      'Changes are not being published; they are kept and follow.',
      publishError,
    );
}

function worstFirst(a: Condition, b: Condition): number {
  if (a.severity !== b.severity) return a.severity === 'unhealthy' ? -1 : 1;
  return a.sinceMs - b.sinceMs;
}
