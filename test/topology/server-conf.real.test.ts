/** What is made starts on a real nats-server, and a change passes through it: TLS, keys, a leaf node with a JetStream of its own. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { ulid } from 'ulid';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { GUEST_DOMAIN } from '../../src/topology/login.ts';
import { serverConfs, variablesIn } from '../../src/topology/server-conf.ts';
import { parseTopology } from '../../src/topology/topology.ts';
import { createChain, readUntil, tuple } from '../contract/changelog-chain.ts';
import { openLog } from '../plugins/changelog/nats-fixture.ts';
import { findServer, NATS } from '../support/build-servers.ts';
import { freePort, temporaryFolder } from '../support/children.ts';
import { BIN } from '../support/fleet.ts';
import { serversAvailable, startNats } from '../support/servers.ts';

const openssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate for 127.0.0.1 that is its own authority. */
function certificate(): { readonly cert: string; readonly key: string } {
  const folder = temporaryFolder('certificate');
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...[
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
  ]);
  expect(made.status).toBe(0);
  return { cert, key };
}

function userKey(): { readonly nkey: string; readonly seed: string } {
  const pair = nkeys.createUser();
  return { nkey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString() };
}

/** For every variable that a configuration needs. */
function valueFor(name: string, seed: string): string {
  if (name.endsWith('SEED')) return seed;
  return name.endsWith('URL') ? `tls://u:p@${name.toLowerCase()}:1` : 'secret';
}

describe.skipIf(!serversAvailable() || !openssl)('configurations made from a topology', () => {
  test('are accepted by nats-server, all of them: a cluster, TLS, keys, leaf nodes with and without JetStream', () => {
    const { cert, key } = certificate();
    const folder = temporaryFolder('confs');
    const file = join(folder, 'fleet.yaml');
    const servers = [1, 2, 3].map((n) => ({
      ...{ name: `nats-${n}`, host: `nats-${n}.example.org`, client: `0.0.0.0:42${n}` },
      ...{ cluster: `[::1]:62${n}`, leafnodes: `0.0.0.0:74${n}`, monitor: `127.0.0.1:82${n}` },
    }));
    const { nkey, seed } = userKey();
    const topology = {
      ...{ account: 'AUTHZ', stream: 'CHANGES', products_bucket: 'products' },
      hub: { tls: { cert, key, ca: cert, verify: 'yes' }, servers },
      leaves: [
        { name: 'plain', hub_ca: cert },
        {
          name: 'full',
          hub_ca: cert,
          nkey,
          jetstream: {},
          tls: { cert, key },
          monitor: '127.0.0.1:8322',
        },
      ],
      ...{
        centrals: [{ user: 'a' }, { user: 'b', nkey: userKey().nkey }],
        operators: [{ user: 'o' }],
        readers: [{ user: 'r' }],
      },
      products: [{ id: 'all', stores: ['*'] }],
      edges: [
        { id: 'near', products: ['all'], snapshots: { write: 'yes' } },
        { id: 'far', products: ['all'], at: 'full', nkey: userKey().nkey, snapshots: {} },
      ],
    };
    writeFileSync(file, stringify(topology));
    const run = spawnSync(process.execPath, [BIN, 'nats-config', file, '--out', folder], {
      encoding: 'utf8',
    });
    expect([run.status, run.stderr]).toEqual([0, '']);
    const confs = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    expect(confs.sort()).toEqual(['full.conf', 'nats-1.conf', 'nats-2.conf', 'nats-3.conf', 'plain.conf']);
    const needed = [...run.stdout.matchAll(/\w+_NATS_(?:PASSWORD|URL|SEED)/g)].map(([name]) => name);
    const env = Object.fromEntries(needed.map((name) => [name, valueFor(name, seed)]));
    for (const conf of confs) {
      const tried = spawnSync(findServer(NATS) ?? '', ['-t', '-c', join(folder, conf)], {
        env: { ...env },
        encoding: 'utf8',
      });
      expect([conf, tried.status, tried.stderr]).toEqual([conf, 0, expect.stringContaining('is valid')]);
    }
    const printed = spawnSync(process.execPath, [BIN, 'nats-config', file, '--server', 'nats-4'], {
      encoding: 'utf8',
    });
    expect([printed.status, printed.stderr]).toEqual([2, expect.stringMatching(/no server "nats-4"/)]);
  });

  test.each([
    ['1', '2k', '3'],
    ['true', 'on', 'no'],
    ['-x', '-1', '-'],
    ['include', '_', 'x'],
  ])(
    'are accepted with names that nats-server would read as numbers, as yes and no, or as words of its own: %s, %s, %s',
    (one, two, three) => {
      const topology = parseTopology(
        stringify({
          account: one,
          hub: {
            ...{ cluster: one, domain: one },
            servers: [{ name: one, cluster: '127.0.0.1:62', leafnodes: '127.0.0.1:74' }],
          },
          leaves: [{ name: two, jetstream: {} }],
          centrals: [{ user: `${one}c` }],
          products: [{ id: 'all', stores: ['*'] }],
          edges: [
            { id: one, products: ['all'] },
            { id: three, products: ['all'], at: two },
          ],
        }),
      );
      const folder = temporaryFolder('odd');
      for (const { server, text } of serverConfs(topology, 'fleet.yaml')) {
        const file = join(folder, `${server}.conf`);
        writeFileSync(file, text);
        const env = Object.fromEntries(variablesIn(text).map((name) => [name, valueFor(name, '')]));
        const tried = spawnSync(findServer(NATS) ?? '', ['-t', '-c', file], { env, encoding: 'utf8' });
        expect([tried.status, tried.stderr]).toEqual([0, expect.stringContaining('is valid')]);
      }
    },
  );

  test('carry a change over TLS to an edge behind a leaf node that logs in with a key and has a JetStream of its own', async () => {
    const { cert, key } = certificate();
    const leafPort = await freePort();
    const chain = createChain(ulid());
    const { nkey, seed } = userKey();
    const topology = parseTopology(
      stringify({
        hub: {
          ...{ store_dir: temporaryFolder('hub'), tls: { cert, key } },
          servers: [{ name: 'hub', host: '127.0.0.1', leafnodes: `127.0.0.1:${leafPort}` }],
        },
        leaves: [{ name: 'site', nkey, hub_ca: cert, jetstream: { store_dir: temporaryFolder('leaf') } }],
        centrals: [{ user: 'central' }],
        products: [{ id: 'one', stores: [chain.storeId] }],
        edges: [{ id: 'far', products: ['one'], at: 'site' }],
      }),
    );
    const [hubConf, leafConf] = serverConfs(topology, 'fleet.yaml').map(({ text }) => text);
    const names = [hubConf, leafConf].flatMap((text) => variablesIn(text ?? ''));
    const env = Object.fromEntries(names.map((name) => [name, valueFor(name, seed)]));
    const hub = await startNats({ config: hubConf ?? '', env });
    const leaf = await startNats({ config: leafConf ?? '', env });
    const login = (user: string) => ({ user, password: 'secret', inboxPrefix: `_INBOX_${user}` });
    const central = await openLog(hub.url, { ...login('central'), tls: { ca: cert } });
    const far = { ...login('far'), domain: GUEST_DOMAIN, edgeId: 'far', publishes: false };
    const edge = await openLog(leaf.url, far);
    onTestFinished(async () => {
      await Promise.all([central.close(), edge.close()]);
      await Promise.all([hub.stop(), leaf.stop()]);
    });
    await chain.append(central.writer, { writes: [tuple('doc:1')] });
    const filters = [{ storeId: chain.storeId }];
    // The leaf node may still be on its way to the hub.
    await expect
      .poll(
        () =>
          edge.reader.state().then(
            ({ last }) => last,
            () => '',
          ),
        { timeout: 20_000 },
      )
      .toBe('2');
    expect(await readUntil(edge, { after: '', filters }, (all) => all.length === 2)).toHaveLength(2);
    expect((await edge.reader.head(chain.storeId))?.head).toEqual(chain.head());
    await expect(edge.reader.head(ulid())).rejects.toThrow();
  });
});
