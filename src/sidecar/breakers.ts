/** The breakers of the request street, and what the operator hears of them. */
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { Health } from '../telemetry/health.ts';
import { type Breakers, createBreaker } from '../upstream/breaker.ts';

export interface BreakersParts {
  readonly clock: Clock;
  readonly logger: Log;
  readonly health: Health;
}

/** One for each port: a server may answer on one of them and not on the other. */
export function openBreakers({ clock, logger, health }: BreakersParts) {
  const resting = new Set<string>();

  function turned(wire: 'http' | 'grpc', server: string, state: 'open' | 'closed'): void {
    const where = `${server} over ${wire}`;
    if (state === 'open') {
      resting.add(where);
      logger.warn(
        { wire, server },
        'the upstream does not answer: queries are refused at once, one tries each second',
      );
    } else {
      resting.delete(where);
      logger.info({ wire, server }, 'the upstream answers again');
    }
    if (resting.size === 0) health.clear('upstream');
    else health.raise('upstream', 'degraded', `No answer from the ${[...resting].join(', ')}.`);
  }

  return (wire: 'http' | 'grpc', replica: boolean): Breakers => {
    const breaker = (server: string) =>
      createBreaker({ clock, turned: (state) => turned(wire, server, state) });
    const upstream = breaker('upstream');
    return { upstream, primary: replica ? breaker('primary') : upstream };
  };
}
