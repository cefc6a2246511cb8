/**
 * Where the real servers of the tests come from: PATH, else `.servers/bin` (ignored by git), else built there with Go.
 * As a program, `node test/support/build-servers.ts` makes sure that both are there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface ServerSpec {
  readonly name: 'openfga' | 'nats-server';
  /** The Go package of the program and the version that is built. */
  readonly goPackage: string;
  readonly goModule: string;
  readonly version: string;
  /** Says whether a version found on PATH will do. */
  readonly accepts: (version: string) => boolean;
}

export const OPENFGA: ServerSpec = {
  name: 'openfga',
  goPackage: 'github.com/openfga/openfga/cmd/openfga',
  goModule: 'github.com/openfga/openfga',
  version: 'v1.18.1',
  accepts: (version) => /^v1\.18\./.test(version),
};

export const NATS: ServerSpec = {
  name: 'nats-server',
  goPackage: 'github.com/nats-io/nats-server/v2',
  goModule: 'github.com/nats-io/nats-server/v2',
  version: 'v2.15.1',
  accepts: (version) => {
    const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)\./.exec(version)?.map(Number) ?? [];
    return major === 2 && minor >= 12;
  },
};

export const HOW_TO_GET_SERVERS = 'with Go installed: node test/support/build-servers.ts';

/** Half of it is enough on two free cores. What was compiled by then is kept by Go, so another run goes on from there. */
const BUILD_MS = 600_000;
const SERVERS_BIN = join(import.meta.dirname, '../../.servers/bin');
const found = new Map<string, string | undefined>();

/** Path of a program whose version will do, or undefined. Looked up once for each process. */
export function findServer(spec: ServerSpec): string | undefined {
  if (!found.has(spec.name)) found.set(spec.name, lookUp(spec));
  return found.get(spec.name);
}

/** Builds what is missing. Says what it does; a failure is told and leaves the server missing. */
export async function buildServers(say: (line: string) => void): Promise<void> {
  for (const spec of [OPENFGA, NATS]) {
    if (findServer(spec) !== undefined) continue;
    if (spawnSync('go', ['version']).status !== 0) {
      say(`${spec.name} ${spec.version} is missing and there is no Go toolchain to build it`);
      continue;
    }
    await build(spec, say);
    found.delete(spec.name);
  }
}

async function build(spec: ServerSpec, say: (line: string) => void): Promise<void> {
  mkdirSync(SERVERS_BIN, { recursive: true });
  const began = Date.now();
  const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
  say(`building ${spec.name} ${spec.version} into .servers/bin, once (a few minutes) …`);
  const ticks = setInterval(() => say(`  still building ${spec.name}, ${seconds()}`), 20_000);
  const child = spawn('go', ['install', `${spec.goPackage}@${spec.version}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, GOBIN: SERVERS_BIN, CGO_ENABLED: '0', GOFLAGS: '' },
    timeout: BUILD_MS,
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = (errors + String(data)).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  clearInterval(ticks);
  say(
    code === 0
      ? `built ${spec.name} in ${seconds()}`
      : `could not build ${spec.name} in ${seconds()}: ${errors}`,
  );
}

function lookUp(spec: ServerSpec): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), SERVERS_BIN];
  const paths = folders.filter((folder) => folder !== '').map((folder) => join(folder, spec.name));
  return paths.find((path) => isProgram(path) && spec.accepts(versionOf(path, spec)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `go install` leaves the printed version at `dev`, so the build information inside the binary is asked first. */
function versionOf(path: string, spec: ServerSpec): string {
  const binary = readFileSync(path);
  const mark = `mod\t${spec.goModule}\t`;
  const at = binary.indexOf(mark);
  const built = at < 0 ? '' : binary.toString('latin1', at + mark.length, at + mark.length + 40);
  const version = /^v\d+\.\d+\.\d+/.exec(built)?.[0];
  return version ?? printedVersion(path, spec);
}

function printedVersion(path: string, spec: ServerSpec): string {
  const run = spawnSync(path, [spec === OPENFGA ? 'version' : '--version'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return /v\d+\.\d+\.\d+/.exec(`${run.stdout}${run.stderr}`)?.[0] ?? '';
}

if (import.meta.main) {
  await buildServers((line) => console.log(line));
  const missing = [OPENFGA, NATS].filter((spec) => findServer(spec) === undefined);
  for (const spec of [OPENFGA, NATS]) console.log(`${spec.name}: ${findServer(spec) ?? 'missing'}`);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
