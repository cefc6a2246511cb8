import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../support/children.ts';

const BIN = join(import.meta.dirname, '../../bin/rsfga-edge.js');
const run = promisify(execFile);
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Demo {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** `first`: a line of the shell before it starts. */
function demo(ports: Readonly<Record<string, number>>, first = ':'): Demo {
  const flags = Object.entries(ports).flatMap(([flag, port]) => [`--${flag}`, String(port)]);
  const args = ['-c', `${first}; exec "$@"`, 'sh', process.execPath, BIN, 'demo', ...flags];
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  child.stdout?.on('data', (chunk) => (text += chunk));
  child.stderr?.on('data', (chunk) => (text += chunk));
  return { child, output: () => text, ended: new Promise((resolve) => child.on('exit', resolve)) };
}

async function ports() {
  const [http, edge, admin, upstream] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  return { 'http-port': http, 'edge-port': edge, 'admin-port': admin, 'upstream-port': upstream };
}

async function said({ output, ended }: Demo, words: string): Promise<string> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (let n = 0; n < 600 && !over; n += 1) {
    if (output().includes(words)) return output();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the demo did not say "${words}" but:\n${output()}`);
}

test('the three curl lines that it prints do what it says, and Ctrl-C ends it cleanly', async () => {
  const one = demo(await ports());
  const text = await said(one, 'Ctrl-C ends it');
  // The first that anybody sees of it: no line of the log stands in between.
  expect(text).not.toContain('"level"');
  const [check, write, status] = text.split('\n').filter((line) => line.startsWith('curl'));
  const sh = async (line: string | undefined) => (await run('sh', ['-c', line ?? 'false'])).stdout;
  const before = await sh(check);
  expect(before).toContain('"allowed":false');
  expect(before).toContain('Rsfga-Served-By: local');
  expect(await sh(write)).toMatch(/Rsfga-Revision: [0-9A-Z]{26}\.\d+/);
  const after = await sh(check);
  expect(after).toContain('"allowed":true');
  expect(after).toContain('Rsfga-Served-By: local');
  expect(JSON.parse(await sh(status))).toMatchObject({ role: 'edge', health: { state: 'healthy' } });
  one.child.kill('SIGINT');
  expect(await one.ended).toBe(0);
}, 60_000);

test('it starts without a warning where a process may open few files', async () => {
  const one = demo(await ports(), 'ulimit -n 1024');
  expect(await said(one, 'Ctrl-C ends it')).not.toContain('"level"');
}, 60_000);

test('a port in use is named with the flag that changes it', async () => {
  for (const flag of ['http-port', 'edge-port', 'admin-port', 'upstream-port'] as const) {
    const chosen = await ports();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(chosen[flag], '127.0.0.1', resolve));
    const one = demo(chosen);
    expect(await one.ended, one.output()).toBe(1);
    expect(one.output()).toContain(`Port ${chosen[flag]} for `);
    expect(one.output()).toContain(`--${flag} ${chosen[flag] + 1000}`);
    await new Promise((resolve) => holder.close(resolve));
  }
}, 90_000);
