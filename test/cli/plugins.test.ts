/** A tier that cannot be loaded or opened stops the start, and `check-config` says the same. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import type { Plan } from '../../src/cli/plan-table.ts';
import { temporaryFolder } from '../support/children.ts';
import { BIN } from '../support/fleet.ts';

const YAML = `role: edge
listen: { http: 127.0.0.1:0, admin: 127.0.0.1:0 }
upstream: embedded
changelog: memory
store: memory
plugins:
  tier:
    mine: ./mine.mjs
default_tier: mine
`;

function written(code: string | undefined, yaml = YAML): string {
  const folder = temporaryFolder('cli-plugins');
  if (code !== undefined) writeFileSync(join(folder, 'mine.mjs'), code);
  writeFileSync(join(folder, 'edge.yaml'), yaml);
  return join(folder, 'edge.yaml');
}

async function cli(...argv: string[]) {
  const said: string[] = [];
  const tell = (text: string) => void said.push(text);
  const status = await main(argv, { env: {}, print: tell, complain: tell });
  return { status, said: said.join('') };
}

const checkConfig = (code: string | undefined) => cli('check-config', written(code));

const PLACE = /edge\.yaml:8:11 {2}plugins\.tier\.mine/;
const NO_LICENCE = "export default { open() { throw new Error('no licence'); } };";

test.each([
  ['is missing', undefined, /mine\.mjs cannot be loaded: .*Cannot find module/],
  ['exports none', 'export const other = 1;', /does not export a tier/],
  ['throws in open', NO_LICENCE, /cannot be opened: no licence/],
  [
    'opens none',
    'export default { open: async () => ({}) };',
    /cannot be opened: the tier has no function answer/,
  ],
])('check-config ends with 3 and the place in the YAML for a tier that %s', async (_, code, message) => {
  const { status, said } = await checkConfig(code);
  expect(said).toMatch(PLACE);
  expect(said).toMatch(message);
  expect(status).toBe(3);
});

const WARM = YAML.slice(0, YAML.indexOf('plugins:'));
const BROUGHT = '{ warm: { store: { module: ./mine.mjs } } }';

test.each([
  ['default_tier', `default_tier: ${BROUGHT}`],
  ['products[0].tier', `products: [ { id: a, stores: [ "*" ], tier: ${BROUGHT} } ]`],
])('check-config loads the store that a warm tier brings along (%s), and makes none', async (path, line) => {
  const config = (code?: string) => written(code, `${WARM}${line}\n`);
  const missing = await cli('check-config', config());
  expect(missing.said).toContain(`${path}.warm.store`);
  expect(missing.said).toMatch(/mine\.mjs cannot be loaded: Cannot find/);
  expect(missing.status).toBe(3);
  const none = await cli('check-config', config('export const other = 1;'));
  expect(none).toMatchObject({ status: 3, said: expect.stringContaining('does not bring a store') });
  const sound = config("export default () => { throw new Error('connected'); };");
  expect(await cli('check-config', sound)).toMatchObject({ status: 0 });
});

test('check-config opens a tier that is sound, and closes it', async () => {
  const code = `export default { open: () => ({
    keeps: 'everything',
    answer: () => ({ declined: 'method' }),
    async close() { globalThis.closedTiers = 1; },
  }) };`;
  expect(await checkConfig(code)).toMatchObject({ status: 0, said: expect.stringContaining('is sound') });
  expect(Reflect.get(globalThis, 'closedTiers')).toBe(1);
});

const SOUND = `export default { open: (_, { evaluate, reach }) => ({
  keeps: { objectTypes: ['document'] },
  answer: (query, { view }) =>
    [...reach(query, view).types].every((type) => type === 'document') ? evaluate(query, view) : { declined: 'reach' },
}) };`;

test('plan asks it as the sidecar would', async () => {
  const config = written(SOUND);
  const model = join(config, '../model.fga');
  const relations = 'define owner: [user]\n    define editor: [group#member]';
  const groups = 'type group\n  relations\n    define member: [user]';
  writeFileSync(
    model,
    `model\n  schema 1.1\ntype user\n${groups}\ntype document\n  relations\n    ${relations}\n`,
  );
  const { status, said } = await cli('plan', '--config', config, '--model', model, '--json');
  expect(status).toBe(0);
  const [product] = (JSON.parse(said) as Plan).products;
  expect(product).toMatchObject({ tier: 'mine', keeps: { objectTypes: ['document'] } });
  const local = product?.rows.filter(({ check }) => check.where === 'local');
  expect(local?.map(({ type, relation }) => `${type}#${relation}`)).toEqual(['document#owner']);
});

test('products check knows the tiers of the configuration that it is given', async () => {
  const config = written(SOUND);
  const file = join(config, '../products.yaml');
  writeFileSync(file, 'products: [ { id: a, stores: [ "*" ], tier: mine } ]\n');
  expect(await cli('products', 'check', file, '--config', config)).toMatchObject({ status: 0 });
  expect(await cli('products', 'check', file)).toMatchObject({
    status: 3,
    said: expect.stringContaining('plugins.tier'),
  });
});

test.each([
  ['throws in open', NO_LICENCE, /cannot be opened: no licence/],
  ['is no JavaScript', 'export default { open( {', /cannot be loaded: SyntaxError: .+node --check/],
])(
  'run ends with 3 and the place in the YAML for a tier that %s',
  (_, code, message) => {
    const args = [BIN, 'run', '--config', written(code)];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    expect(stderr).toMatch(PLACE);
    expect(stderr).toMatch(message);
    expect(status).toBe(3);
  },
  60_000,
);
