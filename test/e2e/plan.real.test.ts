/** What `rsfga-edge plan` says of a YAML is what an edge under that YAML then does, beside a real OpenFGA. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { PLANNED, type PlannedMethod, type Row, type Verdict } from '../../src/cli/plan-rows.ts';
import type { Plan } from '../../src/cli/plan-table.ts';
import { keyText, type Tuple } from '../../src/fga/tuple.ts';
import { github } from '../conformance/samples/github.ts';
import { call, createStore, expectStatus, type Reply, writeAll, writeModel } from '../support/api.ts';
import { chance } from '../support/chance.ts';
import { temporaryFolder } from '../support/children.ts';
import { modelFrom } from '../support/datasets.ts';
import { createFleet, eventually, type Fleet, type Sidecar, storeStatus } from '../support/fleet.ts';
import { type OpenFga, PATIENT, serversAvailable, startOpenFga } from '../support/servers.ts';

const DSL = `model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, user:*] or viewer from parent
type document
  relations
    define parent: [folder]
    define blocked: [user, group#member]
    define owner: [user]
    define public: [user:*]
    define editor: [user, group#member] or owner
    define both: owner and public
    define viewer: editor or viewer from parent
    define reader: owner but not blocked
    define weekly: [user with weekday]
condition weekday(day: string) {
  day != "sunday"
}
`;
/** The same, but for an owner who may be a group. */
const NEWER = DSL.replace('define owner: [user]', 'define owner: [user, group#member]');

const TUPLES: readonly Tuple[] = [
  { user: 'user:anne', relation: 'member', object: 'group:g' },
  { user: 'group:g#member', relation: 'member', object: 'group:h' },
  { user: 'user:*', relation: 'viewer', object: 'folder:1' },
  { user: 'folder:1', relation: 'parent', object: 'document:1' },
  { user: 'user:anne', relation: 'owner', object: 'document:1' },
  { user: 'group:h#member', relation: 'blocked', object: 'document:1' },
  { user: 'user:*', relation: 'public', object: 'document:1' },
  { user: 'user:anne', relation: 'weekly', object: 'document:1', condition: { name: 'weekday' } },
];

const METHODS = ['Check', ...PLANNED] as const;
const BODIES: Readonly<Record<'Check' | PlannedMethod, (row: Row) => [string, object]>> = {
  Check: ({ type, relation }) => [
    'check',
    { tuple_key: { user: 'user:anne', relation, object: `${type}:1` } },
  ],
  ListObjects: ({ type, relation }) => ['list-objects', { type, relation, user: 'user:anne' }],
  StreamedListObjects: ({ type, relation }) => [
    'streamed-list-objects',
    { type, relation, user: 'user:anne' },
  ],
  ListUsers: ({ type, relation }) => [
    'list-users',
    { object: { type, id: '1' }, relation, user_filters: [{ type: 'user' }] },
  ],
  Expand: ({ type, relation }) => ['expand', { tuple_key: { relation, object: `${type}:1` } }],
};

describe.skipIf(!serversAvailable())('the plan of an edge', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  const stores: Record<string, string> = {};
  const folder = temporaryFolder('plan');

  beforeAll(async () => {
    openfga = await startOpenFga({ args: PATIENT });
    fleet = createFleet();
    const hosting = [...new Map(github.tuples(chance(1)).map((tuple) => [keyText(tuple), tuple])).values()];
    for (const id of ['documents', 'folders', 'whole', 'remembered', 'nothing', 'hosting']) {
      const ofHosting = id === 'hosting';
      const model = modelFrom(ofHosting ? github.model : DSL);
      stores[id] = (await createStore(openfga.http, id, model)).storeId;
      await writeAll(openfga.http, stores[id] ?? '', ofHosting ? hosting.slice(0, 700) : TUPLES);
    }
    const product = (id: string, tier: unknown) => ({ id, stores: [stores[id]], tier });
    const hot = (...types: string[]) => ({ hot: { object_types: types } });
    edge = await fleet.start('planned', {
      role: 'edge',
      upstream: { http: openfga.http },
      changelog: 'upstream',
      products: [
        product('documents', hot('document')),
        product('folders', hot('document', 'folder')),
        product('whole', 'critical'),
        product('remembered', 'warm'),
        product('nothing', 'cold'),
        product('hosting', hot('repo', 'team')),
      ],
    });
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  async function planOf(id: string, dsl = id === 'hosting' ? github.model : DSL): Promise<Plan> {
    const model = join(folder, `${id}.fga`);
    writeFileSync(model, dsl.trimStart());
    let [out, err] = ['', ''];
    const args = [
      'plan',
      '--config',
      edge.configFile,
      '--model',
      model,
      '--store',
      stores[id] ?? '',
      '--json',
    ];
    const code = await main(args, {
      env: {},
      print: (text) => {
        out += text;
      },
      complain: (text) => {
        err += text;
      },
    });
    if (code !== 0) throw new Error(`${code}: ${err}`);
    return JSON.parse(out) as Plan;
  }

  const ask = (id: string, method: 'Check' | PlannedMethod, row: Row): Promise<Reply> => {
    const [path, more] = BODIES[method](row);
    const body = method === 'Expand' ? more : { ...more, context: { day: 'monday' } };
    return expectStatus(200, call(edge.http, `/stores/${stores[id]}/${path}`, { body }));
  };

  /** Asked as often as it takes to be remembered. */
  async function seen(id: string, method: 'Check' | PlannedMethod, row: Row, { where }: Verdict) {
    const by = ({ headers }: Reply) => [headers['rsfga-served-by'], headers['rsfga-declined']];
    if (where !== 'cached') return by(await ask(id, method, row));
    return by(
      await eventually(
        () => ask(id, method, row),
        (reply) => by(reply)[1] !== 'miss',
      ),
    );
  }

  const expected = ({ where, reason }: Verdict) =>
    ({ local: ['local', undefined], cached: ['cache', undefined], forwarded: ['upstream', reason] })[where];

  async function agrees(id: string, { products }: Plan): Promise<readonly Row[]> {
    const rows = products[0]?.rows ?? [];
    for (const row of rows)
      for (const method of METHODS) {
        const verdict = method === 'Check' ? row.check : (row.otherwise[method] ?? row.check);
        const name = `${id} ${method} ${row.type}#${row.relation}`;
        expect([name, await seen(id, method, row, verdict)]).toEqual([name, expected(verdict)]);
      }
    return rows;
  }

  const countOf = (rows: readonly Row[]) => Object.groupBy(rows, ({ check }) => check.where);

  test.each([
    ['documents', { local: 5, forwarded: 7 }],
    ['folders', { local: 7, forwarded: 5 }],
    ['whole', { local: 12 }],
    ['remembered', { cached: 11, forwarded: 1 }],
    ['nothing', { forwarded: 12 }],
    ['hosting', { local: 2, forwarded: 11 }],
  ])('%s: each method of each relation goes where the table says', async (id, counts) => {
    const rows = await agrees(id, await planOf(id));
    const found = Object.entries(countOf(rows)).map(([where, some]) => [where, some?.length]);
    expect(Object.fromEntries(found)).toEqual(counts);
  });

  test.each(['documents', 'folders', 'whole', 'remembered', 'hosting'])(
    '%s: as many tuples are kept as were counted',
    async (id) => {
      const { tuples } = await planOf(id);
      const held = storeStatus(await edge.status(), stores[id] ?? '')?.tuples;
      expect(tuples).toMatchObject({
        whole: true,
        here: held,
        tuples: id === 'hosting' ? 700 : TUPLES.length,
      });
    },
  );

  test('a store that the server does not have is named, and not taken for an empty one', async () => {
    stores.absent = '01J0000000000000000000000X';
    expect((await planOf('absent')).tuples).toEqual({
      notCounted: `${openfga.http} has no store ${stores.absent}`,
    });
  });

  test('a newer model that reaches further is planned as it then goes', async () => {
    const planned = await planOf('documents', NEWER);
    const before = await planOf('documents');
    const of = (plan: Plan) =>
      plan.products[0]?.rows.find(({ relation }) => relation === 'owner')?.check.where;
    expect([of(before), of(planned)]).toEqual(['local', 'forwarded']);
    const modelId = await writeModel(openfga.http, stores.documents ?? '', modelFrom(NEWER));
    const parent = planned.products[0]?.rows.find(
      ({ type, relation }) => `${type}#${relation}` === 'document#parent',
    ) as Row;
    await eventually(
      () => ask('documents', 'Check', parent),
      ({ headers }) =>
        headers['rsfga-served-by'] === 'local' && headers['openfga-authorization-model-id'] === modelId,
      60_000,
    );
    await agrees('documents', planned);
  });
});
