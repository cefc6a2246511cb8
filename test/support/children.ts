/**
 * Server processes that cannot outlive the test process, however it ends (also by `kill -9`).
 *
 * A small shell holds the read end of a pipe; when this process is gone the pipe closes, the shell kills what is left and
 * removes the temporary folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Running {
  readonly pid: number;
  /** Asks it to end and waits; after 5 s it is killed. */
  stop(): Promise<void>;
  /** kill -9. Its files stay. */
  kill(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Launched extends Running {
  /** Resolves when the process is gone. */
  readonly exited: Promise<Exit>;
  /** What it has written to stdout and stderr so far. */
  output(): string;
}

export interface Launch {
  readonly name: string;
  readonly bin: string;
  readonly args: readonly string[];
  /** Rejects until the server answers. Tried every 25 ms. */
  readonly ready: () => Promise<void>;
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid?: number; readonly gid?: number };
  readonly stopSignal?: NodeJS.Signals;
}

const READY_MS = 60_000;
const STOP_MS = 5_000;

/** Starts a program and waits until it is ready; rejects with the end of its log when it ends first. */
export async function launch(what: Launch): Promise<Launched> {
  const log = join(mkdtempSync(join(temporaryRoot(), `${what.name}-`)), 'log');
  const out = openSync(log, 'a');
  const child = spawn(what.bin, [...what.args], {
    stdio: ['ignore', out, out],
    env: { ...process.env, ...what.env },
    ...what.user,
  });
  closeSync(out);
  child.unref();
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  const { pid } = child;
  if (pid === undefined) return failed;
  warden().stdin?.write(`add ${pid}\n`);
  exited.then(() => warden().stdin?.write(`drop ${pid}\n`));
  const output = () => readFileSync(log, 'utf8');
  await untilReady(what, child, () => output().slice(-2000));
  const kill = () => void child.kill('SIGKILL');
  return { pid, kill, stop: () => stop(child, exited, what.stopSignal), exited, output };
}

/** A folder of this process that is removed when it ends. Readable by all, as some servers change the user. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(temporaryRoot(), `${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** Below the ports that Linux (32768) and macOS (49152) hand to outgoing connections, so nobody else is given one of these. */
const FIRST_PORT = 10_000;
const LAST_PORT = 31_999;
let nextPort = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));

/**
 * A port on loopback that nobody listens on, and that this process does not name again for a long while: what the system
 * itself hands out may be the same one twice, or be taken by an outgoing connection before a server has it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < LAST_PORT - FIRST_PORT; tries += 1) {
    const port = nextPort;
    nextPort = port < LAST_PORT ? port + 1 : FIRST_PORT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${FIRST_PORT} to ${LAST_PORT}`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Resolves with the first bytes that a TCP server sends, or at once when it need not speak first. */
export function greeting(port: number, waits: boolean): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const said = new Promise<string>((resolve, reject) => {
    socket.setTimeout(1000, () => reject(new Error(`port ${port} does not greet`)));
    socket.once('error', reject);
    socket.once('data', (data) => resolve(data.toString()));
    if (!waits) socket.once('connect', () => resolve(''));
  });
  return said.finally(() => socket.destroy());
}

async function untilReady(what: Launch, child: ChildProcess, logTail: () => string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const refused = await what.ready().then(
      () => undefined,
      (error: unknown) => error,
    );
    const gone = child.exitCode !== null || child.signalCode !== null;
    if (gone) throw new Error(`${what.name} ended before it was ready:\n${logTail()}`);
    if (refused === undefined) return;
    if (Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`${what.name} is not ready after ${READY_MS} ms:\n${logTail()}`, { cause: refused });
    }
    await sleep(25);
  }
}

async function stop(child: ChildProcess, ended: Promise<Exit>, signal: NodeJS.Signals = 'SIGTERM') {
  child.ref();
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

let root: string | undefined;

function temporaryRoot(): string {
  root ??= mkdtempSync(join(tmpdir(), 'rsfga-test-'));
  chmodSync(root, 0o755);
  return root;
}

let shell: ChildProcess | undefined;

const WARDEN = `trap '' INT TERM HUP; pids=' '
while read -r op pid; do
  case $op in
    add) pids="$pids$pid " ;;
    drop) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done; rm -rf "$0"`;

function warden(): ChildProcess {
  if (shell) return shell;
  shell = spawn('sh', ['-c', WARDEN, temporaryRoot()], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  const { stdin } = shell;
  // The warden may be gone while the last servers end: nothing is left to tell it.
  stdin?.on('error', () => undefined);
  if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return shell;
}
