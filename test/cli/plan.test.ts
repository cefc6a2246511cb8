import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformer } from '@openfga/syntax-transformer';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import type { Plan } from '../../src/cli/plan-table.ts';
import { certificateAuthority, pem } from '../support/certificates.ts';

const A = '01J0000000000000000000000A';
const B = '01J0000000000000000000000B';
const C = '01J0000000000000000000000C';
const DSL = `model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define owner: [user]
    define editor: [group#member]
`;
const folder = mkdtempSync(join(tmpdir(), 'rsfga-plan-'));
// Nothing listens on port 1.
const EDGE = 'role: edge\nregion: eu\nupstream: { http: http://127.0.0.1:1 }\n';
const NATS = 'changelog: { nats: { servers: [ nats://127.0.0.1:4222 ] } }\n';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function plan(yaml: string, model: string, ...more: string[]) {
  let [out, err] = ['', ''];
  const world = {
    env: {},
    print: (text: string) => {
      out += text;
    },
    complain: (text: string) => {
      err += text;
    },
  };
  const code = await main(['plan', '--config', yaml, '--model', model, ...more], world);
  return { code, out, err };
}

async function planned(yaml: string, ...more: string[]): Promise<Plan> {
  const { code, out, err } = await plan(file('edge.yaml', yaml), file('model.fga', DSL), '--json', ...more);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Plan;
}

const hot = (...types: string[]) => `{ hot: { object_types: [ ${types.join(', ')} ] } }`;

describe('the products of the YAML', () => {
  const yaml = `${EDGE}${NATS}products:
  - { id: some, stores: [ ${A}, ${B} ], tier: ${hot('document', 'group')}, nats_subjects: [ "rsfga.changes.${A}.>", "rsfga.changes.${B}.*.document" ] }
  - { id: far, stores: [ ${C} ], tier: critical, regions: [ us ] }
`;

  test('each by its own tier; stores of which another share would be kept apart, those of no product too', async () => {
    const { products, tuples } = await planned(yaml);
    expect(
      products.map(({ id, stores, keeps, undelivered }) => ({ id, stores, keeps, undelivered })),
    ).toEqual([
      { id: 'some', stores: [A], keeps: { objectTypes: ['document', 'group'] }, undelivered: [] },
      { id: 'some', stores: [B], keeps: { objectTypes: ['document'] }, undelivered: ['group'] },
      { id: 'far', stores: [C], keeps: 'nothing', undelivered: [] },
      { id: 'default_tier', stores: ['*'], keeps: 'nothing', undelivered: [] },
    ]);
    expect(products.map(({ rows }) => rows.map(({ check }) => check.where))).toEqual([
      ['local', 'local', 'local'],
      ['forwarded', 'local', 'forwarded'],
      ['forwarded', 'forwarded', 'forwarded'],
      ['forwarded', 'forwarded', 'forwarded'],
    ]);
    expect(tuples).toEqual({ notCounted: expect.stringContaining('--store') });
  });

  test('only that of one store, if one is named; a store that no product names has the default tier', async () => {
    expect((await planned(yaml, '--store', B)).products).toMatchObject([{ id: 'some', stores: [B] }]);
    const other = '01J0000000000000000000000Z';
    expect((await planned(yaml, '--store', other)).products).toMatchObject([
      { id: 'default_tier', stores: [other] },
    ]);
  });

  test('those of a file, where the registry is one', async () => {
    file('products.yaml', `products: [ { id: filed, stores: [ "*" ], tier: critical } ]\n`);
    const { products } = await planned(`${EDGE}registry: { file: ./products.yaml }\n`);
    expect(products).toMatchObject([{ id: 'filed', keeps: 'everything' }]);
  });

  test('as a table, with what prevents a local answer', async () => {
    const { out } = await plan(file('edge.yaml', yaml), file('model.fga', DSL));
    expect(out).toContain(`some: tier hot, keeps document (nats_subjects do not deliver group); store ${B}`);
    expect(out).toMatch(/^ {2}document#editor {2}forwarded {2}may read group \(group#member\)$/m);
    expect(out).toContain('far: tier critical, for other regions, keeps nothing');
  });

  test('a listed type that the model does not have is named: it may be a slip', async () => {
    const slip = `${EDGE}products: [ { id: some, stores: [ "*" ], tier: ${hot('documnt', 'group')} } ]\n`;
    expect((await planned(slip)).products).toMatchObject([{ unknown: ['documnt'] }]);
    const { out } = await plan(file('edge.yaml', slip), file('model.fga', DSL));
    expect(out).toContain('not in this model: documnt');
  });

  test('an upstream that is away is said in one line, and the table stands', async () => {
    const { code, out } = await plan(file('edge.yaml', yaml), file('model.fga', DSL), '--store', A);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^tuples: not counted \(http:\/\/127\.0\.0\.1:1: the upstream server cannot be reached/m,
    );
    expect(out).toMatch(/^ {2}document#owner +local$/m);
  });
});

test('tuples are counted over the TLS that the YAML names', async () => {
  const authority = certificateAuthority('plan');
  const { cert, key } = authority.issue('server');
  const server = createServer({ cert: pem(cert), key: pem(key) }, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    response.end(request.url?.endsWith('/read') ? '{"tuples":[],"continuation_token":""}' : '{"id":"x"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upstream = `{ http: https://127.0.0.1:${port}, tls: { ca: ${authority.ca} } }`;
  try {
    const { tuples } = await planned(`role: edge\nupstream: ${upstream}\n`, '--store', A);
    expect(tuples).toMatchObject({ tuples: 0, whole: true });
  } finally {
    server.close();
  }
});

describe('a model with mistakes', () => {
  const edge = () => file('edge.yaml', EDGE);
  const json = (text: string) => JSON.stringify(transformer.transformDSLToJSONObject(text), null, 2);

  test('says each with its line, and ends with the code of a wrong file', async () => {
    const wrong = DSL.replace('[group#member]', '[team#member] or ownr');
    const path = file('wrong.fga', wrong);
    const { code, out, err } = await plan(edge(), path);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain(`${path}:10:`);
    expect(err).toContain('`team` is not a valid type');
    expect(err).toContain('the relation `ownr` does not exist');
  });

  test('in its syntax', async () => {
    const path = file('wrong.fga', DSL.replace('[user]', '[user'));
    expect(await plan(edge(), path)).toMatchObject({ code: 3, err: expect.stringContaining(`${path}:7:`) });
    expect(await plan(edge(), file('empty.fga', ''))).toMatchObject({ code: 3 });
    expect(await plan(edge(), join(folder, 'none.fga'))).toMatchObject({
      code: 3,
      err: expect.stringContaining('there is no such file'),
    });
  });

  test('as JSON: the line of the relation, of the syntax, or that it is no model', async () => {
    const text = json(`${DSL}    define viewer: owner\n`).replace(
      '"relation": "owner"',
      '"relation": "ownr"',
    );
    const line = text.slice(0, text.indexOf('"viewer"')).split('\n').length;
    expect(await plan(edge(), file('wrong.json', text))).toMatchObject({
      code: 3,
      err: expect.stringContaining(`wrong.json:${line}:`),
    });
    expect((await plan(edge(), file('cut.json', '{\n "schema_version": \n'))).err).toContain(
      'this is not JSON',
    );
    expect((await plan(edge(), file('other.json', '{ "a": 1 }'))).err).toContain('is no authorization model');
  });

  test('that only the server would refuse is refused here in its words', async () => {
    const circle = DSL.replace('[group#member]', 'editor');
    expect(await plan(edge(), file('circle.fga', circle))).toMatchObject({ code: 3 });
  });

  test('without one, JSON gives the same table as the DSL, wrapped as ReadAuthorizationModel answers or not', async () => {
    const tables = [DSL, json(DSL), `{ "authorization_model": ${json(DSL)} }`].map(async (text, n) => {
      const { out } = await plan(edge(), file(`m${n}`, text), '--json');
      return (JSON.parse(out) as Plan).products;
    });
    const [dsl, ...others] = await Promise.all(tables);
    expect(dsl?.[0]?.rows).toHaveLength(3);
    for (const other of others) expect(other).toEqual(dsl);
  });
});

test('a wrong YAML, and a wrong command line, have their own codes', async () => {
  expect(await plan(file('bad.yaml', 'role: edgy\n'), file('model.fga', DSL))).toMatchObject({ code: 3 });
  expect(await plan(file('edge.yaml', EDGE), file('model.fga', DSL), '--store', 'x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no store id'),
  });
  const world = { env: {}, print: () => {}, complain: () => {} };
  expect(await main(['plan', '--config', file('edge.yaml', EDGE)], world)).toBe(2);
});

test('docs/tiers.md shows what is printed', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/tiers.md'), 'utf8');
  const block = (language: string) =>
    new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page)?.[1] ?? '';
  const [yaml, model] = [file('edge.yaml', block('yaml')), file('model.fga', block('fga'))];
  const { code, out } = await plan(yaml, model, '--store', B);
  expect(code).toBe(0);
  const lines = (text: string) =>
    text
      .replaceAll(`${folder}/`, '')
      .split('\n')
      .filter((line) => !line.startsWith('tuples:'));
  expect(lines(block('text'))).toEqual(lines(out));
});
