import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../src/cli/parse.ts';
import { parseConfig } from '../../src/config/load.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FILES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...markdownIn('docs'),
  ...markdownIn('compose'),
];
const SCRIPTS = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts as Record<
  string,
  string
>;

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

describe.each(FILES)('%s', (file) => {
  test('links only to files that are there', () => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map((match) => match[1] ?? '');
    const missing = links.filter((link) => !existsSync(resolve(ROOT, dirname(file), link)));
    expect(missing).toEqual([]);
  });

  test('shows only configurations that the program accepts', () => {
    const env = {
      ...{ OPENFGA_API_TOKEN: 'x', ADMIN_TOKEN: 'x'.repeat(32), EDGE_KEY: 'x', REPORTS_KEY: 'y' },
      NATS_PASSWORD: 'z',
    };
    for (const yaml of blocks(file, 'yaml').filter((text) => /^role:/m.test(text)))
      expect(() => parseConfig(yaml, { file: join(ROOT, 'doc.yaml'), env })).not.toThrow();
  });

  test('shows only commands that exist', () => {
    const lines = blocks(file, 'sh').flatMap((text) => text.split('\n'));
    for (const line of lines) {
      for (const [, script] of line.matchAll(/npm run ([\w:]+)/g))
        expect(Object.keys(SCRIPTS)).toContain(script);
      const command = /rsfga-edge ([^#|]*)/.exec(line)?.[1];
      if (command) expect(() => parseCommand(command.trim().split(/\s+/), {})).not.toThrow();
    }
  });
});

test('the README shows both commands, each on one line', () => {
  const commands = blocks('README.md', 'sh').map((text) => text.trim());
  expect(commands).toContain('npm ci && npm start');
  expect(commands).toContain('npm ci && npm test');
});
