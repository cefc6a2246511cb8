/** What the kept mismatches say of the server is still so, on a store made anew. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { type OpenFga, PATIENT, serversAvailable, startOpenFga } from '../support/servers.ts';
import { readRegressions } from './fuzz/repro.ts';
import { openWorld } from './fuzz/world.ts';
import { saidOfReply } from './said.ts';

describe.skipIf(!serversAvailable())('the real server', () => {
  let server: OpenFga;
  beforeAll(async () => {
    server = await startOpenFga({ args: PATIENT });
  });
  afterAll(() => server.stop());

  it.each(readRegressions().filter(({ declined }) => declined === undefined))('$name', async (kept) => {
    const recipe = kept.steps.map(({ model: { id: _, ...model }, tuples }) => ({ model, tuples }));
    const world = await openWorld(server.http, recipe);
    if (world === undefined) throw new Error('the server refuses a model');
    const index = kept.steps.findIndex(({ model }) => model.id === kept.query.modelId);
    const { modelId: _, ...rest } = kept.query;
    const named = index < 0 ? rest : { ...rest, modelId: world.models[index]?.id };
    const said = saidOfReply(
      kept.query.method,
      await ask(server.http, { ...named, storeId: world.storeId } as never),
    );
    expect(said).toEqual(kept.server);
  });
});
