import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { GUEST_API } from '../../src/topology/login.ts';
import { allowed, call, check, expectStatus, type StoreIds, write } from '../support/api.ts';
import { eventually, type Sidecar } from '../support/fleet.ts';
import { serversAvailable, startNats } from '../support/servers.ts';
import { ANSWER_MS, outcome } from './attempt.ts';
import { ADMIN_TOKEN, type LimitedFleet, passwordOf, STREAM, startLimitedFleet } from './limited-fleet.ts';
import { ATTEMPTS, DEPUTIES, ELSEWHERE } from './refusals.ts';

const ANNE = { user: 'user:anne', relation: 'owner', object: 'document:one' };
/** JetStream's calls as they are imported into the accounts of those who are no centrals. */
const GUEST = { checkAPI: false, apiPrefix: GUEST_API };

describe.skipIf(!serversAvailable())('logins that rsfga-edge nats-config makes', () => {
  let all: LimitedFleet;
  beforeAll(async () => {
    all = await startLimitedFleet();
    await Promise.all([all.tokyo.synced(), all.london.synced()]);
  });
  afterAll(() => all?.stop());

  async function login(user: string, url?: string): Promise<NatsConnection> {
    const connection = await all.as(user, url);
    onTestFinished(() => connection.close());
    return connection;
  }

  const places = () => [
    { edge: all.tokyo, store: all.a },
    { edge: all.london, store: all.b },
  ];

  test('are enough for a Write at the centre to reach an edge at the hub and one behind a leaf node', async () => {
    for (const { edge, store } of places())
      expect([edge.name, await writtenAndSeen(all, edge, store)]).toEqual([edge.name, [true, 'local']]);
  });

  test('are enough for one edge to write snapshots, and for another to start from them behind its leaf node', async () => {
    const archive = await all.startArchive();
    await archive.synced();
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    await expectStatus(200, call(archive.admin, '/admin/snapshot', { method: 'POST', headers, body: {} }));
    await archive.terminate();
    await all.london.terminate();
    all.london.emptyStore();
    await all.london.restart();
    await all.london.synced();
    expect(all.london.output()).toMatch(/a store begins from a snapshot/);
    expect(await writtenAndSeen(all, all.london, all.b)).toEqual([true, 'local']);
  });

  test('are enough for an operator to have stores copied again, also behind a leaf node', async () => {
    const operator = await login('ops');
    for (const { edge } of places()) {
      operator.publish(`rsfga.control.sync.${edge.name}`);
      await operator.flush();
      await expect.poll(() => edge.output(), { timeout: 10_000 }).toMatch(/"reason":"requested"/);
      await edge.synced();
    }
  });

  test('are enough for monitoring to see how far each edge is', async () => {
    const manager = await jetstreamManager(await login('monitor'), GUEST);
    expect((await manager.streams.info(STREAM)).state.messages).toBeGreaterThan(0);
    const names = await manager.consumers.list(STREAM).next();
    expect(names.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining(['edge-london', 'edge-tokyo']),
    );
    expect((await manager.consumers.info(STREAM, 'edge-london')).num_pending).toBe(0);
  });

  test('give each edge a consumer for what the topology gives it, and nothing else', async () => {
    const manager = await jetstreamManager(await login('monitor'), GUEST);
    const filters = async (edge: string) => {
      const { config } = await manager.consumers.info(STREAM, `edge-${edge}`);
      return config.filter_subjects ?? [config.filter_subject];
    };
    const [a, b] = [all.a.storeId, all.b.storeId];
    expect(await filters('tokyo')).toEqual([`rsfga.changes.${a}.>`]);
    expect([...(await filters('london'))].sort()).toEqual(
      ['delete.document', 'model.>', 'tx.>', 'write.document'].map((tail) => `rsfga.changes.${b}.${tail}`),
    );
  });

  test.each(ATTEMPTS.map((attempt) => [attempt.who, attempt.tried, attempt] as const))(
    'refuse %s: %s',
    async (who, _tried, attempt) => {
      const connection = await login(who, who === 'london' ? all.leaf.url : undefined);
      const stores = { a: all.a.storeId, b: all.b.storeId };
      for (const subject of attempt.subjects(stores))
        expect([subject, await outcome(connection, attempt, subject, attempt.payload?.(stores))]).toEqual([
          subject,
          'refused',
        ]);
    },
  );

  test.each(DEPUTIES)('let nobody have %s send its answer elsewhere', async (_what, subject, payload) => {
    const tokyo = await login('tokyo');
    const stores = { a: all.a.storeId, b: all.b.storeId };
    const before = await stateOf(all);
    for (const reply of ELSEWHERE(stores)) tokyo.publish(subject(stores), payload(stores), { reply });
    await tokyo.flush();
    // What would have been sent is there before what is asked for after it.
    await tokyo.request('rsfga.control.barrier', '{"ask":"barrier","storeIds":[]}', { timeout: 10_000 });
    expect(await stateOf(all)).toEqual(before);
  });

  test('open no door of another kind: a leaf node is no client, a client no leaf node, and nobody is nobody', async () => {
    const asClient = {
      servers: all.hub.url,
      user: 'leaf-site',
      pass: passwordOf('leaf-site'),
      reconnect: false,
    };
    await expect(connect(asClient)).rejects.toThrow(/authorization/i);
    await expect(connect({ servers: all.hub.url, reconnect: false })).rejects.toThrow(/authorization/i);
    await expect(connect({ ...asClient, user: 'tokyo', pass: 'guess' })).rejects.toThrow(/authorization/i);
  });

  test('bind the owner of a leaf node, who may give himself any right there', async () => {
    const remote = `nats-leaf://leaf-site:${passwordOf('leaf-site')}@127.0.0.1:${all.leafPort}`;
    const own = await startNats({
      config: `server_name: own
        leafnodes { remotes: [ { url: "${remote}", account: RSFGA } ] }
        accounts { RSFGA: { users: [ { user: me, password: me } ] } }`,
    });
    onTestFinished(() => own.kill());
    const me = await connect({ servers: own.url, user: 'me', pass: 'me', inboxPrefix: '_INBOX_london' });
    onTestFinished(() => me.close());
    const ask = (subject: string, payload = '') =>
      me.request(subject, payload, { timeout: ANSWER_MS }).then(
        (reply) => reply.string(),
        (error: Error) => error.message,
      );
    // What the edges behind it may do passes, so the link is there.
    await expect.poll(() => ask(`${GUEST_API}.STREAM.INFO.${STREAM}`)).toContain('"config"');
    const heard: string[] = [];
    const listen = (subject: string): Subscription =>
      me.subscribe(subject, { callback: (_error, message) => void heard.push(message.subject) });
    for (const subject of [
      'rsfga.changes.>',
      '_INBOX_tokyo.>',
      '_INBOX_central.>',
      'rsfga.control.capture',
      'rsfga.control.barrier',
    ])
      listen(subject);
    await me.flush();
    const before = await messagesIn(all);
    for (const subject of [
      `${GUEST_API}.STREAM.MSG.GET.${STREAM}`,
      `${GUEST_API}.STREAM.PURGE.${STREAM}`,
      `$JS.API.STREAM.DELETE.${STREAM}`,
      `${GUEST_API}.CONSUMER.INFO.${STREAM}.edge-tokyo`,
      'rsfga.control.consumer.tokyo',
      `rsfga.changes.${all.b.storeId}.write.document`,
      `$KV.${STREAM}_LEASE.publisher`,
    ])
      expect([subject, await ask(subject)]).toEqual([
        subject,
        expect.stringMatching(/no responders|timeout/),
      ]);
    expect(await messagesIn(all)).toBe(before);
    // What he says himself, he hears.
    heard.length = 0;
    expect(await writtenAndSeen(all, all.tokyo, all.a)).toEqual([true, 'local']);
    expect(heard).toEqual([]);
  });

  test('are given to a new edge by the topology and a reload, and taken back so; nothing is restarted', async () => {
    await all.changeOsaka({ products: ['asia'] });
    const osaka = await all.startOsaka();
    await osaka.synced();
    expect(await writtenAndSeen(all, osaka, all.a)).toEqual([true, 'local']);
    await all.changeOsaka({ products: ['europe'] });
    const manager = await jetstreamManager(await login('central'), { checkAPI: false });
    await expect
      .poll(() => osaka.output(), { timeout: 20_000 })
      .toMatch(/the topology does not give it the store/);
    await expect(manager.consumers.info(STREAM, 'edge-osaka')).rejects.toThrow();
    await osaka.kill();
  });

  test('left everything as it was: changes reach both edges, and one central publishes', async () => {
    for (const { edge, store } of places())
      expect([edge.name, await writtenAndSeen(all, edge, store)]).toEqual([edge.name, [true, 'local']]);
    const { capture } = await all.central.status();
    expect(capture?.lease).toMatchObject({ state: 'held' });
  });
});

/** A tuple of its own each time, so that it is not there before. */
async function writtenAndSeen(all: LimitedFleet, edge: Sidecar, store: StoreIds) {
  const key = { ...ANNE, object: `document:${edge.name}-${await messagesIn(all)}` };
  await edge.synced();
  const written = await expectStatus(200, write(all.central.http, store.storeId, { writes: [key] }));
  const after = { 'rsfga-min-revision': written.headers['rsfga-revision'] ?? '' };
  const reply = await eventually(
    () => check(edge.http, store.storeId, key, after),
    ({ headers }) => headers['rsfga-served-by'] === 'local',
  );
  return [allowed(reply), reply.headers['rsfga-served-by']];
}

async function messagesIn(all: LimitedFleet): Promise<number> {
  const connection = await all.as('monitor');
  const manager = await jetstreamManager(connection, GUEST);
  const { state } = await manager.streams.info(STREAM);
  await connection.close();
  return state.messages;
}

/** What an answer that goes astray would change: the stream, how often London copied, who holds the lease. */
async function stateOf(all: LimitedFleet): Promise<object> {
  const connection = await all.as('monitor');
  const { state } = await (await jetstreamManager(connection, GUEST)).streams.info(STREAM);
  await connection.close();
  const { capture } = await all.central.status();
  const copies = all.london.output().match(/"reason":"requested"/g)?.length ?? 0;
  return { first: state.first_seq, last: state.last_seq, copies, lease: capture?.lease };
}
