/** What becomes of messages that were pulled for by somebody who does not take them any more. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { openNatsLink } from '../../../plugins/changelog/nats-connect.ts';
import { createFollower } from '../../../plugins/changelog/nats-follow.ts';
import { type ChangeStream, createChangeStream } from '../../../plugins/changelog/nats-stream.ts';
import type { ChangeLog } from '../../../src/plugin/changelog.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import { silentLog } from '../../../src/plugin/log.ts';
import { GUEST_DOMAIN } from '../../../src/topology/login.ts';
import { serverConfs, variablesIn } from '../../../src/topology/server-conf.ts';
import { parseTopology } from '../../../src/topology/topology.ts';
import { createChain, readUntil, tuple } from '../../contract/changelog-chain.ts';
import { freePort, temporaryFolder } from '../../support/children.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf, STREAM } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())('a reader whose consumer could not be brought to its place', () => {
  let server: Nats;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  test.each(['stream', 'consumer'])(
    'reads on without a hole and without a complaint: what the reader before it pulled for goes to nobody else (%s)',
    async (where) => {
      const central = await openLog(server.url);
      const link = openNatsLink({ servers: [server.url] }, 'parked', systemClock, silentLog);
      onTestFinished(async () => {
        await Promise.all([central.close(), link.close()]);
      });
      const edgeId = ulid();
      const stream = createChangeStream(link, { stream: STREAM, replicas: 1, publishes: false }, silentLog);
      let failures = 0;
      const fail = () => {
        if (failures === 0) return;
        failures -= 1;
        throw new Error('no answer in time');
      };
      const failing: ChangeStream = {
        async info() {
          if (where === 'stream') fail();
          return stream.info();
        },
        async api() {
          if (where === 'consumer') fail();
          return stream.api();
        },
      };
      const follower = createFollower({
        ...{ link, stream: failing, streamName: STREAM, edgeId, publishes: false },
        ...{ inboxPrefix: undefined, clock: systemClock, log: silentLog },
      });
      const log: ChangeLog = { ...central, reader: follower };
      const chain = createChain(ulid());
      const filters = [{ storeId: chain.storeId }];
      await chain.append(central.writer, { writes: [tuple('doc:1')] });
      const [, commit] = await readUntil(log, { after: '', filters }, (all) => all.length === 2);
      const after = commit?.position ?? '';
      const first = Number(after) + 1;
      failures = 1;
      const reading = readUntil(log, { after, filters }, (all) => all.length === 40);
      await expect
        .poll(() =>
          operatorOf(server.url)
            .consumer(edgeId)
            .then((info) => info.num_waiting),
        )
        .toBe(1);
      for (let at = 0; at < 20; at += 1)
        await chain.append(central.writer, { writes: [tuple(`doc:${at + 2}`)] });
      expect((await reading).map(({ position }) => Number(position))).toEqual(
        Array.from({ length: 40 }, (_, at) => at + first),
      );
      expect(link.state()).toEqual({ link: 'connected' });
    },
  );
});

describe.skipIf(!serversAvailable())('an edge in an account of its own that starts again at once', () => {
  test.each(['at the hub', 'behind a leaf node'])(
    '%s misses nothing of what the process before it had pulled for',
    async (where) => {
      const chain = createChain(ulid());
      const leafPort = await freePort();
      const topology = parseTopology(
        stringify({
          hub: {
            store_dir: temporaryFolder('hub'),
            servers: [{ name: 'hub', client: '127.0.0.1:4222', leafnodes: `127.0.0.1:${leafPort}` }],
          },
          leaves: [{ name: 'site' }],
          centrals: [{ user: 'central' }],
          products: [{ id: 'one', stores: [chain.storeId] }],
          edges: [{ id: 'far', products: ['one'], ...(where === 'at the hub' ? {} : { at: 'site' }) }],
        }),
      );
      const [hubConf = '', leafConf = ''] = serverConfs(topology, 'fleet.yaml').map(({ text }) => text);
      const env = Object.fromEntries(
        [...variablesIn(hubConf), ...variablesIn(leafConf)].map((name) => [
          name,
          name.endsWith('URL') ? `nats-leaf://leaf-site:secret@127.0.0.1:${leafPort}` : 'secret',
        ]),
      );
      const hub = await startNats({ config: hubConf, env });
      const leaf = await startNats({ config: leafConf, env });
      const login = (user: string) => ({ user, password: 'secret', inboxPrefix: `_INBOX_${user}` });
      const central = await openLog(hub.url, login('central'));
      const far = { ...login('far'), domain: GUEST_DOMAIN, edgeId: 'far', publishes: false };
      const openEdge = () => openLog(where === 'at the hub' ? hub.url : leaf.url, far);
      const before = await openEdge();
      onTestFinished(async () => {
        await central.close();
        await Promise.all([hub.stop(), leaf.stop()]);
      });
      const filters = [{ storeId: chain.storeId }];
      await chain.append(central.writer, { writes: [tuple('doc:1')] });
      await expect.poll(() => before.reader.state().then(() => '', String), { timeout: 20_000 }).toBe('');
      await readUntil(before, { after: '', filters }, (all) => all.length === 2);
      await before.close();
      const after = await openEdge();
      onTestFinished(() => after.close());
      const reading = readUntil(after, { after: '2', filters }, (all) => all.length >= 4, 20_000);
      // Both wait: the server does not know that one of them is gone. On a slow machine it may have given that one up already.
      const waiting = () => waitingFor(hub.url);
      await expect
        .poll(waiting, { timeout: 4_000 })
        .toBe(2)
        .catch(() => expect(waiting()).resolves.toBe(1));
      for (const object of ['doc:2', 'doc:3'])
        await chain.append(central.writer, { writes: [tuple(object)] });
      expect((await reading).map(({ position }) => position)).toEqual(['3', '4', '5', '6']);
    },
  );
});

/** How many pulls for the edge's consumer the server means to serve. */
async function waitingFor(url: string): Promise<number> {
  const nc = await connect({ servers: url, user: 'central', pass: 'secret', inboxPrefix: '_INBOX_central' });
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const { num_waiting: waiting } = await jsm.consumers.info(STREAM, 'edge-far');
  await nc.close();
  return waiting;
}
