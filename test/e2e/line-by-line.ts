/** One short life of a central, a second one, an edge, an operator and a reader on a NATS server with a given configuration. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { ulid } from 'ulid';
import { expect } from 'vitest';
import type { NatsChangeLog, NatsChangeLogOptions } from '../../plugins/changelog/nats.ts';
import { GUEST_API, GUEST_DOMAIN, inboxOf } from '../../src/topology/login.ts';
import { variablesIn } from '../../src/topology/server-conf.ts';
import { createChain, readUntil, tuple } from '../contract/changelog-chain.ts';
import { openLog, STREAM } from '../plugins/changelog/nats-fixture.ts';
import { eventually } from '../support/fleet.ts';
import { type Nats, startNats } from '../support/servers.ts';
import { PLACE, RULES, SNAPSHOTS } from './allow-lines.ts';
import { noting, watchFor } from './refused.ts';

/** Resolves with what NATS refused; rejects when something did not work. */
export async function liveWith(conf: string): Promise<ReadonlySet<string>> {
  const withAdmin = conf.replace('users: [', 'users: [\n{ user: admin, password: secret }\n');
  const env = Object.fromEntries(variablesIn(conf).map((name) => [name, 'secret']));
  const nats = await startNats({ config: withAdmin, env });
  const life = createLife(nats);
  try {
    const steps = life.centrals().then(life.edge).then(life.reader);
    const outcome = await Promise.race([steps, late(LIFE_MS)]);
    if (outcome === 'late') throw new Error('something was waited for in vain');
    return life.refused;
  } finally {
    await life.end();
    await nats.stop();
  }
}

const TIMEOUT_MS = 2_000;
/** Undisturbed it takes two seconds. */
const LIFE_MS = 20_000;
const soon = <T>(look: () => Promise<T> | T, holds: (seen: T) => boolean) =>
  eventually(async () => look(), holds, TIMEOUT_MS);

const late = (ms: number) => new Promise<string>((done) => setTimeout(() => done('late'), ms).unref());

function createLife(nats: Nats) {
  const refused = new Set<string>();
  const logs: NatsChangeLog[] = [];
  /** The newest of each. */
  const byUser = new Map<string, NatsChangeLog>();
  const end = new AbortController();
  const chain = createChain(ulid());
  const log = noting(refused);

  async function as(user: string, more: Partial<NatsChangeLogOptions> = {}): Promise<NatsChangeLog> {
    const login = { user, password: 'secret', inboxPrefix: inboxOf(user), log, rules: RULES };
    const opened = await openLog(nats.url, {
      nodeId: user,
      edgeId: user,
      leaseTtlMs: 1_200,
      ...login,
      ...more,
    });
    logs.push(opened);
    byUser.set(user, opened);
    return opened;
  }

  const asEdge = (more: Partial<NatsChangeLogOptions> = {}) =>
    as('tokyo', { publishes: false, domain: GUEST_DOMAIN, snapshotBucket: SNAPSHOTS, ...more });

  async function admin<T>(
    use: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
  ): Promise<T> {
    const connection = await connect({ servers: nats.url, user: 'admin', pass: 'secret' });
    try {
      return await use(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  /** The stream is made, and another one is improved; the lease is held and handed on; hand-overs pass; a hidden head is found. */
  async function centrals(): Promise<void> {
    await (await as('central')).close();
    await admin((jsm) => jsm.streams.update(STREAM, { allow_atomic: false }));
    const central = await as('central');
    expect((await admin((jsm) => jsm.streams.info(STREAM))).config.allow_atomic).toBe(true);
    await chain.append(central.writer, { writes: [tuple('doc:1')] });
    const work = () => new Promise<void>((done) => end.signal.addEventListener('abort', () => done()));
    void central.sharing?.lease.run(end.signal, work);
    await soon(
      () => central.sharing?.lease.state().lease,
      (lease) => lease === 'held',
    );
    central.sharing?.relay.serve(async () => ({ term: 'x', nowMs: 0 }));
    central.control.serve(async () => ({ heads: {} }));
    const second = await as('central', { nodeId: 'second' });
    void second.sharing?.lease.run(end.signal, work);
    await soon(
      () => second.sharing?.lease.state().lease,
      (lease) => lease === 'elsewhere',
    );
    await soon(() => second.sharing?.relay.send({ relay: 'hello' }, 500).catch(() => undefined), Boolean);
    await soon(
      () => second.control.ask({ ask: 'barrier', storeIds: [] }, 500).catch(() => undefined),
      Boolean,
    );
    second.onInvalidate?.(() => undefined);
    central.onInvalidate?.(() => undefined);
    const hidden = createChain(ulid());
    await hidden.append(second.writer, { writes: [tuple('doc:1')] });
    for (const tail of ['tx.committed', 'model.updated'])
      await admin((jsm) => jsm.jetstream().publish(`rsfga.changes.${hidden.storeId}.${tail}`, 'no message'));
    for (const one of [central, second])
      expect((await one.reader.head(hidden.storeId))?.head).toEqual(hidden.head());
    expect(await admin((jsm) => jsm.consumers.list(STREAM).next())).toEqual([]);
    await bucketsMade();
  }

  /** By the central, at its start. */
  async function bucketsMade(): Promise<void> {
    const names = () => admin((jsm) => jsm.streams.names().next());
    const made = [`OBJ_${SNAPSHOTS}`, `KV_${PLACE.bucket}`];
    await soon(names, (all) => made.every((name) => all.includes(name)));
  }

  /** Reads, acknowledges, is met under its name, is told of things, keeps products and snapshots. */
  async function edge(): Promise<void> {
    const [tokyo, twin] = [await asEdge(), await asEdge({ nodeId: 'twin' })];
    let [copies, dropped, told] = [0, 0, 0];
    tokyo.edge?.serveSync(() => {
      copies += 1;
      return [];
    });
    tokyo.onInvalidate?.(() => {
      dropped += 1;
    });
    const filters = [{ storeId: chain.storeId }];
    const all = await readUntil(tokyo, { after: '', filters }, (some) => some.length === 2, TIMEOUT_MS);
    tokyo.reader.applied(all.at(-1)?.position ?? '');
    await soon(
      () => admin((jsm) => jsm.consumers.info(STREAM, 'edge-tokyo')),
      ({ ack_floor: { stream_seq: seq } }) => seq > 0,
    );
    expect((await tokyo.reader.head(chain.storeId))?.head).toEqual(chain.head());
    await tokyo.control.ask({ ask: 'barrier', storeIds: [] }, TIMEOUT_MS);
    const held = new Promise<string>((done) => {
      void tokyo.edge?.hold(end.signal, () => done('held')).then(() => done('not held'));
    });
    expect(await Promise.race([held, late(TIMEOUT_MS)])).toBe('held');
    expect(await twin.edge?.hold(AbortSignal.timeout(TIMEOUT_MS), () => undefined)).toMatchObject({
      nodeId: 'tokyo',
    });
    const shelf = tokyo.shelf?.(PLACE);
    shelf?.onPut(() => {
      told += 1;
    }, end.signal);
    const ops = await as('ops', { publishes: false });
    const put = await ops.shelf?.(PLACE).put('products: []', 0);
    expect(await ops.shelf?.(PLACE).put('products: []\n', put ?? 0)).toBeGreaterThan(put ?? 0);
    for (const one of [shelf, ops.shelf?.(PLACE)]) expect((await one?.get())?.text).toBe('products: []\n');
    await orders();
    await soon(() => [copies, dropped, told].every((count) => count > 0), Boolean);
    await snapshots(tokyo);
  }

  /** The operator's commands. */
  async function orders(): Promise<void> {
    const login = { user: 'ops', pass: 'secret', inboxPrefix: inboxOf('ops') };
    const connection = await connect({ servers: nats.url, ...login });
    const violations = watchFor(connection, refused);
    for (const subject of [
      'rsfga.control.sync.tokyo',
      'rsfga.control.invalidate.x',
      'rsfga.control.products',
    ])
      connection.publish(subject);
    await connection.flush();
    await connection.close();
    await violations;
  }

  async function snapshots({ snapshots: place }: NatsChangeLog): Promise<void> {
    const head = { epoch: ulid(), revision: 7, commitId: ulid() };
    const where = { logId: 'x', position: '12', checkpoint: 't' };
    const info = { name: 'one', storeId: ulid(), head, ...where, tuples: 3, madeAtMs: 1, madeBy: 'tokyo' };
    const bytes = async function* () {
      yield Buffer.alloc(300_000, 1);
    };
    await place?.put(info, bytes());
    await place?.put(info, bytes());
    expect(await place?.list()).toEqual([info]);
    let length = 0;
    for await (const piece of place?.get('one', end.signal) ?? []) length += piece.length;
    expect(length).toBe(300_000);
    await place?.remove('one');
    const state = await admin((jsm) => jsm.streams.info(`OBJ_${SNAPSHOTS}`));
    expect(state.state.messages).toBe(1);
  }

  /** The reader looks at everything that it may; the central reads the products, too. */
  async function reader(): Promise<void> {
    const login = { user: 'monitor', pass: 'secret', inboxPrefix: inboxOf('monitor') };
    const connection = await connect({ servers: nats.url, ...login });
    const violations = watchFor(connection, refused);
    let heard = 0;
    connection.subscribe('$JS.EVENT.ADVISORY.>', {
      callback: () => {
        heard += 1;
      },
    });
    const jsm = await jetstreamManager(connection, {
      checkAPI: false,
      apiPrefix: GUEST_API,
      timeout: TIMEOUT_MS,
    });
    await jsm.streams.info(STREAM);
    expect((await jsm.consumers.list(STREAM).next()).length).toBe(1);
    await jsm.consumers.info(STREAM, 'edge-tokyo');
    const shelves = [
      (await as('monitor', { publishes: false, domain: GUEST_DOMAIN })).shelf?.(PLACE),
      byUser.get('central')?.shelf?.(PLACE),
    ];
    for (const shelf of shelves) expect((await shelf?.get())?.text).toBe('products: []\n');
    for (const shelf of shelves.slice(1)) shelf?.onPut(() => undefined, end.signal);
    await connection.flush();
    await admin((all) => all.consumers.delete(STREAM, 'edge-tokyo'));
    await soon(
      () => heard,
      (count) => count > 0,
    );
    await connection.close();
    await violations;
  }

  return {
    refused,
    centrals,
    edge,
    reader,
    async end() {
      end.abort();
      await Promise.all(logs.map((one) => one.close()));
    },
  };
}
