import { expect, test } from 'vitest';
import { silentLog } from '../../src/plugin/log.ts';
import { openBreakers } from '../../src/sidecar/breakers.ts';
import { createHealth } from '../../src/telemetry/health.ts';
import { FAILURES_IN_A_ROW } from '../../src/upstream/breaker.ts';
import { handClock } from '../support/hand-clock.ts';

test('an upstream that has its rest is a condition, until all of them answer again', () => {
  const health = createHealth();
  const breakersOf = openBreakers({ clock: handClock(), logger: silentLog, health });
  const http = breakersOf('http', true);
  const grpc = breakersOf('grpc', false);
  for (const breaker of [http.primary, grpc.upstream])
    for (let n = 0; n < FAILURES_IN_A_ROW; n += 1) breaker.failed('timeout');
  expect(health.report().conditions).toMatchObject([
    { name: 'upstream', reason: 'No answer from the primary over http, upstream over grpc.' },
  ]);
  http.primary.succeeded();
  expect(health.report().state).toBe('degraded');
  grpc.primary.succeeded();
  expect(health.report().state).toBe('healthy');
});
