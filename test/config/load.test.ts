import { mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXAMPLE } from '../../scripts/gen-config.ts';
import { follows, productOf } from '../../src/config/config.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';

const STORE_A = '01J0000000000000000000000A';
const EDGE = 'role: edge\nupstream: { http: http://127.0.0.1:18080 }\n';
const CENTRAL = 'role: central\nupstream: { http: http://127.0.0.1:18080 }\nchangelog: memory\n';

test('the example of the reference page becomes a typed configuration', () => {
  const config = parseConfig(EXAMPLE, { file: '/etc/rsfga/edge.yaml', env: { OPENFGA_API_TOKEN: 'geheim' } });
  expect(config).toMatchObject({
    role: 'edge',
    edgeId: 'tokyo-1',
    listen: {
      http: { host: '127.0.0.1', port: 8080 },
      grpc: { host: '127.0.0.1', port: 8081 },
      admin: { host: '127.0.0.1', port: 8090 },
    },
    upstream: { http: 'http://127.0.0.1:18080', apiToken: 'geheim', lagMs: 0 },
    changelog: { kind: 'nats', servers: ['nats://127.0.0.1:4222'], stream: 'RSFGA_CHANGES', replicas: 1 },
    store: { kind: 'lmdb', path: '/etc/rsfga/data' },
    products: [
      {
        id: 'global-app',
        stores: [STORE_A],
        tier: { kind: 'critical' },
        maxStalenessMs: 10_000,
        onStale: 'forward',
        maxOfflineMs: 3_600_000,
      },
      { id: 'everything-else', stores: ['*'], tier: { kind: 'cold' }, maxStalenessMs: 30_000 },
    ],
    defaultTier: { kind: 'cold' },
    capture: undefined,
    reconcile: { intervalMs: 1000, overlapMs: 30_000 },
    consistency: { higher: 'forward', waitMs: 1000 },
    file: '/etc/rsfga/edge.yaml',
  });
});

test('an edge needs no more than its role and its upstream', () => {
  const config = parseConfig(EDGE);
  expect(config.changelog).toEqual({ kind: 'upstream' });
  expect(config.store).toEqual({ kind: 'lmdb', path: join(process.cwd(), 'data') });
  expect(config.capture).toBeUndefined();
  expect(config.edgeId).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(config.nodeId).toBe(`${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}:8080`);
  expect(follows(config)).toBe(false);
});

test('capture is on for a central, for a memory log, and wherever it is written down', () => {
  const defaults = { onPublishFailure: 'accept', wait: 'published', waitTimeoutMs: 1000 };
  expect(parseConfig(CENTRAL).capture).toEqual(defaults);
  expect(parseConfig(`${EDGE}changelog: memory`).capture).toEqual(defaults);
  const nats = `${EDGE}changelog: { nats: { servers: [ nats://h:1 ] } }\n`;
  expect(parseConfig(nats).capture).toBeUndefined();
  expect(parseConfig(`${nats}capture:`).capture).toEqual(defaults);
  expect(parseConfig(`${nats}capture: { wait: none }`).capture).toEqual({ ...defaults, wait: 'none' });
});

test('the environment fills values in, quoted or not, also inside of braces and where a number belongs', () => {
  const text = `${EDGE.replace('18080 }', `18080, api_token: \${TOKEN} }`)}changelog: { nats: { servers: [ "nats://\${HOST}:4222" ], replicas: \${N} } }`;
  const config = parseConfig(text, { env: { TOKEN: '123', HOST: 'hub', N: '3' } });
  expect(config.upstream).toMatchObject({ apiToken: '123' });
  expect(config.changelog).toMatchObject({ servers: ['nats://hub:4222'], replicas: 3 });
});

test('$${ stands for the characters themselves', () => {
  const config = parseConfig(`${EDGE}admin: { token: "a$\${B}c" }`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is the text
  expect(config.admin.token).toBe('a${B}c');
});

test('a bare word, a key without value and a key with empty options choose the same plugin', () => {
  for (const tier of ['critical', '{ critical: }', '{ critical: {} }']) {
    const config = parseConfig(`${EDGE}default_tier: ${tier}`);
    expect(config.defaultTier).toEqual({ kind: 'critical' });
    expect(follows(config)).toBe(true);
  }
});

test('a store belongs to the product that names it, else to the one of "*", else to none', () => {
  const config = parseConfig(EXAMPLE, { env: { OPENFGA_API_TOKEN: 'x' } });
  expect(productOf(config, STORE_A)?.id).toBe('global-app');
  expect(productOf(config, '01J0000000000000000000000Z')?.id).toBe('everything-else');
  expect(productOf(parseConfig(EDGE), STORE_A)).toBeUndefined();
});

test('a file is read from the disk, and its relative paths count from its folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rsfga-config-'));
  writeFileSync(join(folder, 'e.yaml'), `${EDGE}store: { lmdb: { path: ./here } }`);
  expect(loadConfig(join(folder, 'e.yaml')).store).toEqual({ kind: 'lmdb', path: join(folder, 'here') });
});

test('a file that is not there, a folder, an empty file and a bare word are named as such', () => {
  const empty = join(mkdtempSync(join(tmpdir(), 'rsfga-config-')), 'empty.yaml');
  writeFileSync(empty, '# nothing\n');
  expect(() => loadConfig('/no/such.yaml')).toThrow('there is no such file');
  expect(() => loadConfig(tmpdir())).toThrow('cannot be read (EISDIR)');
  expect(() => loadConfig(empty)).toThrow('the file is empty');
  expect(() => parseConfig('hello')).toThrow('must be a mapping');
  expect(() => parseConfig('')).toThrow(ConfigError);
});
