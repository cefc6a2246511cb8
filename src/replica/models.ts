/** Models that did not arrive with their message, or that a request named: fetched from the upstream, one by one. */
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Upstream } from '../plugin/upstream.ts';
import type { Ledger } from './ledger.ts';

export interface ModelFetcher {
  /** Starts a fetch unless one is under way or lately came to nothing. */
  fetch(storeId: string, modelId: string): void;
}

/** A model id that the upstream does not know is not asked for again within this time. */
const FORGET_MS = 10_000;
/** Ids remembered; a caller who makes up ids cannot make this grow. */
const MAX_REMEMBERED = 1_000;

export function createModelFetcher(parts: {
  readonly upstream: Upstream;
  readonly store: TupleStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Log;
}): ModelFetcher {
  const { upstream, store, ledger, clock, logger } = parts;
  const asked = new Map<string, number>();

  async function get(storeId: string, modelId: string): Promise<void> {
    const model = await upstream.readModel(storeId, modelId);
    const track = ledger.tracks.get(storeId);
    if (!model || !track || !store.state(storeId)) return;
    await ledger.write(track, { models: [model] });
    logger.info({ store: storeId, model: modelId }, 'fetched a model');
  }

  return {
    fetch(storeId, modelId) {
      const key = `${storeId} ${modelId}`;
      const now = clock.monoMs();
      if (now - (asked.get(key) ?? Number.NEGATIVE_INFINITY) < FORGET_MS) return;
      if (asked.size >= MAX_REMEMBERED) asked.clear();
      asked.set(key, now);
      get(storeId, modelId).catch((error: unknown) => {
        asked.delete(key);
        logger.warn({ store: storeId, model: modelId, err: error }, 'a model could not be fetched');
      });
    },
  };
}
