/** Conditions in the log, when they begin and when they end: whoever was not looking at the page can read them up. */
import type { Log } from '../plugin/log.ts';
import type { HealthOptions } from '../telemetry/health.ts';

export function logConditions(logger: Log, nowMs: () => number): NonNullable<HealthOptions['changed']> {
  return ({ name, severity, reason, lastError, advice, sinceMs }, event) => {
    if (event === 'cleared')
      return logger.info({ condition: name, lasted_ms: nowMs() - sinceMs }, `over: ${reason}`);
    const error = lastError === undefined ? {} : { error: lastError };
    logger.warn(
      { condition: name, ...error, ...(advice === undefined ? {} : { advice }) },
      `${severity}: ${reason}`,
    );
  };
}
