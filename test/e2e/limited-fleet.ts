/**
 * A fleet whose NATS servers run what `rsfga-edge nats-config` makes: a hub, a leaf node, a central, an edge at the hub that
 * may follow one store, an edge behind the leaf node that may follow one object type of another, a reader, an operator.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { stringify } from 'yaml';
import { GUEST_DOMAIN, inboxOf, variableOf } from '../../src/topology/login.ts';
import { serverConfs, urlVariable, variablesIn } from '../../src/topology/server-conf.ts';
import { loadTopology } from '../../src/topology/topology.ts';
import { createStore, type StoreIds } from '../support/api.ts';
import { freePort, temporaryFolder } from '../support/children.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, startNats, startOpenFga } from '../support/servers.ts';
import { SMALL } from './standing.ts';

export const STREAM = 'RSFGA_CHANGES';
export const TOKYO_SNAPSHOTS = 'SNAPSHOTS_TOKYO';
export const LONDON_SNAPSHOTS = 'SNAPSHOTS_LONDON';
export const ADMIN_TOKEN = 'admin-token';
const LEAF = 'site';
const GUEST = { domain: GUEST_DOMAIN };

export interface LimitedFleet {
  readonly fleet: Fleet;
  readonly openfga: OpenFga;
  readonly hub: Nats;
  readonly leaf: Nats;
  readonly central: Sidecar;
  readonly tokyo: Sidecar;
  readonly london: Sidecar;
  /** The store of the edge in Tokyo, and that of the one in London. */
  readonly a: StoreIds;
  readonly b: StoreIds;
  readonly topologyFile: string;
  readonly leafPort: number;
  /** A client with the login of a user, at the hub unless another server is named. */
  as(user: string, url?: string): Promise<NatsConnection>;
  /** A sidecar at the hub that keeps what the one in London keeps, and may write its snapshots. */
  startArchive(): Promise<Sidecar>;
  /** Puts this edge into the topology, makes the configurations again and has the hub reload; no more than an operator does. */
  changeOsaka(osaka: Osaka): Promise<void>;
  startOsaka(): Promise<Sidecar>;
  stop(): Promise<void>;
}

export function passwordOf(user: string): string {
  return `secret-${user}`;
}

function passwordFor(user: string): Record<string, string> {
  return { [variableOf(user)]: passwordOf(user) };
}

/** By the names of nats-server's variables. */
function passwords(leafPort: number): Record<string, string> {
  const users = ['central', 'monitor', 'ops', 'tokyo', 'london', 'archive', `leaf-${LEAF}`];
  const login = `leaf-${LEAF}:${passwordOf(`leaf-${LEAF}`)}`;
  return {
    ...Object.fromEntries(users.map((user) => [variableOf(user), passwordOf(user)])),
    [urlVariable(LEAF)]: `nats-leaf://${login}@127.0.0.1:${leafPort}`,
  };
}

export interface Osaka {
  readonly products: readonly string[];
}

interface Ground {
  readonly a: StoreIds;
  readonly b: StoreIds;
  readonly leafPort: number;
  readonly storeDir: string;
}

function topologyOf({ a, b, leafPort, storeDir }: Ground, osaka?: Osaka): object {
  return {
    products_bucket: 'rsfga_products',
    secrets: './secrets.conf',
    hub: {
      store_dir: storeDir,
      servers: [{ name: 'hub-1', leafnodes: `127.0.0.1:${leafPort}` }],
    },
    leaves: [{ name: LEAF }],
    centrals: [{ user: 'central' }],
    operators: [{ user: 'ops' }],
    readers: [{ user: 'monitor' }],
    products: [
      { id: 'asia', stores: [a.storeId] },
      { id: 'europe', stores: [b.storeId], object_types: ['document'] },
    ],
    edges: [
      { id: 'tokyo', products: ['asia'], snapshots: { bucket: TOKYO_SNAPSHOTS, write: 'yes' } },
      { id: 'archive', products: ['europe'], snapshots: { bucket: LONDON_SNAPSHOTS, write: 'yes' } },
      ...(osaka ? [{ id: 'osaka', ...osaka }] : []),
      { id: 'london', products: ['europe'], at: LEAF, snapshots: { bucket: LONDON_SNAPSHOTS } },
    ],
  };
}

export async function startLimitedFleet(): Promise<LimitedFleet> {
  const openfga = await startOpenFga();
  const a = await createStore(openfga.http, 'asia', SMALL.model);
  const b = await createStore(openfga.http, 'europe', SMALL.model);
  const leafPort = await freePort();
  const folder = temporaryFolder('topology');
  const topologyFile = join(folder, 'fleet.yaml');
  const ground = { a, b, leafPort, storeDir: temporaryFolder('hub') };
  const write = (osaka?: Osaka) => {
    writeFileSync(topologyFile, stringify(topologyOf(ground, osaka)));
    const values: Record<string, string> = { ...passwords(leafPort), ...passwordFor('osaka') };
    for (const { server, text } of serverConfs(loadTopology(topologyFile), 'fleet.yaml')) {
      mkdirSync(join(folder, server), { recursive: true });
      writeFileSync(join(folder, server, 'server.conf'), text);
      const secrets = variablesIn(text).map((name) => `${name}: "${values[name]}"\n`);
      writeFileSync(join(folder, server, 'secrets.conf'), secrets.join(''));
    }
  };
  write();
  const hub = await startNats({ config: join(folder, 'hub-1/server.conf') });
  const leaf = await startNats({ config: join(folder, `${LEAF}/server.conf`) });
  const fleet = createFleet();
  const changelog = (user: string, url: string, more: object = {}) => {
    const login = { user, password: passwordOf(user), inbox_prefix: inboxOf(user) };
    return { changelog: { nats: { servers: [url], ...login, ...more } } };
  };
  const central = await fleet.start(
    'central',
    centralYaml(openfga.http, hub.url, changelog('central', hub.url, { edges: topologyFile })),
  );
  const product = (storeId: string, tier: object | string) => ({
    products: [{ id: 'own', stores: [storeId], tier }],
  });
  const tokyo = await fleet.start(
    'tokyo',
    edgeYaml(central.http, hub.url, {
      ...changelog('tokyo', hub.url, GUEST),
      ...product(a.storeId, 'critical'),
    }),
  );
  const hot = {
    ...product(b.storeId, { hot: { object_types: ['document'] } }),
    snapshots: { bucket: LONDON_SNAPSHOTS },
    admin: { token: ADMIN_TOKEN },
  };
  const behindLeaf = changelog('london', leaf.url, GUEST);
  const london = await fleet.start('london', edgeYaml(central.http, leaf.url, { ...behindLeaf, ...hot }));
  const archiveYaml = edgeYaml(central.http, hub.url, { ...changelog('archive', hub.url, GUEST), ...hot });
  return {
    ...{ fleet, openfga, hub, leaf, central, tokyo, london, a, b, topologyFile, leafPort },
    startArchive: () => fleet.start('archive', archiveYaml),
    async changeOsaka(osaka) {
      write(osaka);
      // nats-server sets up the imports of a new account at the second reload.
      for (const before of [reloads(hub), reloads(hub) + 1]) {
        process.kill(hub.pid, 'SIGHUP');
        await eventually(
          async () => reloads(hub),
          (count) => count > before,
        );
      }
    },
    startOsaka: () =>
      fleet.start(
        'osaka',
        edgeYaml(central.http, hub.url, {
          ...changelog('osaka', hub.url, GUEST),
          ...product(a.storeId, 'critical'),
        }),
      ),
    as: (user, url = hub.url) =>
      connect({ servers: url, user, pass: passwordOf(user), inboxPrefix: inboxOf(user), reconnect: false }),
    async stop() {
      await fleet.stop();
      await Promise.all([openfga.stop(), hub.stop(), leaf.stop()]);
    },
  };
}

function reloads(server: Nats): number {
  return server.output().match(/Reloaded server configuration/g)?.length ?? 0;
}
