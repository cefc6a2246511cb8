/**
 * For what is tried again every second: in an outage of hours the same warning about the same store is a line once a
 * minute, with how often it was left out meanwhile (those are for `debug`).
 */
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';

const AGAIN_MS = 60_000;
/** Past it what was said before is forgotten: ids of stores can be invented. */
const MAX_REMEMBERED = 1_000;

interface Said {
  readonly atMs: number;
  leftOut: number;
}

export function calmLog(log: Log, clock: Clock): Log {
  const said = new Map<string, Said>();

  function warn(fields: object, message: string): void {
    const about = `${message} ${'store' in fields ? fields.store : ''}`;
    const before = said.get(about);
    if (before && clock.monoMs() - before.atMs < AGAIN_MS) {
      before.leftOut += 1;
      log.debug(fields, message);
      return;
    }
    if (said.size >= MAX_REMEMBERED) said.clear();
    said.set(about, { atMs: clock.monoMs(), leftOut: 0 });
    log.warn(before?.leftOut ? { ...fields, left_out: before.leftOut } : fields, message);
  }

  return {
    warn,
    info: (fields, message) => log.info(fields, message),
    error: (fields, message) => log.error(fields, message),
    debug: (fields, message) => log.debug(fields, message),
  };
}
