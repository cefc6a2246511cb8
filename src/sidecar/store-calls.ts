/** Resync and snapshot, as an operator asks for them. */
import type { AdminCall, CallResult } from '../plugin/endpoints.ts';
import type { Replica } from '../replica/replica.ts';
import type { SnapshotOutcome } from '../replica/snapshot-write.ts';
import type { Snapshots } from '../replica/snapshots.ts';

export function resyncCall(replica: Replica): AdminCall {
  return {
    name: 'resync',
    async run(body) {
      const stores = storesOf(body, replica);
      if ('refused' in stores) return stores;
      for (const storeId of stores.ids) replica.resync(storeId, 'requested');
      return { done: { stores: Object.fromEntries(stores.ids.map((id) => [id, 'is copied again'])) } };
    },
  };
}

export function snapshotCall(snapshots: Snapshots, replica: Replica): AdminCall {
  return {
    name: 'snapshot',
    async run(body, { progress }) {
      const stores = storesOf(body, replica);
      if ('refused' in stores) return stores;
      const said: Record<string, string> = {};
      for (const storeId of stores.ids) {
        const outcomes = await snapshots.take([storeId]);
        for (const [id, outcome] of outcomes) said[id] = wordsOf(outcome);
        progress({ store: storeId, came: said[storeId] });
      }
      const wrote = Object.values(said).some((words) => words.startsWith('written'));
      if (stores.ids.length > 0 && !wrote)
        return { refused: `No snapshot was written: ${Object.values(said).join('; ')}.`, status: 409 };
      return { done: { stores: said } };
    },
  };
}

function wordsOf(outcome: SnapshotOutcome): string {
  if ('skipped' in outcome) return outcome.skipped;
  const { head, tuples, name } = outcome.written;
  return `written as ${name}: ${tuples} tuples at revision ${head.revision}`;
}

/** The stores of `{"stores": […]}`; without it, all that are kept. */
function storesOf(body: unknown, replica: Replica): { readonly ids: readonly string[] } | RefusedCall {
  const kept = replica.tracks().map(({ storeId }) => storeId);
  const named = typeof body === 'object' && body !== null && 'stores' in body ? body.stores : undefined;
  if (named === undefined) return { ids: kept };
  if (!Array.isArray(named) || !named.every((id): id is string => typeof id === 'string'))
    return { refused: '"stores" is a list of store ids, or absent for all.', status: 400 };
  const foreign = named.find((id) => !kept.includes(id));
  if (foreign !== undefined)
    return {
      refused: `The store ${foreign.slice(0, 64)} is not kept here; /status lists those that are.`,
      status: 404,
    };
  return { ids: named };
}

type RefusedCall = Extract<CallResult, { refused: string }>;
