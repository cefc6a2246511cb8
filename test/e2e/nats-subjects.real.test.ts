/** Subjects made by hand: only these travel, what they cover is answered here, the rest is forwarded. */
import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { TupleKey } from '../../src/fga/tuple.ts';
import { operatorOf } from '../plugins/changelog/nats-fixture.ts';
import { allowed, check, createStore, expectStatus, type Reply, write } from '../support/api.ts';
import { temporaryFolder } from '../support/children.ts';
import { modelFrom } from '../support/datasets.ts';
import {
  BIN,
  centralYaml,
  createFleet,
  eventually,
  type Fleet,
  type Sidecar,
  storeStatus,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';

const MODEL = modelFrom(`model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define owner: [user]
    define editor: [group#member]`);

const OWNER: TupleKey = { user: 'user:anne', relation: 'owner', object: 'document:1' };
const EDITORS: TupleKey = { user: 'group:g#member', relation: 'editor', object: 'document:1' };
const MEMBER: TupleKey = { user: 'user:anne', relation: 'member', object: 'group:g' };
const EDITOR: TupleKey = { ...OWNER, relation: 'editor' };
const TIER = { hot: { object_types: ['document', 'group'] } };
const PATIENCE_MS = 60_000;
const WRITES = 30;

const by = ({ headers }: Reply) => [headers['rsfga-served-by'], headers['rsfga-declined']];

describe.skipIf(!serversAvailable())('an edge whose subjects are made by hand', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let central: Sidecar;
  let edge: Sidecar;
  let storeId: string;
  const file = join(temporaryFolder('subjects'), 'products.yaml');

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    ({ storeId } = await createStore(central.http, 'by-hand', MODEL));
    await expectStatus(200, write(central.http, storeId, { writes: [OWNER, EDITORS, MEMBER] }));
    put(['*.document']);
    const changelog = { nats: { servers: [nats.url] } };
    const upstream = { http: central.http };
    edge = await fleet.start('by-hand', { role: 'edge', upstream, changelog, registry: { file } });
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  const subject = (tail: string) => `rsfga.changes.${storeId}.${tail}`;
  const words = () => ['tx.committed', 'tx.anchor', 'tx.marker', 'model.updated'].map(subject);
  const products = (tails: readonly string[]) => [
    { id: 'hand', stores: [storeId], tier: TIER, nats_subjects: tails.map(subject) },
  ];
  /** As `mv` puts a file in the place of another. */
  function put(tails: readonly string[]): void {
    writeFileSync(`${file}.new`, stringify({ products: products(tails) }));
    renameSync(`${file}.new`, file);
  }
  const filters = async () => {
    const { config } = await operatorOf(nats.url).consumer('by-hand');
    return config.filter_subjects ?? [config.filter_subject ?? ''];
  };
  const filtersBecome = (wanted: readonly string[]) =>
    eventually(filters, (found) => [...found].sort().join() === [...wanted].sort().join(), PATIENCE_MS);
  const ask = (key: TupleKey) => check(edge.http, storeId, key);
  const kept = async () => storeStatus(await edge.status(), storeId);
  const received = async () => Number(/^nats_messages_received_total (\d+)/m.exec(await edge.metrics())?.[1]);
  /** A document's owner, written at the centre, is answered here; so are all changes before it. */
  async function arrives(user: string): Promise<void> {
    const key = { ...OWNER, user: `user:${user}` };
    await expectStatus(200, write(central.http, storeId, { writes: [key] }));
    await eventually(
      () => ask(key),
      (reply) => by(reply)[0] === 'local' && allowed(reply),
      PATIENCE_MS,
    );
  }

  test('has a consumer of these alone, and of every word about the history', async () => {
    await filtersBecome([subject('*.document'), ...words()]);
    expect(edge.output()).toContain('not group: what may read them is forwarded');
    expect(edge.output()).toContain('added: tx.committed, tx.anchor, tx.marker, model.updated');
  });

  test('answers what they cover and forwards the rest, exactly', async () => {
    const owner = await ask(OWNER);
    expect([by(owner), allowed(owner)]).toEqual([['local', undefined], true]);
    const editor = await ask(EDITOR);
    expect([by(editor), allowed(editor)]).toEqual([['upstream', 'reach'], true]);
    expect((await kept())?.tuples).toBe(2);
  });

  test('of what is not covered only commits travel, nothing is kept, and nothing is copied again', async () => {
    await arrives('before');
    const [count, before] = [await received(), await kept()];
    for (let n = 0; n < WRITES; n += 1) {
      const writes = [{ ...MEMBER, user: `user:u${n}` }];
      await expectStatus(200, write(central.http, storeId, { writes }));
    }
    await arrives('after');
    // A part and a commit for each Write would be twice as many. Anchors may come in between.
    const more = (await received()) - count;
    expect(more).toBeGreaterThanOrEqual(WRITES + 2);
    expect(more).toBeLessThan(WRITES * 2);
    const after = await kept();
    expect(after?.tuples).toBe((before?.tuples ?? 0) + 1);
    expect(after?.resyncs).toBe(before?.resyncs);
    await expectStatus(200, write(central.http, storeId, { deletes: [MEMBER] }));
    expect(allowed(await ask(EDITOR))).toBe(false);
  });

  test('takes up a wider override in place: the new type is copied, then answered here', async () => {
    put(['*.document', '*.group']);
    await filtersBecome([subject('*.document'), subject('*.group'), ...words()]);
    await edge.synced();
    const editor = await eventually(
      () => ask(EDITOR),
      (reply) => by(reply)[0] === 'local',
      PATIENCE_MS,
    );
    expect(allowed(editor)).toBe(false);
    await expectStatus(200, write(central.http, storeId, { writes: [MEMBER] }));
    await eventually(
      () => ask(EDITOR),
      (reply) => by(reply)[0] === 'local' && allowed(reply),
      PATIENCE_MS,
    );
  });

  test('the same types by other subjects: nothing is copied again, and nothing is missed', async () => {
    const before = await kept();
    put(['>']);
    await filtersBecome([subject('>')]);
    await arrives('by-another-way');
    const after = await kept();
    expect([after?.resyncs, after?.lastResync?.atMs]).toEqual([before?.resyncs, before?.lastResync?.atMs]);
    expect(after?.tuples).toBe((before?.tuples ?? 0) + 1);
  });

  test('a restart goes on with them', async () => {
    await edge.terminate();
    await expectStatus(200, write(central.http, storeId, { writes: [{ ...OWNER, user: 'user:meanwhile' }] }));
    await edge.restart();
    await edge.synced();
    await arrives('restarted');
    const meanwhile = await ask({ ...OWNER, user: 'user:meanwhile' });
    expect([by(meanwhile)[0], allowed(meanwhile)]).toEqual(['local', true]);
    expect((await kept())?.resyncs).toBe(0);
  });

  test('an override that covers nothing is refused whole, with the reason; the one before stays', async () => {
    put(['*.user']);
    const { registry } = await eventually(
      () => edge.status(),
      (status) => status.registry.refused !== undefined,
      PATIENCE_MS,
    );
    expect(registry.refused?.problems).toMatchObject([
      { path: 'products[0].nats_subjects', message: expect.stringContaining(`nothing of ${storeId}`) },
    ]);
    await arrives('all-the-same');
  });

  test('at the start, and by check-config, it is refused with code 3', () => {
    const config = join(temporaryFolder('refused'), 'edge.yaml');
    const changelog = { nats: { servers: [nats.url] } };
    const upstream = { http: openfga.http };
    writeFileSync(
      config,
      stringify({ role: 'edge', upstream, changelog, products: products(['{write,delete}.document']) }),
    );
    for (const command of ['check-config', 'run']) {
      const { status, stderr } = spawnSync(process.execPath, [BIN, command, '--config', config], {
        encoding: 'utf8',
      });
      expect([command, status]).toEqual([command, 3]);
      expect(stderr).toContain('products[0].nats_subjects[0]');
      expect(stderr).toContain('NATS knows no {a,b}');
      expect(stderr).toContain(`${subject('write.document')} and ${subject('delete.document')}`);
    }
  });
});
