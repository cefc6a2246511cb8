/** docs/plugins.md, done as it says: only its ports are others, as somebody may listen on those. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, temporaryFolder } from '../support/children.ts';
import { eventually } from '../support/fleet.ts';
import { pageOf, ROOT } from './page.ts';

const PATIENCE_MS = 60_000;
const page = pageOf('docs/plugins.md');
const folder = temporaryFolder('page');
const [start = '', ask = ''] = page.blocks('sh');
const [unitTests = '', checkConfig = '', run = ''] = start.split('\n');

let ports: Readonly<Record<string, string>>;
let sidecar: ChildProcess | undefined;
let output = '';

const withPorts = (text: string) => text.replace(/:(8080|8090)\b/g, (_, port: string) => `:${ports[port]}`);

function paste(text: string) {
  return spawnSync('sh', ['-c', withPorts(text)], { cwd: folder, encoding: 'utf8', timeout: PATIENCE_MS });
}

beforeAll(async () => {
  ports = { 8080: `${await freePort()}`, 8090: `${await freePort()}` };
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/rsfga-edge'));
  symlinkSync(join(ROOT, 'bin/rsfga-edge.js'), join(folder, 'node_modules/.bin/rsfga-edge'));
  writeFileSync(join(folder, 'package.json'), page.blocks('json')[0] ?? '');
  for (const name of ['mine.js', 'mine.test.js', 'edge.yaml'])
    writeFileSync(join(folder, name), withPorts(page.files[name] ?? ''));
});
afterAll(() => {
  try {
    process.kill(-(sidecar?.pid ?? 0), 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
});

test('the tier passes the suite', () => {
  expect(unitTests).toContain('node --test');
  const { status, stdout } = paste(unitTests);
  expect(stdout).toMatch(/pass 16\b/);
  expect([status, stdout.includes('fail 0')]).toEqual([0, true]);
});

test('the YAML is sound', () => {
  const { status, stdout, stderr } = paste(checkConfig);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('edge.yaml is sound');
});

test('the sidecar answers what the tier answers, and forwards the rest', async () => {
  sidecar = spawn('sh', ['-c', run], { cwd: folder, detached: true });
  for (const stream of [sidecar.stdout, sidecar.stderr])
    stream?.on('data', (data) => {
      output += String(data);
    });
  await eventually(
    async () => output,
    (text) => text.includes('"running"'),
    PATIENCE_MS,
  );
  const lines = ask.split('\n');
  const [viewer = '', editor = ''] = lines.filter((line) => line.startsWith('curl -si'));
  const before = lines.slice(0, lines.indexOf(viewer)).join('\n');
  const store = /STORE=(\w{26})/.exec(paste(`${before}\necho STORE=$STORE`).stdout)?.[1];
  expect(store).toBeDefined();
  const set = `API=http://127.0.0.1:8080\nSTORE=${store}\n`;
  const local = await eventually(
    async () => paste(set + viewer).stdout,
    (text) => /^rsfga-served-by: local/im.test(text),
    PATIENCE_MS,
  );
  expect(local).toMatch(/"allowed": ?true/);
  const forwarded = paste(set + editor).stdout;
  expect(forwarded).toMatch(/^rsfga-served-by: upstream/im);
  expect(forwarded).toMatch(/^rsfga-declined: method/im);
  expect(forwarded).toMatch(/"allowed": ?false/);
});
