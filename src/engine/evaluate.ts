/**
 * The engine: answers a query from a view of one store, exactly as OpenFGA v1.18 would, or says why not.
 * Pure and synchronous: it reads the view, and nothing else but the clock it was given.
 */
import type { Outcome } from '../fga/answer.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import type { Query } from '../fga/query.ts';
import type { ModelReader, TupleReader } from '../fga/reader.ts';
import { batchCheck } from './batch-check.ts';
import { check } from './check.ts';
import { type CompiledModel, compileModel } from './compile.ts';
import { Decline } from './decline.ts';
import { expand } from './expand.ts';
import { listObjects } from './list-objects.ts';
import { listUsers } from './list-users.ts';
import { type Budget, DEFAULT_BUDGET, type Meter, startMeter } from './run.ts';

export interface EngineView extends TupleReader, ModelReader {}

/** `modelId` is the resolved one, present on errors after resolution too. */
export type EngineOutcome = Outcome & { readonly modelId?: string };

export interface Engine {
  answer(query: Query, view: EngineView): EngineOutcome;
}

export interface EngineOptions {
  /** Monotonic milliseconds. */
  readonly clock?: () => number;
  readonly budget?: Partial<Budget>;
}

export function createEngine(options: EngineOptions = {}): Engine {
  const clock = options.clock ?? (() => performance.now());
  const budget: Budget = { ...DEFAULT_BUDGET, ...options.budget };
  const models: ModelCache = new Map();
  return {
    answer(query, view) {
      const model = resolveModel(models, query.modelId ?? view.latestModelId(), view);
      if (!model) return { declined: 'model', detail: 'the model is not known here, or not understood' };
      try {
        return { ...evaluate(model, query, view, startMeter(budget, clock)), modelId: model.id };
      } catch (error) {
        if (error instanceof Decline)
          return { declined: error.reason, detail: error.message, modelId: model.id };
        throw error;
      }
    },
  };
}

function evaluate(model: CompiledModel, query: Query, view: EngineView, meter: Meter): Outcome {
  switch (query.method) {
    case 'Check':
      return check(model, query, view, meter);
    case 'BatchCheck':
      return batchCheck(model, query, view, meter);
    case 'Expand':
      return expand(model, query, view, meter);
    case 'ListObjects':
    case 'StreamedListObjects':
      return listObjects(model, query, view, meter);
    case 'ListUsers':
      return listUsers(model, query, view, meter);
  }
}

/**
 * By the model as the view gives it, not by its id: one engine answers for many stores, and a model that another store has
 * is no model of this one. Null where it cannot be compiled. Oldest first.
 */
type ModelCache = Map<AuthorizationModel, CompiledModel | null>;

const MAX_MODELS = 256;

function resolveModel(
  models: ModelCache,
  id: string | undefined,
  view: EngineView,
): CompiledModel | undefined {
  const model = id === undefined ? undefined : view.model(id);
  if (!model) return undefined;
  const known = models.get(model);
  if (known !== undefined) return known ?? undefined;
  const compiled = compileModel(model) ?? null;
  if (models.size >= MAX_MODELS) for (const oldest of models.keys()) if (models.delete(oldest)) break;
  models.set(model, compiled);
  return compiled ?? undefined;
}
