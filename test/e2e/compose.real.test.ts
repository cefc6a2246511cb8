import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { serverConfs } from '../../src/topology/server-conf.ts';
import { loadTopology } from '../../src/topology/topology.ts';
import { allowed, check, createStore, expectStatus, write } from '../support/api.ts';
import { findServer, NATS } from '../support/build-servers.ts';
import { BIN, createFleet, eventually, type Sidecar, type SidecarYaml } from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { SMALL } from './standing.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Every variable that the files ask for. */
const ENV = {
  ...process.env,
  POSTGRES_PASSWORD: 'p',
  CENTRAL_NATS_PASSWORD: 'central-password',
  TOKYO_NATS_PASSWORD: 'tokyo-password',
  LONDON_NATS_PASSWORD: 'london-password',
  NATS_PASSWORD: 'n',
  RSFGA_ADMIN_TOKEN: 'a',
  NODE_ID: 'node',
  EDGE_ID: 'edge',
  CENTRAL: 'central-a',
};

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly build?: { readonly context: string; readonly dockerfile: string };
}

const composeFiles = globSync('compose/*/docker-compose.yaml', { cwd: ROOT });
const sidecarFiles = globSync('compose/*/{central,edge}.yaml', { cwd: ROOT });

function servicesOf(file: string): readonly Service[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return Object.values((parse(text, { merge: true }) as { services: Record<string, Service> }).services);
}

test('there is a quick start and a fleet', () => {
  expect(composeFiles.sort()).toEqual([
    'compose/fleet/docker-compose.yaml',
    'compose/quickstart/docker-compose.yaml',
  ]);
});

test("the fleet's nats-server.conf is what nats-config makes from its topology", () => {
  const [made] = serverConfs(loadTopology(join(ROOT, 'compose/fleet/fleet.yaml')), 'fleet.yaml');
  expect(readFileSync(join(ROOT, 'compose/fleet/nats-server.conf'), 'utf8')).toBe(made?.text);
});

test.each(composeFiles)('%s names pinned images, loopback ports and files that exist', (file) => {
  const folder = dirname(join(ROOT, file));
  for (const { image, ports = [], volumes = [], build } of servicesOf(file)) {
    expect(image).toMatch(/:[\w.-]*\d|:local$/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    const mounted = volumes
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((path) => path.startsWith('.'));
    for (const path of mounted) expect([path, existsSync(join(folder, path))]).toEqual([path, true]);
    if (build) expect(existsSync(join(folder, build.context, build.dockerfile))).toBe(true);
  }
});

test.each(sidecarFiles)('%s is a sound configuration', (file) => {
  const run = spawnSync(process.execPath, [BIN, 'check-config', '--config', file], {
    cwd: ROOT,
    env: ENV,
    encoding: 'utf8',
  });
  expect([run.status, run.stderr]).toEqual([0, '']);
});

const compose = spawnSync('docker', ['compose', 'version']);
test.skipIf(compose.status !== 0).each(composeFiles)('docker compose accepts %s', (file) => {
  const run = spawnSync('docker', ['compose', '-f', file, 'config', '-q'], {
    cwd: ROOT,
    env: ENV,
    encoding: 'utf8',
  });
  expect([run.status, run.stderr]).toEqual([0, '']);
});

describe.skipIf(!serversAvailable())('nats-server', () => {
  test.each(globSync('compose/*/nats-server.conf', { cwd: ROOT }))('accepts %s', (file) => {
    const run = spawnSync(findServer(NATS) ?? '', ['-t', '-c', file], {
      cwd: ROOT,
      env: ENV,
      encoding: 'utf8',
    });
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining('is valid')]);
  });
});

describe.skipIf(!serversAvailable())('the fleet of compose/fleet, as processes', () => {
  let openfga: OpenFga;
  let nats: Nats;
  const fleet = createFleet();
  const password = (user: string) => `${user}-password`;

  /** The YAML of the compose project, with addresses of this machine in the place of the project's. */
  function yamlOf(file: string, user: string, more: Record<string, string>, upstream: string): SidecarYaml {
    const values: Record<string, string> = { ...ENV, ...more, NATS_PASSWORD: password(user) };
    const text = readFileSync(join(ROOT, 'compose/fleet', file), 'utf8').replace(
      /\$\{(\w+)\}/g,
      (_whole, name: string) => values[name] ?? '',
    );
    const { listen: _listen, store: _store, ...rest } = parse(text) as SidecarYaml;
    const { nats: log } = rest.changelog as { nats: { edges?: string } };
    const edges = log.edges === undefined ? {} : { edges: join(ROOT, 'compose/fleet', log.edges) };
    return {
      ...rest,
      upstream: { http: upstream },
      changelog: { nats: { ...log, servers: [nats.url], ...edges } },
    };
  }

  beforeAll(async () => {
    const config = readFileSync(join(ROOT, 'compose/fleet/nats-server.conf'), 'utf8')
      // The test says where the data lies, and needs no monitoring port.
      .replace(/^ *(store_dir|http):.*$/gm, '');
    const env = Object.fromEntries(
      ['central', 'tokyo', 'london'].map((user) => [`${user.toUpperCase()}_NATS_PASSWORD`, password(user)]),
    );
    [openfga, nats] = await Promise.all([startOpenFga(), startNats({ config, env })]);
  });
  afterAll(async () => {
    await fleet.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  test('brings a Write at either central to both edges, with the permissions of its nats-server.conf', async () => {
    const central = (id: string) =>
      fleet.start(id, yamlOf('central.yaml', 'central', { NODE_ID: id }, openfga.http));
    const [a, b] = await Promise.all([central('central-a'), central('central-b')]);
    const store = await createStore(a.http, 'compose', SMALL.model);
    const edge = (id: string, upstream: Sidecar) =>
      fleet.start(id, yamlOf('edge.yaml', id, { EDGE_ID: id }, upstream.http));
    const edges = await Promise.all([edge('tokyo', a), edge('london', b)]);
    for (const [n, writer] of [a, b].entries()) {
      const key = { user: 'user:anne', relation: 'owner', object: `document:${n}` };
      await expectStatus(200, write(writer.http, store.storeId, { writes: [key] }));
      for (const { name, http } of edges) {
        const seen = () => check(http, store.storeId, key);
        const reply = await eventually(
          seen,
          ({ headers, body }) => {
            const answer = body as { readonly allowed?: boolean };
            return headers['rsfga-served-by'] === 'local' && answer.allowed === true;
          },
          30_000,
        );
        expect([name, allowed(reply)]).toEqual([name, true]);
      }
    }
    for (const { name, output } of edges)
      expect([name, output()]).not.toEqual([name, expect.stringMatching(/no central sidecar makes it/)]);
  });
});
