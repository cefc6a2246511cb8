import type { Call } from './call.ts';
import { dataOf, modelNotFound, type StoredModel } from './world.ts';

/** `''` is the latest. Tells the call which model was resolved; throws as upstream does where there is none. */
export function resolveModel(call: Call, modelId: string): StoredModel {
  const data = dataOf(call.world, call.storeId);
  const id = modelId === '' ? data.latestModelId : modelId;
  const stored = id === undefined ? undefined : data.models.get(id);
  if (!stored) throw modelNotFound(call.storeId, modelId);
  call.modelId = stored.model.id;
  return stored;
}
