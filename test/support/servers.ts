/**
 * Real OpenFGA and NATS servers for `*.real.test.ts` and `*.long.test.ts`, on free loopback ports, gone with the process.
 *
 *     describe.skipIf(!serversAvailable())('…', () => { beforeAll(async () => { fga = await startOpenFga(); }) })
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { findServer, HOW_TO_GET_SERVERS, NATS, OPENFGA, type ServerSpec } from './build-servers.ts';
import { freePort, greeting, type Launched, launch, type Running, temporaryFolder } from './children.ts';
import { type Postgres, startPostgres } from './postgres.ts';

export { postgresAvailable } from './postgres.ts';

export interface OpenFga extends Running {
  /** `http://127.0.0.1:port`, `https://` with `tls`. */
  readonly http: string;
  /** `127.0.0.1:port` */
  readonly grpc: string;
}

export interface OpenFgaOptions {
  /** `postgres` starts one of its own; a running one may be shared by several servers. */
  readonly datastore?: 'memory' | 'postgres' | Postgres;
  /** Further flags of `openfga run`, e.g. `--authn-method=preshared`. */
  readonly args?: readonly string[];
  /** Paths: TLS on both ports. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** Fixed ports, to start again where another one was. */
  readonly ports?: { readonly http: number; readonly grpc: number };
}

export interface Nats extends Launched {
  /** `nats://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
}

export interface NatsOptions {
  /** Kept when the server stops, so another start may use it again. Default: a new temporary one. */
  readonly storeDir?: string;
  readonly port?: number;
  /** Path of a configuration file, or its text. JetStream is then only on if it says so; address, port and, where it names none, the store are set here. */
  readonly config?: string;
  /** What the configuration takes from the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** For `args`: on a busy machine the default deadlines cut lists short without a word. With these a late list is an error. */
export const PATIENT: readonly string[] = [
  '--listObjects-deadline=10s',
  '--listUsers-deadline=10s',
  '--request-timeout=8s',
  '--http-upstream-timeout=12s',
];

/** For `describe.skipIf(!serversAvailable())`. With `CI=true` a missing server is an error. */
export function serversAvailable(): boolean {
  const missing = [OPENFGA, NATS].filter((spec) => findServer(spec) === undefined);
  if (missing.length > 0 && process.env.CI === 'true') throw missingServer(missing[0] ?? OPENFGA);
  return missing.length === 0;
}

/** Resolves when `/healthz` is SERVING. */
export async function startOpenFga(options: OpenFgaOptions = {}): Promise<OpenFga> {
  const bin = required(OPENFGA);
  const { datastore = 'memory' } = options;
  const own = datastore === 'postgres' ? await startPostgres() : undefined;
  const postgres = own ?? (typeof datastore === 'object' ? datastore : undefined);
  const storage = postgres ? migrated(bin, postgres.uri) : [];
  const http = options.ports?.http ?? (await freePort());
  const grpc = options.ports?.grpc ?? (await freePort());
  const base = `${options.tls ? 'https' : 'http'}://127.0.0.1:${http}`;
  const running = await launch({
    name: 'openfga',
    bin,
    args: [
      'run',
      ...addresses(http, grpc),
      ...QUIET,
      ...storage,
      ...tlsFlags(options),
      ...(options.args ?? []),
    ],
    ready: () => serving(`${base}/healthz`, options),
  });
  const server = { ...running, http: base, grpc: `127.0.0.1:${grpc}` };
  return own ? { ...server, ...withPostgres(running, own) } : server;
}

/** Resolves when the server has greeted, with JetStream on unless a `config` says otherwise. */
export async function startNats(options: NatsOptions = {}): Promise<Nats> {
  const bin = required(NATS);
  const storeDir = options.storeDir ?? temporaryFolder('nats-store');
  const port = options.port ?? (await freePort());
  const mode = options.config === undefined ? ['-js'] : ['-c', configFile(options.config)];
  // The server refuses to be told twice.
  const folder = textOf(options.config).includes('store_dir') ? [] : ['-sd', storeDir];
  const running = await launch({
    name: 'nats-server',
    bin,
    args: [...mode, '-a', '127.0.0.1', '-p', `${port}`, ...folder],
    ...(options.env ? { env: options.env } : {}),
    ready: async () => {
      if (!(await greeting(port, true)).startsWith('INFO')) throw new Error('no INFO line');
    },
  });
  return { ...running, url: `nats://127.0.0.1:${port}`, port, storeDir };
}

const QUIET = ['--playground-enabled=false', '--metrics-enabled=false', '--log-level=error'];

function addresses(http: number, grpc: number): string[] {
  return [`--http-addr=127.0.0.1:${http}`, `--grpc-addr=127.0.0.1:${grpc}`];
}

function tlsFlags({ tls }: OpenFgaOptions): string[] {
  if (!tls) return [];
  const { cert, key } = tls;
  return ['http', 'grpc'].flatMap((port) => [
    `--${port}-tls-enabled`,
    `--${port}-tls-cert=${cert}`,
    `--${port}-tls-key=${key}`,
  ]);
}

async function serving(url: string, { tls }: OpenFgaOptions): Promise<void> {
  const dispatcher = new Agent({ connect: tls ? { ca: readFileSync(tls.ca) } : {} });
  try {
    const { statusCode, body } = await request(url, { dispatcher });
    await body.dump();
    if (statusCode !== 200) throw new Error(`healthz: ${statusCode}`);
  } finally {
    await dispatcher.destroy();
  }
}

function migrated(bin: string, uri: string): string[] {
  const flags = ['--datastore-engine=postgres', `--datastore-uri=${uri}`];
  const run = spawnSync(bin, ['migrate', ...flags], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`openfga migrate failed: ${run.stderr}`);
  return flags;
}

function withPostgres(server: Running, postgres: Postgres): Running {
  const stop = async () => {
    await server.stop();
    await postgres.stop();
  };
  const kill = () => {
    server.kill();
    postgres.kill();
  };
  return { pid: server.pid, stop, kill };
}

function textOf(config = ''): string {
  return existsSync(config) ? readFileSync(config, 'utf8') : config;
}

function configFile(config: string): string {
  if (existsSync(config)) return config;
  const path = join(temporaryFolder('nats-config'), 'nats.conf');
  writeFileSync(path, config);
  return path;
}

function required(spec: ServerSpec): string {
  const path = findServer(spec);
  if (path === undefined) throw missingServer(spec);
  return path;
}

function missingServer(spec: ServerSpec): Error {
  return new Error(`${spec.name} ${spec.version} is missing; ${HOW_TO_GET_SERVERS}`);
}
