/** What the bench measures, running: OpenFGA with its data, NATS, a central, an edge with LMDB, a bare server. */

import { join } from 'node:path';
import { createStore, writeAll } from '../test/support/api.ts';
import { freePort, launch, type Running } from '../test/support/children.ts';
import { centralYaml, createFleet, edgeYaml, type Sidecar } from '../test/support/fleet.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { type Nats, type OpenFga, startNats, startOpenFga } from '../test/support/servers.ts';
import { type BenchData, benchData, type Sizes } from './dataset.ts';
import { loadBySql } from './sql-load.ts';

export type Datastore = 'memory' | 'postgres';

export interface Setup {
  readonly datastore: Datastore;
  readonly data: BenchData;
  readonly openfga: OpenFga;
  /** Of OpenFGA and, where it has one, its database. */
  readonly openfgaPids: readonly number[];
  readonly nats: Nats;
  readonly central: Sidecar;
  readonly edge: Sidecar;
  /** The critical store. */
  readonly storeId: string;
  /** The same data in a store that the edge forwards. */
  readonly coldStoreId: string;
  readonly bare: { readonly http: string; readonly pid: number };
  /** Seconds from the start of the edge to `/readyz?synced`. */
  readonly bootstrapSeconds: number;
  stop(): Promise<void>;
}

export async function startSetup(datastore: Datastore, sizes: Sizes): Promise<Setup> {
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.reverse()) await close();
  };
  try {
    return { ...(await open(datastore, sizes, closing)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Closing = (() => Promise<unknown>)[];

async function open(datastore: Datastore, sizes: Sizes, closing: Closing): Promise<Omit<Setup, 'stop'>> {
  const data = benchData(sizes);
  const postgres = datastore === 'postgres' ? await startPostgres() : undefined;
  if (postgres) closing.push(postgres.stop);
  const openfga = await startOpenFga(postgres ? { datastore: postgres } : {});
  closing.push(openfga.stop);
  // The data is there first, as beside a server that has been in use.
  const [storeId, coldStoreId] = [await fill('kept'), await fill('cold')];
  const nats = await startNats();
  closing.push(nats.stop);
  const fleet = createFleet();
  closing.push(fleet.stop);
  const central = await fleet.start('central', centralYaml(openfga.http, nats.url));
  const products = [{ id: 'kept', stores: [storeId], tier: 'critical' }];
  const began = performance.now();
  const edge = await fleet.start('edge', edgeYaml(openfga.http, nats.url, { products }));
  await edge.synced();
  const bootstrapSeconds = (performance.now() - began) / 1000;
  const bare = await startBare();
  closing.push(bare.stop);
  const openfgaPids = [openfga.pid, ...(postgres ? [postgres.pid] : [])];
  const parts = { datastore, data, openfga, openfgaPids, nats, central, edge };
  return { ...parts, storeId, coldStoreId, bare, bootstrapSeconds };

  async function fill(name: string): Promise<string> {
    const { storeId } = await createStore(openfga.http, name, data.model);
    if (postgres) await loadBySql(postgres.uri, storeId, data.tuples);
    else await writeAll(openfga.http, storeId, data.tuples);
    return storeId;
  }
}

async function startBare(): Promise<Running & { readonly http: string }> {
  const port = await freePort();
  const http = `http://127.0.0.1:${port}`;
  const running = await launch({
    name: 'bare-server',
    bin: process.execPath,
    args: [join(import.meta.dirname, 'bare-server.ts'), `${port}`],
    ready: async () => {
      await fetch(http, { method: 'POST', body: '{}' });
    },
  });
  return { ...running, http };
}
