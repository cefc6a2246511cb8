import { describe, expect, test } from 'vitest';
import { openTier } from '../../plugins/index.ts';
import { planRows, type Row } from '../../src/cli/plan-rows.ts';
import { quietParts } from '../../src/cli/quiet-tiers.ts';
import type { TierConfig } from '../../src/config/config.ts';
import { NO_TIERS } from '../../src/config/tiers.ts';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { Keeps } from '../../src/plugin/tier.ts';
import { keptOf } from '../../src/sidecar/store-filter.ts';
import { modelOf } from '../engine/asking.ts';

const STORE = '01J0000000000000000000000A';
const DSL = `
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user] or viewer from parent
type document
  relations
    define parent: [folder]
    define blocked: [user, group#member]
    define owner: [user]
    define public: [user:*]
    define editor: [user, group#member]
    define viewer: viewer from parent
    define reader: owner but not blocked
    define both: owner and public`;
const MODEL = modelOf(DSL);

/** The rows of a product, by `type#relation`. */
async function rows(
  config: TierConfig,
  { model = MODEL, natsSubjects }: { model?: AuthorizationModel; natsSubjects?: readonly string[] } = {},
): Promise<ReadonlyMap<string, Row>> {
  const tier = await openTier(config, quietParts(NO_TIERS));
  const keeps: Keeps = keptOf(STORE, { tier, config: natsSubjects ? { natsSubjects } : {} });
  const found = await planRows({ model, tier, keeps });
  return new Map(found.map((row) => [`${row.type}#${row.relation}`, row]));
}

const hot = (...objectTypes: string[]) => ({ kind: 'hot', objectTypes }) as const;
const checkOf = (found: ReadonlyMap<string, Row>, name: string) => found.get(name)?.check;

describe('hot, with documents alone', () => {
  const planned = rows(hot('document'));
  const group = { group: ['group#member'] };

  test.each<[string, string, Readonly<Record<string, readonly string[]>>]>([
    ['a parent of an unlisted type', 'document#viewer', { folder: ['folder#parent', 'folder#viewer'] }],
    ['an exclusion whose subtract reads an unlisted type', 'document#reader', group],
    ['a userset of an unlisted type', 'document#editor', group],
    ['a relation of an unlisted type', 'folder#viewer', { folder: ['folder#parent', 'folder#viewer'] }],
  ])('%s is forwarded, and what prevents it is named', async (_, name, prevents) => {
    expect(checkOf(await planned, name)).toEqual({ where: 'forwarded', reason: 'reach', prevents });
  });

  test.each([
    ['a direct relation', 'document#owner'],
    ['a wildcard, of which no tuple of the user type is read', 'document#public'],
    ['a tupleset, of which only the own tuples are read', 'document#parent'],
    ['an intersection of such', 'document#both'],
  ])('%s is local', async (_, name) => {
    expect((await planned).get(name)).toMatchObject({
      check: { where: 'local', prevents: {} },
      otherwise: {},
    });
  });

  test('every relation of the model stands in it once, types without relations do not', async () => {
    const names = MODEL.type_definitions.flatMap(({ type, relations }) =>
      Object.keys(relations ?? {}).map((relation) => `${type}#${relation}`),
    );
    expect([...(await planned).keys()]).toEqual(names);
    expect(names).toHaveLength(11);
  });

  test('lists go as Check does; Expand, which reads one level, is told where it differs', async () => {
    expect((await planned).get('document#viewer')?.otherwise).toEqual({
      Expand: { where: 'local', prevents: {} },
    });
    expect((await planned).get('document#reader')?.otherwise).toEqual({
      Expand: { where: 'local', prevents: {} },
    });
    expect((await planned).get('folder#viewer')?.otherwise).toEqual({});
  });
});

test('what is listed as well is local, and a cycle that may be met under a "but not" is noted', async () => {
  const found = await rows(hot('document', 'group'));
  expect(found.get('document#reader')).toMatchObject({ check: { where: 'local' }, unsteady: true });
  expect(found.get('document#editor')).toMatchObject({ check: { where: 'local' }, unsteady: false });
  expect(checkOf(found, 'document#viewer')).toMatchObject({ where: 'forwarded' });
});

test('a newer model that reaches further is forwarded under the same YAML', async () => {
  const tier = hot('document');
  const newer = modelOf(DSL.replace('define owner: [user]', 'define owner: [user, group#member]'), 1);
  expect(checkOf(await rows(tier), 'document#owner')?.where).toBe('local');
  expect(checkOf(await rows(tier, { model: newer }), 'document#owner')).toMatchObject({
    where: 'forwarded',
    prevents: { group: ['group#member'] },
  });
});

test('a listed type that subjects made by hand do not deliver counts as not kept', async () => {
  const tier = hot('document', 'folder', 'group');
  const narrow = await rows(tier, {
    natsSubjects: ['rsfga.changes.*.*.document', 'rsfga.changes.*.*.folder'],
  });
  expect(checkOf(narrow, 'document#viewer')?.where).toBe('local');
  expect(checkOf(narrow, 'document#editor')).toMatchObject({
    where: 'forwarded',
    prevents: { group: ['group#member'] },
  });
});

test('critical is local throughout, cold forwarded throughout', async () => {
  const critical = [...(await rows({ kind: 'critical' })).values()];
  expect(critical.map(({ check, otherwise }) => [check.where, otherwise])).toEqual(
    critical.map(() => ['local', {}]),
  );
  const cold = [...(await rows({ kind: 'cold' })).values()];
  expect(cold.map(({ check, otherwise }) => [check, otherwise])).toEqual(
    cold.map(() => [{ where: 'forwarded', prevents: {} }, {}]),
  );
});

test('warm is cached, but for what may meet a cycle under a "but not", and for streams', async () => {
  const found = await rows({ kind: 'warm', ttlMs: 60_000, maxEntries: 100 });
  expect(checkOf(found, 'document#viewer')?.where).toBe('cached');
  expect(checkOf(found, 'document#reader')).toMatchObject({ where: 'forwarded', reason: 'miss' });
  expect(found.get('document#viewer')?.otherwise).toEqual({
    StreamedListObjects: { where: 'forwarded', reason: 'method', prevents: {} },
  });
});
