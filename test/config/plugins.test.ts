/** Tiers that the YAML names by module: loaded from where it says, and refused at the place where it says so. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { describeConfig, secretsOf } from '../../src/config/describe.ts';
import { loadConfig, loadWhole, parseProducts } from '../../src/config/load.ts';
import { ConfigError, type Problem } from '../../src/config/problems.ts';
import { temporaryFolder } from '../support/children.ts';

const HEAD = 'role: edge\nupstream: { http: http://127.0.0.1:18080 }\n';
const OPEN = "open: () => ({ keeps: 'everything', answer: () => ({ declined: 'method' }) })";
const MINE = `
const list = (value) => {
  if (!Array.isArray(value)) throw new Error('a list of object types, such as [ document ]');
  return value;
};
const token = (value) => {
  if (value !== undefined && !/^t-/.test(value)) throw new Error('a token that begins with t-');
  return value ?? 't-none';
};
export default { options: { object_types: list, token }, secrets: ['token'], ${OPEN} };
`;

/** The YAML in a folder of its own, with files beside it. */
function written(yaml: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder('plugins');
  for (const [name, text] of Object.entries({ 'edge.yaml': HEAD + yaml, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, 'edge.yaml');
}

async function problems(yaml: string, files?: Readonly<Record<string, string>>, env = {}) {
  const refused = await loadWhole(written(yaml, files), env).catch((error: unknown) => error);
  if (refused instanceof ConfigError) return refused.problems;
  throw refused;
}

async function only(...given: Parameters<typeof problems>): Promise<Problem> {
  const [first, ...more] = await problems(...given);
  expect(more).toEqual([]);
  if (first === undefined) throw new Error('no problem was found');
  return first;
}

const NAMED = 'plugins: { tier: { mine: ./mine.js } }\n';

test('a file beside the YAML is loaded, its options are as they were written', async () => {
  const yaml = `${NAMED}default_tier: { mine: { object_types: [ document ] } }\n`;
  const { config, tiers } = await loadWhole(written(yaml, { 'mine.js': MINE }), {});
  expect(config.defaultTier).toMatchObject({
    kind: 'plugin',
    name: 'mine',
    options: { object_types: ['document'] },
  });
  expect(tiers.get('mine')?.plugin?.open).toBeTypeOf('function');
});

test('a bare word means no options; a TypeScript file, `export const tier` and module.exports will do', async () => {
  const yaml = 'plugins: { tier: { a: ./a.ts, b: ./b.mjs, c: ./c.cjs } }\ndefault_tier: b\n';
  const { tiers } = await loadWhole(
    written(yaml, {
      'a.ts': `type Word = string;\nconst word: Word = 'method';\nexport default { ${OPEN.replace("'method'", 'word')} };`,
      'b.mjs': `export const tier = { ${OPEN} };`,
      'c.cjs': `module.exports = { ${OPEN} };`,
    }),
    {},
  );
  expect([...tiers.values()].map(({ plugin }) => typeof plugin?.open)).toEqual(Array(3).fill('function'));
});

test.each([
  ['exports for import alone', { type: 'module', exports: { import: './x.js' } }, 'x.js'],
  ['main', { type: 'module', main: './lib.js' }, 'lib.js'],
])('a bare name is a package that is installed beside the YAML: %s', async (_, manifest, entry) => {
  const { tiers } = await loadWhole(
    written('plugins: { tier: { theirs: "@them/tier" } }\ndefault_tier: theirs\n', {
      'node_modules/@them/tier/package.json': JSON.stringify({ name: '@them/tier', ...manifest }),
      [`node_modules/@them/tier/${entry}`]: `export default { ${OPEN} };`,
    }),
    {},
  );
  expect(tiers.get('theirs')?.plugin).toBeDefined();
});

test.each<[string, Record<string, string>, RegExp]>([
  ['is missing', {}, /\.\/mine\.js cannot be loaded: .*Cannot find module/],
  ['is no JavaScript', { 'mine.js': 'export default {\n  open( {' }, /\.\/mine\.js cannot be loaded: .+/],
  ['throws', { 'mine.js': "throw new Error('no licence')" }, /cannot be loaded: no licence/],
  ['exports nothing', { 'mine.js': 'export const other = 1;' }, /does not export a tier: a default export/],
  ['exports no open', { 'mine.js': 'export default { close() {} };' }, /no function open/],
  ['has odd options', { 'mine.js': `export default { options: ['a'], ${OPEN} };` }, /not functions by name/],
  ['has odd secrets', { 'mine.js': `export default { secrets: ['a'], ${OPEN} };` }, /not a list of names/],
])('a module that %s is told at the line that names it', async (_, files, message) => {
  const yaml = `plugins:\n  tier:\n    mine: ./mine.js\ndefault_tier: mine\n`;
  const problem = await only(yaml, files);
  expect(problem).toMatchObject({ path: 'plugins.tier.mine', line: 5, column: 11 });
  expect(problem.message).toMatch(message);
});

test('a package that is not installed is told as such', async () => {
  expect((await only('plugins: { tier: { mine: not-there } }\n')).message).toMatch(
    /not-there cannot be loaded: .*Cannot find package 'not-there'/,
  );
});

test('wrong options have the path, the value and what is allowed, unknown ones the nearest name, all at once', async () => {
  const yaml = `${NAMED}products:
  - { id: a, stores: [ 01J0000000000000000000000A ], tier: mine }
  - id: b
    stores: [ 01J0000000000000000000000B ]
    tier: { mine: { object_types: document, tokn: 1 } }
default_tier: { mine: { object_types: [], token: secret-word } }
`;
  const [missing, wrong, unknown, masked, ...more] = await problems(yaml, { 'mine.js': MINE });
  expect(more).toEqual([]);
  expect(missing).toMatchObject({ path: 'products[0].tier.object_types', line: 5, message: 'is missing' });
  expect(wrong).toMatchObject({
    path: 'products[1].tier.mine.object_types',
    line: 8,
    column: 35,
    message: '"document" is not allowed',
    allowed: 'a list of object types, such as [ document ]',
  });
  expect(unknown).toMatchObject({ path: 'products[1].tier.mine.tokn', nearest: 'token' });
  expect(masked).toMatchObject({ path: 'default_tier.mine.token', message: '*** is not allowed' });
});

test('a tier that takes no options refuses them', async () => {
  const yaml = `${NAMED}default_tier: { mine: { limit: 1 } }\n`;
  expect(await only(yaml, { 'mine.js': `export default { ${OPEN} };` })).toMatchObject({
    path: 'default_tier.mine.limit',
    allowed: 'no keys',
  });
});

test('built-in names cannot be taken, nor odd ones', async () => {
  const yaml = 'plugins: { tier: { hot: ./mine.js, "a b": ./mine.js } }\n';
  expect(await problems(yaml, { 'mine.js': MINE })).toMatchObject([
    { path: 'plugins.tier.hot', message: 'the tier hot is built in', allowed: 'another name' },
    { path: 'plugins.tier."a b"', message: 'a tier cannot have this name' },
  ]);
});

test('an unknown tier lists those built in and those named, and the nearest', async () => {
  const yaml = 'plugins: { tier: { lukewarm: ./mine.js } }\ndefault_tier: lukwarm\n';
  const problem = await only(yaml, { 'mine.js': `export default { ${OPEN} };` });
  expect(problem).toMatchObject({ path: 'default_tier', nearest: 'lukewarm' });
  expect(problem.allowed).toMatch(
    /one of critical, hot, warm, cold, lukewarm, or another that plugins\.tier names/,
  );
});

test('products from elsewhere may choose the tiers of this configuration, and no others', async () => {
  const { tiers } = await loadWhole(written(NAMED, { 'mine.js': MINE }), {});
  const text = (tier: string) => `products: [ { id: a, stores: [ "*" ], tier: ${tier} } ]`;
  const good = text('{ mine: { object_types: [ document ] } }');
  expect(parseProducts(good, { name: 'p', tiers }).products[0]?.tier).toMatchObject({ name: 'mine' });
  for (const wrong of [text('theirs'), text('{ mine: { object_types: 1 } }')])
    expect(() => parseProducts(wrong, { name: 'p', tiers })).toThrow(ConfigError);
  expect(() => parseProducts(good, { name: 'p' })).toThrow(/plugins\.tier names/);
});

test('who only reads the configuration loads no code and shows no option', () => {
  const yaml = `plugins: { tier: { mine: ./not-there.js } }\ndefault_tier: { mine: { token: t-geheim } }\n`;
  const config = loadConfig(written(yaml), {});
  expect(describeConfig(config)).toMatchObject({
    plugins: { tier: { mine: './not-there.js' } },
    defaultTier: { name: 'mine', options: { token: '***' } },
  });
});

test('what a tier calls secret is masked in the status and in the log', async () => {
  const yaml = `${NAMED}default_tier: { mine: { object_types: [ document ], token: t-geheim } }\n`;
  const { config } = await loadWhole(written(yaml, { 'mine.js': MINE }), {});
  expect(describeConfig(config).defaultTier).toEqual({
    kind: 'plugin',
    name: 'mine',
    options: { object_types: ['document'], token: '***' },
  });
  expect(secretsOf(config)).toEqual(['t-geheim']);
});
