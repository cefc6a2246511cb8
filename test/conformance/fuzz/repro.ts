/** Keeps a mismatch: as a regression that a unit test replays, and as text for whoever reads it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { transformer } from '@openfga/syntax-transformer';
import type { AuthorizationModel } from '../../../src/fga/model.ts';
import type { Query } from '../../../src/fga/query.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import { bodyOf } from '../../support/ask.ts';
import type { Said } from '../said.ts';
import type { Comparison } from './compare.ts';
import type { Shrunk } from './shrink.ts';

const BIOME = join(import.meta.dirname, '../../../node_modules/.bin/biome');
export const REGRESSIONS = join(import.meta.dirname, '../regressions');

export interface KeptStep {
  readonly model: AuthorizationModel;
  readonly tuples: readonly Tuple[];
}

/** One file of `regressions/`. */
export interface Regression {
  /** Where it comes from: `fuzz seed 7 world 12`. */
  readonly from: string;
  /** Oldest first: a model as the server gives it back, and the tuples written under it. */
  readonly steps: readonly KeptStep[];
  readonly query: Query;
  /** What the real server said. */
  readonly server: Said;
  /** The reason, where the engine rightly leaves this question to the upstream. Absent: it answers as the server did. */
  readonly declined?: string;
}

/** Writes the file and returns its name. The name says the method and the content. */
export function keepRegression(folder: string, from: string, { world, comparison }: Shrunk): string {
  const steps = world.stored.map((model, index) => ({ model, tuples: world.recipe[index]?.tuples ?? [] }));
  const { query, server } = comparison;
  const regression: Regression = { from, steps, query, server };
  const told = JSON.stringify([steps.map(({ tuples }) => tuples), bodyOf(query)]);
  const hash = createHash('sha256').update(told).digest('hex');
  mkdirSync(folder, { recursive: true });
  const name = `${query.method.toLowerCase()}-${hash.slice(0, 10)}.json`;
  writeFileSync(join(folder, name), `${JSON.stringify(regression, null, 2)}\n`);
  spawnSync(BIOME, ['format', '--write', join(folder, name)]);
  return name;
}

/** All that are kept, by the name of their file. */
export function readRegressions(): (Regression & { readonly name: string })[] {
  const files = globSync('*.json', { cwd: REGRESSIONS }).sort();
  return files.map((file) => ({
    ...(JSON.parse(readFileSync(join(REGRESSIONS, file), 'utf8')) as Regression),
    name: basename(file, '.json'),
  }));
}

/** Models in the modelling language, tuples, query, and what each of the two said. */
export function describeMismatch(title: string, { world, comparison }: Shrunk): string {
  const { query, server, engine } = comparison;
  const tuples = world.recipe.flatMap((step) => step.tuples).map(tupleText);
  const models = world.stored.map((model) => `# model ${model.id}\n${dsl(model)}`);
  const asked = `${query.method} ${JSON.stringify(bodyOf(query))}`;
  return [
    `## ${title}`,
    '```',
    ...models,
    '# tuples',
    ...tuples,
    '# query',
    asked,
    `expected (server): ${JSON.stringify(server)}`,
    `got (engine):      ${JSON.stringify(engine)}`,
    '```',
    '',
  ].join('\n');
}

export function describeLoose(title: string, { query, server, engine }: Comparison): string {
  const asked = `${query.method} ${JSON.stringify(bodyOf(query))}`;
  return [
    `## ${title}`,
    asked,
    `server: ${JSON.stringify(server)}`,
    `engine: ${JSON.stringify(engine)}`,
    '',
  ].join('\n');
}

function tupleText({ user, relation, object, condition }: Tuple): string {
  const key = `${object}#${relation}@${user}`;
  return condition ? `${key} with ${condition.name} ${JSON.stringify(condition.context ?? {})}` : key;
}

/** JSON where the modelling language has no words for it. */
function dsl(model: AuthorizationModel): string {
  try {
    return transformer.transformJSONToDSL(model as never);
  } catch {
    return JSON.stringify(model);
  }
}
