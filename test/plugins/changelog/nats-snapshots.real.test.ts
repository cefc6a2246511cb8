import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NatsChangeLog } from '../../../plugins/changelog/nats.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import type { SnapshotInfo, SnapshotPlace } from '../../../src/plugin/snapshots.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf } from './nats-fixture.ts';

function info(name: string, more: Partial<SnapshotInfo> = {}): SnapshotInfo {
  const head = { epoch: ulid(), revision: 7, commitId: ulid() };
  const place = { logId: 'RSFGA_CHANGES@now', position: '12', checkpoint: 'token' };
  return { name, storeId: ulid(), head, ...place, tuples: 3, madeAtMs: 1, madeBy: 'one', ...more };
}

async function* bytes(...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield Buffer.alloc(size, size % 251);
}

async function read(place: SnapshotPlace, name: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of place.get(name, new AbortController().signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe.skipIf(!serversAvailable())('snapshots in a NATS Object Store', () => {
  let server: Nats;
  let log: NatsChangeLog;
  let place: SnapshotPlace;
  beforeAll(async () => {
    server = await startNats();
    log = await openLog(server.url, { snapshotBucket: 'SNAPS' });
    place = log.snapshots as SnapshotPlace;
  });
  afterAll(async () => {
    await log.close();
    await server.stop();
  });

  test('there are none before the first is written', async () => {
    expect(await place.list()).toEqual([]);
    await expect(read(place, 'nothing')).rejects.toThrow(/no snapshot/);
  });

  test('come back as they were written, whatever their size', async () => {
    const one = info('a.all.a', { objectTypes: ['document', 'folder'] });
    await place.put(one, bytes(5, 300_000, 1, 1_000_000));
    expect(await place.list()).toEqual([one]);
    const back = await read(place, one.name);
    expect(back.length).toBe(1_300_006);
    expect(back[0]).toBe(5);
  });

  test('under the same name, the new one replaces the old one', async () => {
    const later = info('a.all.a', { tuples: 4 });
    await place.put(later, bytes(10));
    expect(await place.list()).toEqual([later]);
    expect(await read(place, 'a.all.a')).toHaveLength(10);
  });

  test('one that could not be written to its end is not there, and what it left is removed', async () => {
    const broken = (async function* () {
      yield Buffer.alloc(300_000);
      throw new Error('the disk failed');
    })();
    await expect(place.put(info('b.all.a'), broken)).rejects.toThrow('the disk failed');
    expect((await place.list()).map(({ name }) => name)).toEqual(['a.all.a']);
  });

  test('a damaged one is an error while it is read', async () => {
    const one = info('c.all.a');
    await place.put(one, bytes(400_000));
    await operatorOf(server.url).damageObject('SNAPS', one.name);
    await expect(read(place, one.name)).rejects.toThrow(/corrupt|digest|stopped coming/i);
  }, 30_000);

  test('are removed for good', async () => {
    await place.remove('a.all.a');
    await place.remove('never.there');
    expect((await place.list()).map(({ name }) => name)).not.toContain('a.all.a');
  });

  test('while NATS is away, the list is an error', async () => {
    const other = await startNats();
    const cut = await openLog(other.url, { snapshotBucket: 'SNAPS' });
    await other.stop();
    for (let n = 0; n < 200 && cut.link().link === 'connected'; n += 1) await systemClock.sleep(25);
    await expect((cut.snapshots as SnapshotPlace).list()).rejects.toThrow(/not connected/);
    await cut.close();
  });
});
