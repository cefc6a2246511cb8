/**
 * Every line of the permissions is needed: each is left out in its turn, and then something is refused that is not refused
 * with all of them. One short life of all logins is the measure (`line-by-line.ts`).
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { serversAvailable } from '../support/servers.ts';
import { allowLines, CONF } from './allow-lines.ts';
import { liveWith } from './line-by-line.ts';

/** Needed, and not shown by this measure: nats-server's second form of an acknowledgement is off by default (2.15). */
const NOT_SHOWN = [/\$JS\.ACK\.\*\.\*\./];

describe.skipIf(!serversAvailable())('each line of the permissions', () => {
  let refusedWithAll: ReadonlySet<string>;
  beforeAll(async () => {
    refusedWithAll = await liveWith(CONF);
  });

  const lines = allowLines(CONF).filter(({ subject }) => !NOT_SHOWN.some((one) => one.test(subject)));

  test('there are lines to leave out', () => {
    expect(lines.length).toBeGreaterThan(50);
  });

  test.each(lines)('is needed: $user $what $subject', async ({ at }) => {
    // In its place, since an empty list allows everything.
    const conf = CONF.split('\n').with(at, '"nothing"').join('\n');
    const refused = await liveWith(conf).then(
      (all) => [...all].filter((one) => !refusedWithAll.has(one)),
      (error: unknown) => [String(error)],
    );
    expect(refused).not.toEqual([]);
  });
});
