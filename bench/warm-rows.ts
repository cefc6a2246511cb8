/** A remembered answer beside one from local tuples, one that is forwarded, and OpenFGA's own: the same Checks, in turns. */
import { call, createStore, expectStatus, writeAll } from '../test/support/api.ts';
import { centralYaml, createFleet, edgeYaml } from '../test/support/fleet.ts';
import { startNats, startOpenFga } from '../test/support/servers.ts';
import { benchData, SMALL } from './dataset.ts';
import type { Load } from './load.ts';
import {
  compareAnswers,
  measureRounds,
  type Plan,
  type RowResult,
  summarize,
  type Target,
} from './measure.ts';
import { ROWS, type Row } from './rows.ts';
import { hitRate, readCache, share, WARM } from './warm-cache.ts';

/** `direct` reads one relation, `nested` a folder, a division and a team. */
const ASKED = ['direct', 'nested'];
const TIERS = ['cold', 'critical', 'warm'] as const;

export async function measureWarmRows(load: Load, plan: Plan): Promise<RowResult[]> {
  const data = benchData(SMALL);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    closing.push(openfga.stop, nats.stop);
    const fleet = createFleet();
    closing.push(fleet.stop);
    const stores: Record<(typeof TIERS)[number], string> = { cold: '', critical: '', warm: '' };
    for (const tier of TIERS) {
      stores[tier] = (await createStore(openfga.http, `of-${tier}`, data.model)).storeId;
      await writeAll(openfga.http, stores[tier], data.tuples);
    }
    await fleet.start('central', centralYaml(openfga.http, nats.url));
    const products = [
      { id: 'critical', stores: [stores.critical], tier: 'critical' },
      { id: 'warm', stores: [stores.warm], tier: WARM },
    ];
    const edge = await fleet.start('edge', edgeYaml(openfga.http, nats.url, { products }));
    await edge.synced();
    const at = (name: string, storeId: string): Target => ({
      name,
      http: edge.http,
      storeId,
      pids: [edge.pid()],
    });
    const targets = [
      { name: 'openfga', http: openfga.http, storeId: stores.warm, pids: [openfga.pid] },
      at('edge, forwarded', stores.cold),
      at('edge, local', stores.critical),
      at('edge, remembered', stores.warm),
    ];
    const results: RowResult[] = [];
    for (const row of ROWS.filter(({ id }) => ASKED.includes(id))) {
      const notes = await learn(row, targets);
      const before = await readCache(edge);
      const rounds = await measureRounds({ row, targets, sizes: data.sizes, plan, load });
      const rate = hitRate(await readCache(edge), before);
      results.push({
        ...{ id: row.id, says: row.says, setting: 'OpenFGA on memory', tuples: data.tuples.length },
        ...summarize(targets, rounds),
        notes: [...notes, `${share(rate)} of the warm store's were remembered`],
      });
    }
    return results;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Asks every question once, and the first ones again: what comes from memory must be what OpenFGA says. */
async function learn(row: Row, targets: readonly Target[]): Promise<string[]> {
  const [openfga, remembered] = [targets[0], targets.at(-1)];
  if (!openfga || !remembered) return [];
  for (const body of row.bodies(SMALL))
    await expectStatus(200, call(remembered.http, `/stores/${remembered.storeId}${row.path}`, { body }));
  return compareAnswers(row, SMALL, openfga, remembered);
}
