import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operatorOf } from '../plugins/changelog/nats-fixture.ts';
import { edgeYaml, eventually } from '../support/fleet.ts';
import { serversAvailable } from '../support/servers.ts';
import { companyStore, type Standing, startStanding, untilLocal } from './standing.ts';

describe.skipIf(!serversAvailable())('the name of an edge, between processes', () => {
  let standing: Standing;
  let storeId: string;

  beforeAll(async () => {
    standing = await startStanding();
    storeId = (await companyStore(standing, 'names')).storeId;
    await untilLocal(standing.edge, storeId);
  });
  afterAll(() => standing?.stop());

  test('a second process with the same edge_id ends and names the holder; the first goes on', async () => {
    const more = { edge_id: 'edge', node_id: 'the-copy' };
    const copy = await standing.fleet.start('copy', edgeYaml(standing.central.http, standing.nats.url, more));
    const words = await eventually(
      async () => copy.output(),
      (output) => output.includes('is held by another process'),
      30_000,
    );
    expect(words).toContain((await standing.edge.status()).nodeId);
    await expect(
      eventually(
        () =>
          copy.status().then(
            () => 'up',
            () => 'gone',
          ),
        (is) => is === 'gone',
        30_000,
      ),
    ).resolves.toBe('gone');
    expect((await standing.edge.status()).changelog.connected).toBe(true);
  });

  test('a process that was killed takes its name again at once', async () => {
    await standing.edge.kill();
    await standing.edge.restart();
    await untilLocal(standing.edge, storeId);
    expect(standing.edge.output()).not.toContain('is held by another process');
  });

  test('a message on rsfga.control.sync.{edge_id} has its stores copied again', async () => {
    const said = await operatorOf(standing.nats.url).ask('rsfga.control.sync.edge', '');
    expect(JSON.parse(said)).toEqual({ stores: [storeId] });
    const store = await eventually(
      async () => (await standing.edge.status()).products.flatMap(({ stores }) => stores).at(0),
      (one) => one?.phase === 'complete' && one.lastResync?.reason === 'requested',
      30_000,
    );
    expect(store?.storeId).toBe(storeId);
  });
});
