import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, temporaryFolder } from '../support/children.ts';
import { BIN, eventually } from '../support/fleet.ts';

const ROOT = join(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const SCRIPTS = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts;

function blocks(language: string): readonly string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );
}

test('the README has its two commands, each one line, and their scripts are there', () => {
  expect(blocks('sh')).toEqual(expect.arrayContaining(['npm ci && npm start\n', 'npm ci && npm test\n']));
  expect(SCRIPTS).toMatchObject({
    start: expect.any(String),
    test: expect.any(String),
    bench: expect.any(String),
  });
});

test.each(blocks('yaml').map((text, n) => ({ text, name: text.split('\n')[0], n })))(
  'the configuration $name in the README is sound',
  ({ text, n }) => {
    const file = join(temporaryFolder('readme'), `${n}.yaml`);
    writeFileSync(file, text);
    const run = spawnSync(process.execPath, [BIN, 'check-config', file], { encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([0, '']);
  },
);

describe('the first command', () => {
  let demo: ChildProcess;
  let printed = '';

  beforeAll(async () => {
    const names = ['http', 'edge', 'admin', 'upstream'];
    const flags = await Promise.all(names.map(async (name) => [`--${name}-port`, `${await freePort()}`]));
    demo = spawn('npm', ['start', '--', ...flags.flat()], { cwd: ROOT, detached: true });
    demo.stdout?.on('data', (data) => {
      printed += String(data);
    });
    demo.stderr?.resume();
    await eventually(
      async () => printed,
      (text) => text.includes('Ctrl-C ends it'),
      30_000,
    );
  });
  afterAll(() => {
    try {
      process.kill(-(demo.pid ?? 0), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  });

  function paste(line: string): string {
    const run = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
    expect(run.status).toBe(0);
    return run.stdout;
  }

  test('prints three lines to paste that show the main job', async () => {
    const [checkLine = '', writeLine = '', statusLine = '', ...more] = printed.match(/^curl .*$/gm) ?? [];
    expect(more).toEqual([]);
    const before = paste(checkLine);
    expect(before).toMatch(/^HTTP\/1\.1 200/);
    expect(before).toMatch(/"allowed": ?false/);
    expect(before).toMatch(/^rsfga-served-by: local/im);
    expect(paste(writeLine)).toMatch(/^HTTP\/1\.1 200/);
    await eventually(
      async () => paste(checkLine),
      (after) => /"allowed": ?true/.test(after) && /^rsfga-served-by: local/im.test(after),
    );
    expect(JSON.parse(paste(statusLine))).toMatchObject({ role: 'edge', health: { state: 'healthy' } });
  });

  test('ends cleanly with Ctrl-C', async () => {
    const ended = once(demo, 'close');
    process.kill(-(demo.pid ?? 0), 'SIGINT');
    const [code, signal] = await ended;
    expect([[0, 130].includes(code) || signal === 'SIGINT', code, signal]).toEqual([true, code, signal]);
    expect(() => process.kill(-(demo.pid ?? 0), 0)).toThrow();
  });
});
