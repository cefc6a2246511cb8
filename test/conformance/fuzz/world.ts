/** A store on the server and the same store in memory, made from one recipe. */
import type { AuthorizationModel } from '../../../src/fga/model.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import { call, fieldOf, write } from '../../support/api.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { MemoryReader } from '../../support/memory-reader.ts';
import { changedModel, type Plan, randomModel, randomPlan } from './model.ts';
import type { Askable } from './queries.ts';
import { type Recipe, randomTuples, randomWeave, type Step, type Weave } from './tuples.ts';
import { randomRenames, widened } from './wide.ts';

export interface World extends Askable {
  readonly recipe: Recipe;
  /** The models as the server gives them back, which is what a replica holds. */
  readonly stored: readonly AuthorizationModel[];
  readonly reader: MemoryReader;
}

/** Undefined when the server refuses a model. Tuples that it refuses are left out. */
export async function openWorld(base: string, recipe: Recipe): Promise<World | undefined> {
  const created = await call(base, '/stores', { body: { name: 'fuzz' } });
  const storeId = String(fieldOf(created, 'id'));
  const reader = new MemoryReader();
  const models: { id: string; body: ModelBody }[] = [];
  const stored: AuthorizationModel[] = [];
  const done: Step[] = [];
  for (const { model, tuples } of recipe) {
    const id = await writtenModel(base, storeId, model);
    if (id === undefined) return undefined;
    const read = await call(base, `/stores/${storeId}/authorization-models/${id}`);
    const back = fieldOf(read, 'authorization_model') as AuthorizationModel;
    const written = await writtenTuples(base, storeId, tuples);
    reader.addModel(back);
    for (const tuple of written) reader.write(tuple);
    models.push({ id, body: model });
    stored.push(back);
    done.push({ model, tuples: written });
  }
  return { storeId, models, stored, reader, recipe: done };
}

/** Models are made until the server takes one; they are tried out at `tryAt`, whose word is the same. */
export async function randomWorld(
  base: string,
  chance: Chance,
  tryAt = base,
): Promise<{ world: World; weave: Weave }> {
  for (;;) {
    const plan = randomPlan(chance);
    const weave = randomWeave(chance);
    const models = await randomModels(tryAt, plan, chance);
    if (models.length === 0) continue;
    const recipe = models.map((model) => ({
      model,
      tuples: randomTuples(model, weave, chance),
    }));
    const world = await openWorld(base, recipe);
    if (world !== undefined) return { world, weave };
  }
}

/** The first, and now and then a newer one or two. Every other world is wide: see `wide.ts`. */
async function randomModels(base: string, plan: Plan, chance: Chance): Promise<ModelBody[]> {
  const renames = chance.next() < 0.5 ? randomRenames(chance) : undefined;
  const versions = chance.next() < 0.4 ? 1 + chance.below(2) : 0;
  const models: ModelBody[] = [];
  let plain: ModelBody | undefined;
  for (let i = 0; i <= versions; i++) {
    const before = plain;
    const model = await validModel(base, () => {
      plain = before ? changedModel(plan, before, chance) : randomModel(plan, chance);
      return renames ? widened(plain, renames, chance) : plain;
    });
    if (model === undefined) plain = before;
    else models.push(model);
    if (models.length === 0) return [];
  }
  return models;
}

const TRIES = 10;
const scratchStores = new Map<string, Promise<string>>();

/** Models are tried out in a store of their own, so that a world's store holds only what its recipe says. */
export async function validModel(base: string, make: () => ModelBody): Promise<ModelBody | undefined> {
  const scratch =
    scratchStores.get(base) ??
    call(base, '/stores', { body: { name: 'scratch' } }).then((reply) => String(fieldOf(reply, 'id')));
  scratchStores.set(base, scratch);
  for (let i = 0; i < TRIES; i++) {
    const model = make();
    if ((await writtenModel(base, await scratch, model)) !== undefined) return model;
  }
  return undefined;
}

async function writtenModel(base: string, storeId: string, model: ModelBody): Promise<string | undefined> {
  const reply = await call(base, `/stores/${storeId}/authorization-models`, { body: model });
  const id = fieldOf(reply, 'authorization_model_id');
  if (typeof id === 'string') return id;
  if (fieldOf(reply, 'code') === 'deadline_exceeded') throw new DOMException('model', 'TimeoutError');
  if (reply.status !== 400) throw new Error(`model: ${reply.status} ${JSON.stringify(reply.body)}`);
  return undefined;
}

/** A hundred at once; one by one where the server refuses one of them, or has some already. */
async function writtenTuples(
  base: string,
  storeId: string,
  tuples: readonly Tuple[],
): Promise<readonly Tuple[]> {
  const taken: Tuple[] = [];
  for (let at = 0; at < tuples.length; at += 100) {
    const chunk = tuples.slice(at, at + 100);
    const all = await write(base, storeId, { writes: chunk });
    taken.push(...(all.status === 200 ? chunk : await writtenSingly(base, storeId, chunk)));
  }
  return taken;
}

async function writtenSingly(base: string, storeId: string, tuples: readonly Tuple[]): Promise<Tuple[]> {
  const taken: Tuple[] = [];
  for (const tuple of tuples) {
    if ((await write(base, storeId, { writes: [tuple] })).status === 200) taken.push(tuple);
  }
  return taken;
}
