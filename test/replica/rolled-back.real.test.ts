import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openNatsChangeLog } from '../../plugins/changelog/nats.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import {
  centre,
  complete,
  edge,
  STORE,
  same,
  stopAll,
  tuple,
  until,
  writeThrough,
} from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';
import { serversAvailable, startNats } from '../support/servers.ts';

describe.skipIf(!serversAvailable())(
  'a nats-server that lost its last messages, as a power cut may do',
  () => {
    const logs: ChangeLog[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'rolled-back-'));

    afterEach(async () => {
      await stopAll();
      await Promise.all(logs.map((log) => log.close()));
      rmSync(folder, { recursive: true, force: true });
    });

    async function open(url: string, id: string, publishes = false): Promise<ChangeLog> {
      const log = await openNatsChangeLog({
        servers: [url],
        stream: 'RSFGA_CHANGES',
        replicas: 1,
        edgeId: id,
        nodeId: id,
        publishes,
        clock: systemClock,
        log: silentLog,
      });
      logs.push(log);
      return log;
    }

    test('is another history: edges copy again, the one that saw the lost part and the one that did not', async () => {
      const storeDir = join(folder, 'live');
      const copy = join(folder, 'copy');
      let nats = await startNats({ storeDir });
      const { port, url } = nats;
      const upstream = createOrderedUpstream();
      const log = await open(url, 'centre', true);
      const sequencer = centre(upstream, log);
      const connected = await edge(upstream, await open(url, 'connected'));
      const away = await edge(upstream, await open(url, 'away'));
      await until(() => complete(connected) && complete(away), 'both complete', 20_000);
      await writeThrough(sequencer, upstream, { writes: [tuple(1)] });
      await until(() => same(connected, upstream) && same(away, upstream), 'the first Write', 10_000);
      await away.stop();
      await nats.stop();
      cpSync(storeDir, copy, { recursive: true });
      nats = await startNats({ storeDir, port });
      await until(() => connected.replica.ageMs(STORE) < 1_500, 'connected again', 20_000);
      // A revoke and a grant, acknowledged and applied; then the log forgets both.
      await writeThrough(sequencer, upstream, { deletes: [tuple(1)] });
      await writeThrough(sequencer, upstream, { writes: [tuple(2)] });
      await until(() => same(connected, upstream), 'both are applied', 10_000);
      await nats.stop();
      rmSync(storeDir, { recursive: true });
      cpSync(copy, storeDir, { recursive: true });
      nats = await startNats({ storeDir, port });
      try {
        await until(
          () => log.writer?.reachable() === true && sequencer.holds(),
          'the centre publishes',
          20_000,
        );
        await writeThrough(sequencer, upstream, { writes: [tuple(4)] });
        const back = await edge(upstream, await open(url, 'away'), away.store);
        const fits = () =>
          complete(connected) && same(connected, upstream) && complete(back) && same(back, upstream);
        await until(fits, 'both edges hold what the upstream holds', 30_000);
        expect(connected.resyncs.length).toBeGreaterThan(1);
        expect(back.resyncs.length).toBeGreaterThan(0);
      } finally {
        await stopAll();
        await nats.stop();
      }
    });
  },
);
