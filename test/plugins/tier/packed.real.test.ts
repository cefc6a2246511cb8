/** What an author of a tier has: the published package, without this repository and without its development dependencies. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { pageOf, ROOT } from '../../docs/page.ts';
import { temporaryFolder } from '../../support/children.ts';

const TSC = join(ROOT, 'node_modules/.bin/tsc');
const page = pageOf('docs/plugins.md');
const author = temporaryFolder('author');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly files: readonly string[];
  readonly dependencies: object;
};

function inFolder(cwd: string, bin: string, ...args: string[]) {
  const run = spawnSync(bin, args, { cwd, encoding: 'utf8', timeout: 110_000 });
  return { code: run.status, said: run.stdout + run.stderr };
}

beforeAll(() => {
  const source = temporaryFolder('package');
  for (const name of ['package.json', ...manifest.files.filter((file) => file !== 'dist')])
    cpSync(join(ROOT, name), join(source, name), { recursive: true });
  const built = inFolder(ROOT, TSC, '-p', 'tsconfig.build.json', '--outDir', join(source, 'dist'));
  expect(built).toEqual({ code: 0, said: '' });
  const packed = inFolder(source, 'npm', 'pack', '--ignore-scripts', '--silent');
  const modules = join(author, 'node_modules');
  mkdirSync(modules);
  inFolder(modules, 'tar', '-xzf', join(source, packed.said.trim()));
  inFolder(modules, 'mv', 'package', 'rsfga-edge');
  // As npm would install them; none of the development dependencies.
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(author, 'package.json'), page.blocks('json')[0] ?? '');
  for (const [name, text] of Object.entries(page.files))
    writeFileSync(join(author, name), text.replace('{ options }', '{ options, seeds: 3 }'));
});

test('what is built holds no TypeScript but declarations, and needs no test library', () => {
  const inside = readdirSync(join(author, 'node_modules/rsfga-edge'), { recursive: true, encoding: 'utf8' });
  const built = inside.filter((name) => name.startsWith('dist/'));
  expect(built.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
  const code = built.filter((name) => name.endsWith('.js'));
  expect(code).toContain('dist/test/contract/tier.js');
  const texts = code.map((name) => readFileSync(join(author, 'node_modules/rsfga-edge', name), 'utf8'));
  expect(texts.filter((text) => /from '(vitest|fast-check)'/.test(text))).toEqual([]);
});

test('the suite runs on node:test, and the tier of the docs passes it', () => {
  const { code, said } = inFolder(author, process.execPath, '--test', 'mine.test.js');
  expect(said).toMatch(/pass 16\b/);
  expect(code).toBe(0);
});

test('the packed sidecar loads the tier', () => {
  const bin = 'node_modules/rsfga-edge/bin/rsfga-edge.js';
  const { code, said } = inFolder(author, process.execPath, bin, 'check-config', 'edge.yaml');
  expect([code, said]).toEqual([0, expect.stringContaining('edge.yaml is sound')]);
});

test('the postcard is correct TypeScript, and mistakes are found', () => {
  const [postcard = ''] = page.blocks('ts');
  writeFileSync(join(author, 'card.ts'), postcard);
  writeFileSync(
    join(author, 'wrong.ts'),
    postcard.replace("'everything'", "'some'").replace('evaluate(', 'guess('),
  );
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  const { code, said } = inFolder(author, TSC, ...flags, 'card.ts', 'wrong.ts');
  const files = said.split('\n').flatMap((line) => /^(\w+\.ts)\(/.exec(line)?.[1] ?? []);
  expect(new Set(files)).toEqual(new Set(['wrong.ts']));
  expect(said).toContain('"some"');
  expect(said).toContain('guess');
  expect(code).not.toBe(0);
});
