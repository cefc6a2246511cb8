/** Small files, names that say something, and no barrels. */
import { expect, test } from 'vitest';
import { importsOf, sourceFiles } from './files.ts';

const MAX_LINES = 250;
/** Longer files, each with its reason. */
const LONGER: Readonly<Record<string, string>> = {
  'test/attack/corpus.ts': 'one list of requests, to be read and added to in one place',
};

const EMPTY_NAMES = [
  'utils',
  'util',
  'common',
  'types',
  'core',
  'lib',
  'helpers',
  'helper',
  'misc',
  'shared',
];

test(`no file has more than ${MAX_LINES} lines without a reason`, () => {
  const long = sourceFiles()
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ path, lines }) => lines > MAX_LINES && LONGER[path] === undefined);
  expect(long).toEqual([]);
});

test('a reason is only kept for a file that still needs it', () => {
  const files = new Map(sourceFiles().map((file) => [file.path, file.text.trimEnd().split('\n').length]));
  expect(Object.keys(LONGER).filter((path) => (files.get(path) ?? 0) <= MAX_LINES)).toEqual([]);
});

test('no file or folder has a name that says nothing', () => {
  const words = (path: string) => path.replace(/(\.test|\.real|\.long)*\.[jt]s$/, '').split('/');
  const empty = sourceFiles().filter(({ path }) => words(path).some((word) => EMPTY_NAMES.includes(word)));
  expect(empty.map(({ path }) => path)).toEqual([]);
});

test('there is no barrel: index.ts stands only in plugins, and no file only re-exports', () => {
  const isBarrel = ({ path, text }: { path: string; text: string }) => {
    if (/(^|\/)index\.[jt]s$/.test(path)) return path !== 'plugins/index.ts';
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').trim();
    return code !== '' && importsOf({ path, text }).length > 0 && onlyReExports(code);
  };
  expect(
    sourceFiles()
      .filter(isBarrel)
      .map(({ path }) => path),
  ).toEqual([]);
});

function onlyReExports(code: string): boolean {
  return code.replace(/export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*from\s*['"][^'"]+['"];?/g, '').trim() === '';
}
