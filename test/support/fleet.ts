/**
 * Sidecar processes as an operator starts them: `rsfga-edge run --config FILE`, from YAML, on loopback.
 * They end with the test process, however it ends (`children.ts`).
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { StatusReport, StoreStatus } from '../../src/admin/status.ts';
import { call, type Reply } from './api.ts';
import { type Exit, freePort, type Launched, launch, temporaryFolder } from './children.ts';

/** Keys of the YAML that every sidecar gets; the rest is the test's. */
export interface SidecarYaml {
  readonly role: 'central' | 'regional' | 'edge';
  readonly upstream: object | 'embedded';
  readonly changelog: object | 'memory' | 'upstream';
  readonly [key: string]: unknown;
}

export interface Sidecar {
  readonly name: string;
  /** `http://127.0.0.1:port` of the OpenFGA API. */
  readonly http: string;
  /** `127.0.0.1:port` of the gRPC API; nothing listens there unless the upstream in the YAML names its gRPC port. */
  readonly grpc: string;
  /** `http://127.0.0.1:port` of the admin listener. */
  readonly admin: string;
  readonly configFile: string;
  /** Folder of the LMDB store, also when the YAML names another kind. */
  readonly storePath: string;
  /** Removes what the LMDB store holds, while the process is not running: a new disk. */
  emptyStore(): void;
  pid(): number;
  /** What this run of the process has written. */
  output(): string;
  /** Again, with the same YAML, ports and store, after it has ended. Resolves when `/readyz` is 200. */
  restart(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<Exit>;
  /** SIGTERM; resolves when it is gone. Rejects after 15 s. */
  terminate(): Promise<Exit>;
  /** Resolves when `/readyz?synced` is 200. Rejects after 60 s with what it said last. */
  synced(): Promise<void>;
  status(): Promise<StatusReport>;
  metrics(): Promise<string>;
}

export interface Fleet {
  /** Starts one and waits for `/readyz`. `name` is in failures and is its `edge_id`. `files`: texts beside its YAML, by path. */
  start(name: string, yaml: SidecarYaml, files?: Files): Promise<Sidecar>;
  /** Stops all of them. Never rejects: what did not stop is killed. */
  stop(): Promise<void>;
}

export const BIN = join(import.meta.dirname, '../../bin/rsfga-edge.js');
const TERMINATE_MS = 15_000;
const SYNCED_MS = 60_000;

export function createFleet(): Fleet {
  const sidecars: Sidecar[] = [];
  return {
    start: async (name, yaml, files = {}) => {
      const sidecar = await startSidecar(name, yaml, files);
      sidecars.push(sidecar);
      return sidecar;
    },
    stop: async () => {
      await Promise.all(sidecars.splice(0).map((sidecar) => sidecar.kill()));
    },
  };
}

/** YAML of a central beside this OpenFGA. */
export function centralYaml(openfga: string, nats: string, more: object = {}): SidecarYaml {
  return { role: 'central', upstream: { http: openfga }, changelog: natsLog(nats), ...more };
}

/** YAML of an edge that keeps every store (`critical`). Give `products` to keep others. */
export function edgeYaml(upstream: string, nats: string, more: object = {}): SidecarYaml {
  return {
    role: 'edge',
    upstream: { http: upstream },
    changelog: natsLog(nats),
    products: [{ id: 'everything', stores: ['*'], tier: 'critical' }],
    ...more,
  };
}

function natsLog(nats: string): object {
  return { nats: { servers: [nats] } };
}

type Files = Readonly<Record<string, string>>;

async function startSidecar(name: string, yaml: SidecarYaml, files: Files): Promise<Sidecar> {
  const folder = temporaryFolder(`sidecar-${name}`);
  putFiles(folder, files);
  const [http, grpc, admin] = [await freePort(), await freePort(), await freePort()];
  const storePath = join(folder, 'data');
  mkdirSync(storePath);
  const configFile = join(folder, `${name}.yaml`);
  const store = yaml.role === 'central' ? {} : { store: { lmdb: { path: storePath } } };
  const speaksGrpc = typeof yaml.upstream === 'object' && 'grpc' in yaml.upstream;
  const listen = {
    http: `127.0.0.1:${http}`,
    ...(speaksGrpc ? { grpc: `127.0.0.1:${grpc}` } : {}),
    admin: `127.0.0.1:${admin}`,
  };
  writeFileSync(configFile, stringify({ edge_id: name, listen, ...store, ...yaml }));
  const urls = {
    http: `http://127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    admin: `http://127.0.0.1:${admin}`,
  };
  const begin = () => run(name, configFile, urls.admin);
  let launched = await begin();
  return {
    name,
    ...urls,
    configFile,
    storePath,
    emptyStore: () => {
      rmSync(storePath, { recursive: true });
      mkdirSync(storePath);
    },
    pid: () => launched.pid,
    output: () => launched.output(),
    restart: async () => {
      await awake(launched.exited);
      launched = await begin();
    },
    kill: () => {
      launched.kill();
      return awake(launched.exited);
    },
    terminate: () => terminate(launched),
    synced: () => synced(urls.admin, () => launched.output()),
    status: async () => (await call(urls.admin, '/status')).body as StatusReport,
    metrics: async () => String((await call(urls.admin, '/metrics')).body),
  };
}

function putFiles(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function run(name: string, configFile: string, admin: string): Promise<Launched> {
  return launch({
    name,
    bin: process.execPath,
    args: [BIN, 'run', '--config', configFile],
    ready: async () => {
      const reply = await call(admin, '/readyz');
      if (reply.status !== 200) throw new Error(`readyz: ${reply.status}`);
    },
  });
}

async function terminate(launched: Launched): Promise<Exit> {
  process.kill(launched.pid, 'SIGTERM');
  const late = sleep(TERMINATE_MS, 'late' as const, { ref: false });
  const exit = await awake(Promise.race([launched.exited, late]));
  if (exit !== 'late') return exit;
  throw new Error(`still there ${TERMINATE_MS} ms after SIGTERM:\n${launched.output().slice(-2000)}`);
}

/** A child that is waited for does not keep the event loop alive by itself. */
async function awake<T>(pending: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1_000);
  return pending.finally(() => clearInterval(timer));
}

async function synced(admin: string, output: () => string): Promise<void> {
  const until = Date.now() + SYNCED_MS;
  let last: Reply | undefined;
  while (Date.now() < until) {
    last = await call(admin, '/readyz?synced');
    if (last.status === 200) return;
    await sleep(50);
  }
  throw new Error(`not synced: ${JSON.stringify(last?.body)}\n${output().slice(-2000)}`);
}

/** Resolves when `holds` does; tried every 25 ms. Rejects after `withinMs` with the last value seen. */
export async function eventually<T>(
  look: () => Promise<T>,
  holds: (seen: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > until) throw new Error(`not so after ${withinMs} ms: ${JSON.stringify(seen)}`);
    await sleep(25);
  }
}

/** The store's entry in a status, or undefined when no product lists it. */
export function storeStatus(status: StatusReport, storeId: string): StoreStatus | undefined {
  return status.products.flatMap((product) => product.stores).find((store) => store.storeId === storeId);
}
