/** What the log lost while an edge that runs was cut off from it. Nothing is written afterwards that would show it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type NatsChangeLog, openNatsChangeLog } from '../../plugins/changelog/nats.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { operatorOf } from '../plugins/changelog/nats-fixture.ts';
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
import { startCutLine } from '../support/cut-line.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';
import { type Nats, serversAvailable, startNats } from '../support/servers.ts';

describe.skipIf(!serversAvailable())('an edge that was cut off while it ran', () => {
  const ends: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    await stopAll();
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function open(url: string, id: string, publishes: boolean): Promise<NatsChangeLog> {
    const log = await openNatsChangeLog({
      ...{ servers: [url], stream: 'RSFGA_CHANGES', replicas: 1, edgeId: id, nodeId: id, publishes },
      ...{ clock: systemClock, log: silentLog },
    });
    ends.push(() => log.close());
    return log;
  }

  /** A centre, and an edge on a line of its own that holds what the upstream holds. */
  async function street(nats: Nats) {
    const line = await startCutLine(nats.port);
    ends.push(() => line.close());
    const upstream = createOrderedUpstream();
    const log = await open(nats.url, 'centre', true);
    const sequencer = centre(upstream, log);
    const one = await edge(upstream, await open(`nats://127.0.0.1:${line.port}`, 'cut-off', false));
    await until(() => complete(one), 'complete', 20_000);
    await writeThrough(sequencer, upstream, { writes: [tuple(1)] });
    await until(() => same(one, upstream), 'the first Write', 10_000);
    return { line, upstream, log, sequencer, one };
  }

  test('copies a store again whose changes were trimmed meanwhile', async () => {
    const nats = await startNats();
    ends.push(() => nats.stop());
    const { line, upstream, sequencer, one } = await street(nats);
    line.cut('closed');
    await writeThrough(sequencer, upstream, { deletes: [tuple(1)] });
    await operatorOf(nats.url).purge();
    line.heal();
    await until(() => complete(one) && same(one, upstream), 'the revocation is here', 40_000);
    await until(() => one.replica.ageMs(STORE) < 2_000, 'young', 10_000);
  });

  test('copies a store again whose last revision the log forgot, so that the sequencer begins another history', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'overdue-'));
    ends.push(async () => rmSync(folder, { recursive: true, force: true }));
    const storeDir = join(folder, 'live');
    let nats = await startNats({ storeDir });
    ends.push(() => nats.stop());
    const { line, upstream, log, sequencer, one } = await street(nats);
    const { port } = nats;
    line.cut('closed');
    await nats.stop();
    cpSync(storeDir, join(folder, 'copy'), { recursive: true });
    nats = await startNats({ storeDir, port });
    await until(() => log.writer.reachable() && sequencer.holds(), 'the centre publishes', 20_000);
    await writeThrough(sequencer, upstream, { deletes: [tuple(1)] });
    await nats.stop();
    rmSync(storeDir, { recursive: true });
    cpSync(join(folder, 'copy'), storeDir, { recursive: true });
    nats = await startNats({ storeDir, port });
    await until(() => log.writer.reachable() && sequencer.holds(), 'the centre publishes', 20_000);
    line.heal();
    await until(() => complete(one) && same(one, upstream), 'the revocation is here', 40_000);
    expect(one.resyncs.length).toBeGreaterThan(1);
    await until(() => one.replica.ageMs(STORE) < 2_000, 'young', 10_000);
  });
});
