/** Conditions whose types mostly do not fit: the embedded upstream takes and refuses what OpenFGA does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelProblem } from '../../../../plugins/upstream/embedded/model-rules.ts';
import type { AuthorizationModel } from '../../../../src/fga/model.ts';
import { type Kind, parameter } from '../../../conformance/fuzz/conditions.ts';
import { PARAMETERS, randomExpression } from '../../../conformance/fuzz/expression.ts';
import { call, textOf } from '../../../support/api.ts';
import { type Chance, chance } from '../../../support/chance.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../../../support/servers.ts';

const MODELS = 400;
const KINDS = [...new Set(Object.values(PARAMETERS))];
const PARTS = ['size', 'null', 'ip', '[]', '{}', '[1, "a"]', 'type(x)', '{"a": 1}.a', 'b"s"', '[].map(q, q)'];

describe.skipIf(!serversAvailable())('a condition', () => {
  let real: OpenFga;
  beforeAll(async () => {
    real = await startOpenFga();
  });
  afterAll(() => real?.stop());

  it('of whatever types is taken or refused as by the server', { timeout: 120_000 }, async () => {
    const path = `/stores/${textOf(await call(real.http, '/stores', { body: { name: 'conditions' } }), 'id')}`;
    const dice = chance(3);
    const counts = { taken: 0, refused: 0 };
    for (let n = 0; n < MODELS; n++) {
      const model = randomModel(dice);
      const reply = await call(real.http, `${path}/authorization-models`, { body: model });
      const problem = modelProblem({ ...model, id: '' } as AuthorizationModel);
      expect(
        problem === undefined,
        `${JSON.stringify(model.conditions)} ${problem} ${JSON.stringify(reply.body)}`,
      ).toBe(reply.status === 201);
      counts[reply.status === 201 ? 'taken' : 'refused']++;
    }
    expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(MODELS / 10);
  });
});

function randomModel(dice: Chance) {
  const kinds = Object.entries(PARAMETERS).map(([name, kind]): [string, Kind] => {
    return [name, dice.next() < 0.15 ? dice.pick(KINDS) : kind];
  });
  const parameters = Object.fromEntries(kinds.map(([name, kind]) => [name, parameter(kind)]));
  const condition = { name: 'cc', expression: expressionFor(dice), parameters };
  return { schema_version: '1.1', type_definitions: [{ type: 'user' }], conditions: { cc: condition } };
}

/** Short enough for a model, one in three with a part put in the place of another. */
function expressionFor(dice: Chance): string {
  const expression = randomExpression(dice);
  if (Buffer.byteLength(expression) > 400) return expressionFor(dice);
  if (dice.next() > 0.33) return expression;
  return expression.replace(/\b(x|y|u|flag|d|now|ttl|names)\b|"[^"]*"/, () => dice.pick(PARTS));
}
