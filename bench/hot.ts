/**
 * `node bench/hot.ts [--quick] [--record]`: what tier `hot` saves against `critical` on a store with ten object types.
 * Four edges beside one OpenFGA and one NATS copy the same store; then the same changes reach all of them. Bytes and messages
 * towards each are nats-server's own counts (`/connz`), what its durable was given those of JetStream. Under two minutes.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { consumerName } from '../plugins/changelog/nats-consumer.ts';
import { call, createStore, expectStatus, write, writeAll } from '../test/support/api.ts';
import { chance } from '../test/support/chance.ts';
import { freePort } from '../test/support/children.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Sidecar,
  storeStatus,
} from '../test/support/fleet.ts';
import { startNats, startOpenFga } from '../test/support/servers.ts';
import { pairs, type Row, type Traffic, table } from './hot-report.ts';
import { publish } from './report.ts';
import {
  STRUCTURE,
  sharesText,
  TEN_TYPES,
  tenTypesTransactions,
  tenTypesTuples,
  WITH_DOCUMENTS,
} from './ten-types.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, record: { type: 'boolean', default: false } },
});
/** OpenFGA's memory store scans a store at each Write: more tuples would measure that. */
const TUPLES = flags.quick ? 2_000 : 30_000;
const CHANGES = flags.quick ? 400 : 6_000;
const IDLE_MS = flags.quick ? 1_000 : 10_000;
const WRITES_AT_ONCE = 4;
const PATIENCE_MS = 120_000;

interface Kind {
  readonly name: string;
  readonly tier: unknown;
}

const KINDS: readonly Kind[] = [
  { name: 'critical', tier: 'critical' },
  { name: 'hot, structure', tier: { hot: { object_types: [...STRUCTURE] } } },
  { name: 'hot, with documents', tier: { hot: { object_types: [...WITH_DOCUMENTS] } } },
  // No tuple travels: the floor under what a follower of the store is sent.
  { name: 'warm', tier: 'warm' },
];

const closing: (() => Promise<unknown>)[] = [];
try {
  await main();
} finally {
  for (const close of closing.reverse()) await close();
}

async function main(): Promise<void> {
  const monitor = await freePort();
  const [openfga, nats] = await Promise.all([
    startOpenFga(),
    startNats({ config: `jetstream: enabled\nhttp: "127.0.0.1:${monitor}"\n` }),
  ]);
  closing.push(openfga.stop, nats.stop);
  const fleet = createFleet();
  closing.push(fleet.stop);
  const { storeId } = await createStore(openfga.http, 'ten types', TEN_TYPES);
  await writeAll(openfga.http, storeId, tenTypesTuples(TUPLES));
  const central = await fleet.start('central', centralYaml(openfga.http, nats.url));
  const edges: { readonly kind: Kind; readonly edge: Sidecar }[] = [];
  for (const [n, kind] of KINDS.entries()) {
    const products = [{ id: 'kept', stores: [storeId], tier: kind.tier }];
    const edge = await fleet.start(
      `edge-${n}`,
      edgeYaml(central.http, nats.url, { products, node_id: `edge-${n}` }),
    );
    await edge.synced();
    edges.push({ kind, edge });
  }
  const counted = () => Promise.all(edges.map(({ edge }) => trafficOf(edge.name, monitor, nats.url)));

  const quiet = await counted();
  await sleep(IDLE_MS);
  const before = await counted();
  const began = performance.now();
  const transactions = tenTypesTransactions(CHANGES, chance(1));
  const last = await writeTransactions(central, storeId, transactions);
  for (const { edge } of edges) await untilAt(edge, storeId, last);
  const seconds = (performance.now() - began) / 1000;
  const after = await counted();

  const rows: Row[] = [];
  for (const [n, { kind, edge }] of edges.entries()) {
    const idleBytesPerSecond = (less(before[n], quiet[n]).bytes / IDLE_MS) * 1000;
    const traffic = less(after[n], before[n]);
    const tuples = storeStatus(await edge.status(), storeId)?.tuples ?? Number.NaN;
    const answers = await answeredPairs(edge, storeId);
    await edge.terminate();
    rows.push({
      name: kind.name,
      tuples,
      diskBytes: bytesIn(edge.storePath),
      traffic,
      idleBytesPerSecond,
      answers,
    });
  }
  const changes = transactions.flat().length;
  const results = {
    shares: sharesText(),
    tuples: TUPLES,
    transactions: transactions.length,
    changes,
    seconds,
    rows,
  };
  publish({ name: 'hot', quick: flags.quick, results, lines: table(results) }, flags.record);
}

/** Several at once; returns the newest revision. */
async function writeTransactions(
  central: Sidecar,
  storeId: string,
  transactions: readonly Parameters<typeof write>[2]['writes'][],
): Promise<number> {
  let [next, newest] = [0, 0];
  const lane = async () => {
    for (let at = next++; at < transactions.length; at = next++) {
      const { headers } = await expectStatus(
        200,
        write(central.http, storeId, { writes: transactions[at] ?? [] }),
      );
      newest = Math.max(newest, Number(headers['rsfga-revision']?.split('.')[1] ?? 0));
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, lane));
  return newest;
}

async function untilAt(edge: Sidecar, storeId: string, revision: number): Promise<void> {
  await eventually(
    async () => storeStatus(await edge.status(), storeId)?.revision ?? 0,
    (held) => held >= revision,
    PATIENCE_MS,
  );
}

interface Connz {
  readonly connections: readonly {
    readonly name?: string;
    readonly out_msgs: number;
    readonly out_bytes: number;
  }[];
}

async function trafficOf(edge: string, monitor: number, servers: string): Promise<Traffic> {
  const { connections } = (await call(`http://127.0.0.1:${monitor}`, '/connz?limit=1024')).body as Connz;
  const own = connections.filter(({ name }) => name === `rsfga-edge ${edge}`);
  if (own.length === 0) throw new Error(`nats-server knows no connection of ${edge}`);
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const { delivered } = await manager.consumers.info('RSFGA_CHANGES', consumerName(edge));
  await connection.close();
  const sum = (pick: (one: (typeof own)[number]) => number) =>
    own.reduce((total, one) => total + pick(one), 0);
  return {
    messages: sum((c) => c.out_msgs),
    bytes: sum((c) => c.out_bytes),
    delivered: delivered.consumer_seq,
  };
}

function less(a: Traffic | undefined, b: Traffic | undefined): Traffic {
  if (!a || !b) throw new Error('an edge was not counted');
  return {
    messages: a.messages - b.messages,
    bytes: a.bytes - b.bytes,
    delivered: a.delivered - b.delivered,
  };
}

/** What is really taken: the file of LMDB has holes. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, { blocks }) => sum + blocks * 512, 0);
}

async function answeredPairs(edge: Sidecar, storeId: string): Promise<number> {
  let local = 0;
  for (const [type, relation] of pairs()) {
    const key = { user: 'user:u-1', relation, object: `${type}:1` };
    const reply = await expectStatus(
      200,
      call(edge.http, `/stores/${storeId}/check`, { body: { tuple_key: key } }),
    );
    if (reply.headers['rsfga-served-by'] === 'local') local += 1;
  }
  return local;
}
