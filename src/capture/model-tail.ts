/** Models have no changelog: each walk asks for the newest id, and reads the list when it is a new one. */
import type { AuthorizationModel } from '../fga/model.ts';
import type { Upstream } from '../plugin/upstream.ts';

export interface ModelTail {
  /** Models that were not published by this sidecar, oldest first. */
  unpublished(): Promise<readonly AuthorizationModel[]>;
  isPublished(modelId: string): boolean;
  published(modelId: string): void;
}

export function createModelTail(upstream: Upstream, storeId: string): ModelTail {
  /** Ids are ULIDs, but two servers may mint them out of order: hence a set and not just the greatest. */
  const done = new Set<string>();
  let listedOnce = false;

  return {
    async unpublished() {
      const latest = await upstream.latestModelId(storeId);
      if (latest === undefined || done.has(latest)) return [];
      const listed = await upstream.listModels(storeId);
      // At the start only the newest is published again: followers copied the others when they bootstrapped.
      if (!listedOnce) for (const model of listed.slice(1)) done.add(model.id);
      listedOnce = true;
      return listed.filter((model) => !done.has(model.id)).reverse();
    },
    isPublished: (modelId) => done.has(modelId),
    published: (modelId) => void done.add(modelId),
  };
}
