/** A throw-away PostgreSQL on loopback, from the system's own packages (Debian keeps them under /usr/lib/postgresql). */
import { spawnSync } from 'node:child_process';
import { accessSync, chownSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePort, greeting, launch, type Running, temporaryFolder } from './children.ts';

export interface Postgres extends Running {
  /** `postgres://…/postgres?sslmode=disable`, superuser, no password. */
  readonly uri: string;
  readonly port: number;
  readonly dataDir: string;
}

export const HOW_TO_GET_POSTGRES = 'apt-get install postgresql';

/** Whether the programs are there, and, when run as root, a user to run them as (PostgreSQL refuses root). */
export function postgresAvailable(): boolean {
  const available = programs() !== undefined && account() !== undefined;
  if (!available && process.env.CI === 'true')
    throw new Error(`postgresql is missing: ${HOW_TO_GET_POSTGRES}`);
  return available;
}

/** `args` go to the server, e.g. `['-c', 'wal_level=logical']`. A `dataDir` given is used as it is: a restart. */
export async function startPostgres(
  options: { dataDir?: string; port?: number; args?: readonly string[] } = {},
): Promise<Postgres> {
  const bin = programs();
  const user = account();
  if (bin === undefined || user === undefined)
    throw new Error(`postgresql is missing: ${HOW_TO_GET_POSTGRES}`);
  const dataDir = options.dataDir ?? initialise(bin, user);
  const port = options.port ?? (await freePort());
  const running = await launch({
    name: 'postgres',
    bin: join(bin, 'postgres'),
    args: ['-D', dataDir, '-h', '127.0.0.1', '-p', `${port}`, ...SETTINGS, ...(options.args ?? [])],
    ready: () => ready(bin, port),
    user,
    // Fast shutdown: open connections are cut.
    stopSignal: 'SIGINT',
  });
  return { ...running, dataDir, port, uri: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable` };
}

/** Throw-away data: speed before safety. */
const SETTINGS = ['-c', 'fsync=off', '-c', 'unix_socket_directories=', '-c', 'max_connections=200'];

function initialise(bin: string, user: Account): string {
  const dataDir = temporaryFolder('postgres-data');
  if (user.uid !== undefined && user.gid !== undefined) chownSync(dataDir, user.uid, user.gid);
  const args = ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'];
  const run = spawnSync(join(bin, 'initdb'), args, { encoding: 'utf8', cwd: '/', ...user });
  if (run.status !== 0) throw new Error(`initdb failed: ${run.stderr}`);
  return dataDir;
}

async function ready(bin: string, port: number): Promise<void> {
  await greeting(port, false);
  const run = spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${port}`]);
  if (run.status !== 0) throw new Error('not accepting connections yet');
}

function programs(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = listed(debian).sort((a, b) => Number(b) - Number(a));
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) =>
    ['initdb', 'postgres', 'pg_isready'].every((name) => runs(join(folder, name))),
  );
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Account =
  | { readonly uid: number; readonly gid: number }
  | { readonly uid?: never; readonly gid?: never };

/** Whom to run it as: ourselves, or `postgres` when we are root. */
function account(): Account | undefined {
  if (process.getuid?.() !== 0) return {};
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined;
}
