/** The models of a store, compared with the upstream's newest hundred. A missing one is fetched. */
import { BARRIER_WAIT_MS, noBarrier, type SettleParts } from './audit-settle.ts';
import type { Track } from './track.ts';

export interface ModelDifferences {
  /** Ids that the upstream has and that are not held here. */
  readonly missing: readonly string[];
  /** The newest one here, where the upstream does not know it. */
  readonly extra: readonly string[];
}

/** Throws AuditStopped where no barrier can be had. */
export async function auditModels(
  { upstream, store, ledger, barrier }: SettleParts,
  track: Track,
  repair: boolean,
): Promise<ModelDifferences> {
  const { storeId } = track;
  const listed = await upstream.listModels(storeId);
  // What was listed and is not here by then did not come, and is not on its way.
  if (!(await barrier(storeId, BARRIER_WAIT_MS))) throw noBarrier();
  const missing = listed.filter(({ id }) => store.view(storeId)?.model(id) === undefined);
  if (repair && missing.length > 0) await ledger.mend(track, () => ({ models: missing }));
  const latest = store.view(storeId)?.latestModelId();
  const isKnown = latest === undefined || listed.some(({ id }) => id === latest);
  const extra = isKnown || (await upstream.readModel(storeId, latest)) ? [] : [latest];
  return { missing: missing.map(({ id }) => id), extra };
}
