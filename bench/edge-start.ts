/**
 * How an edge gets its data: `nice node bench/edge-start.ts [tuples]`. A million tuples by SQL in PostgreSQL behind OpenFGA,
 * NATS and a central beside it; then a new edge that reads the primary, a restart of it, a snapshot, and a new edge that starts from that.
 * Prints seconds on the wall and of the edge's CPU: on a busy machine the second is the one to compare.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tuple } from '../src/fga/tuple.ts';
import { call, createStore } from '../test/support/api.ts';
import { centralYaml, createFleet, edgeYaml, type Sidecar } from '../test/support/fleet.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { startNats, startOpenFga } from '../test/support/servers.ts';
import { cpuSeconds } from './cpu.ts';
import { loadBySql } from './sql-load.ts';

const TOKEN = 'bench-token';
const WITH_TOKEN = { admin: { token: TOKEN } };
const AS_ADMIN = { headers: { authorization: `Bearer ${TOKEN}` } };
const BIG_GROUP = 100_000;
/** A synced edge of a million tuples on a busy machine. */
const PATIENCE_MS = 900_000;

const total = Number(process.argv[2] ?? 1_000_000);
const closing: (() => Promise<unknown>)[] = [];

try {
  await measure();
} finally {
  for (const close of closing.reverse()) await close();
}

async function measure(): Promise<void> {
  const postgres = await startPostgres();
  closing.push(postgres.stop);
  const openfga = await startOpenFga({ datastore: postgres });
  closing.push(openfga.stop);
  const { storeId } = await createStore(openfga.http, 'million', {
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      { type: 'group', relations: { member: { this: {} } }, metadata: metadata('member', { type: 'user' }) },
      {
        type: 'document',
        relations: { viewer: { this: {} } },
        metadata: metadata('viewer', { type: 'user' }, { type: 'group', relation: 'member' }),
      },
    ],
  });
  await timed('load by SQL', () => loadBySql(postgres.uri, storeId, [...tuples(total)]));
  const nats = await startNats();
  closing.push(nats.stop);
  const fleet = createFleet();
  closing.push(fleet.stop);
  await fleet.start('central', centralYaml(openfga.http, nats.url));
  const products = [{ id: 'kept', stores: [storeId], tier: 'critical' }];
  const yaml = edgeYaml(openfga.http, nats.url, { products, ...WITH_TOKEN });

  const first = await began('new edge, from the primary by Read', () => fleet.start('first', yaml));
  await first.terminate();
  await began('restart', async () => {
    await first.restart();
    return first;
  });
  await timed(
    'snapshot written',
    () => call(first.admin, '/admin/snapshot', { body: {}, ...AS_ADMIN }),
    first,
  );
  const second = await began('new edge, from the snapshot', () => fleet.start('second', yaml));
  if (!second.output().includes('begins from a snapshot'))
    throw new Error('it did not begin from the snapshot');
  await first.terminate();
  await second.terminate();
  await began('restart', async () => {
    await second.restart();
    return second;
  });
}

/** From the start of the process to `/readyz?synced`. */
async function began(what: string, start: () => Promise<Sidecar>): Promise<Sidecar> {
  const from = performance.now();
  const sidecar = await start();
  while ((await call(sidecar.admin, '/readyz?synced')).status !== 200) {
    if (performance.now() - from > PATIENCE_MS) throw new Error(sidecar.output().slice(-2_000));
    await sleep(10);
  }
  report(what, from, cpuSeconds([sidecar.pid()]));
  return sidecar;
}

async function timed(what: string, act: () => Promise<unknown>, sidecar?: Sidecar): Promise<void> {
  const from = performance.now();
  const before = sidecar ? cpuSeconds([sidecar.pid()]) : undefined;
  await act();
  const after = sidecar ? cpuSeconds([sidecar.pid()]) : undefined;
  report(what, from, after === undefined || before === undefined ? undefined : after - before);
}

function report(what: string, from: number, cpu: number | undefined): void {
  const seconds = ((performance.now() - from) / 1000).toFixed(2);
  console.log(`| ${what} | ${seconds} | ${cpu === undefined ? '' : cpu.toFixed(2)} |`);
}

function* tuples(count: number): Generator<Tuple> {
  let made = 0;
  for (; made < Math.min(BIG_GROUP, count / 10); made += 1)
    yield { user: `user:${made}`, relation: 'member', object: 'group:big' };
  for (let n = 0; n < count / 5; n += 1, made += 1)
    yield { user: `user:${n % 50_000}`, relation: 'member', object: `group:${Math.floor(n / 40)}` };
  for (let n = 0; made < count; n += 1, made += 2) {
    yield { user: `user:${(n * 7_919) % 50_000}`, relation: 'viewer', object: `document:${n}` };
    yield { user: `group:${(n * 31) % 5_000}#member`, relation: 'viewer', object: `document:${n}` };
  }
}

function metadata(relation: string, ...types: { readonly type: string; readonly relation?: string }[]) {
  return { relations: { [relation]: { directly_related_user_types: types } } };
}
