/** Logging in, private replies, and bytes from strangers on the control subject. */
import { ulid } from 'ulid';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UnreadableHeadError } from '../../../src/plugin/changelog.ts';
import { createChain, readUntil, tuple } from '../../contract/changelog-chain.ts';
import { serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf } from './nats-fixture.ts';

const USERS = `
  jetstream {}
  authorization { users: [
    { user: central, password: secret }
    { user: edge, password: secret, permissions: {
      publish: [ "$JS.API.STREAM.INFO.RSFGA_CHANGES", "$JS.API.DIRECT.GET.RSFGA_CHANGES.rsfga.changes.*.tx.>",
        "$JS.API.DIRECT.GET.RSFGA_CHANGES.rsfga.changes.*.model.>",
        "$JS.API.CONSUMER.*.RSFGA_CHANGES.edge-tokyo", "$JS.API.CONSUMER.MSG.NEXT.RSFGA_CHANGES.edge-tokyo",
        "$JS.API.CONSUMER.DURABLE.CREATE.RSFGA_CHANGES.edge-tokyo", "$JS.ACK.RSFGA_CHANGES.edge-tokyo.>",
        "rsfga.control.barrier" ]
      subscribe: [ "_INBOX_tokyo.>" ] } } ] }`;

describe.skipIf(!serversAvailable())('access to NATS', () => {
  it('is by user and password, and a wrong one shows in the link', async () => {
    const server = await started();
    const wrong = await openLog(server.url, { user: 'central', password: 'guess', openTimeoutMs: 500 });
    onTestFinished(() => wrong.close());
    expect(wrong.link()).toMatchObject({
      link: 'disconnected',
      error: expect.stringMatching(/authorization/i),
    });
    const right = await openLog(server.url, { user: 'central', password: 'secret' });
    onTestFinished(() => right.close());
    await createChain(ulid()).append(right.writer, { writes: [tuple('doc:1')] });
  });

  it('suffices for an edge with its own consumer and its own replies only', async () => {
    const server = await started();
    const central = await openLog(server.url, { user: 'central', password: 'secret' });
    const edge = await openLog(server.url, {
      ...{ user: 'edge', password: 'secret', inboxPrefix: '_INBOX_tokyo' },
      ...{ edgeId: 'tokyo', publishes: false },
    });
    onTestFinished(() => Promise.all([central.close(), edge.close()]).then(() => {}));
    central.control.serve(async () => ({ heads: {} }));
    const chain = createChain(ulid());
    await chain.append(central.writer, { writes: [tuple('doc:1')] });
    const filters = [{ storeId: chain.storeId }];
    expect(await readUntil(edge, { after: '', filters }, (all) => all.length === 2)).toHaveLength(2);
    expect((await edge.reader.head(chain.storeId))?.head).toEqual(chain.head());
    expect(await edge.control.ask({ ask: 'barrier', storeIds: [] }, 5_000)).toEqual({ heads: {} });
    await expect(edge.writer.append(chain.anchor(), chain.fence())).rejects.toThrow();
  });

  it('has one spoilt head be one store’s own trouble, where the leader may not be asked', async () => {
    const server = await started();
    const central = await openLog(server.url, { user: 'central', password: 'secret' });
    const edge = await openLog(server.url, {
      ...{ user: 'edge', password: 'secret', inboxPrefix: '_INBOX_tokyo' },
      ...{ edgeId: 'tokyo', publishes: false },
    });
    onTestFinished(() => Promise.all([central.close(), edge.close()]).then(() => {}));
    const [spoilt, sound] = [createChain(ulid()), createChain(ulid())];
    for (const chain of [spoilt, sound]) await chain.append(central.writer, { writes: [tuple('doc:1')] });
    await operatorOf(server.url, { user: 'central', pass: 'secret' }).putGarbage(spoilt.storeId);
    await expect(edge.reader.head(spoilt.storeId)).rejects.toThrow(UnreadableHeadError);
    expect((await edge.reader.head(sound.storeId))?.head).toEqual(sound.head());
  });

  it('lets no stranger stop the sequencer with what is no question', async () => {
    const server = await startNats();
    onTestFinished(() => server.kill());
    const log = await openLog(server.url);
    onTestFinished(() => log.close());
    let asked = 0;
    log.control.serve(async () => {
      asked += 1;
      return { heads: {} };
    });
    await log.control.ask({ ask: 'barrier', storeIds: [] }, 5_000);
    const operator = operatorOf(server.url);
    for (const payload of ['', 'no json', '{"ask":"shutdown"}', `["${'x'.repeat(200_000)}"]`])
      expect(await operator.ask('rsfga.control.barrier', payload)).not.toContain('heads');
    expect(await log.control.ask({ ask: 'barrier', storeIds: [] }, 5_000)).toEqual({ heads: {} });
    expect(asked).toBe(2);
  });
});

async function started() {
  const server = await startNats({ config: USERS });
  onTestFinished(() => server.kill());
  return server;
}
