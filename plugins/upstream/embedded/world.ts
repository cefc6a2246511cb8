/**
 * All that the server knows. A store's data outlives the store, and comes to be without it: upstream asks for the store
 * nowhere but in GetStore (contract section 3.4).
 */
import { monotonicFactory } from 'ulid';
import { type CompiledModel, compileModel } from '../../../src/engine/compile.ts';
import type { EngineView } from '../../../src/engine/evaluate.ts';
import { FgaError } from '../../../src/fga/error.ts';
import type { AuthorizationModel } from '../../../src/fga/model.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import type { Clock } from '../../../src/plugin/clock.ts';
import { createTupleTable, type TupleTable } from './tuples.ts';

export interface World {
  readonly clock: Clock;
  /** By id; deleted ones are gone. */
  readonly stores: Map<string, StoreRecord>;
  /** By store id. */
  readonly data: Map<string, StoreData>;
  /** ULIDs, ascending also within a millisecond and when the clock goes back. */
  nextId(): string;
}

export interface StoreRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
}

export interface StoreData {
  readonly tuples: TupleTable;
  /** Ascending by ULID. */
  readonly changes: Change[];
  /** By id, oldest first. */
  readonly models: Map<string, StoredModel>;
  latestModelId: string | undefined;
  /** What the engine reads; always the present state. */
  readonly view: EngineView;
  /** By model id, as they are answered. */
  readonly assertions: Map<string, readonly unknown[]>;
}

export interface Change {
  readonly ulid: string;
  readonly operation: 'WRITE' | 'DELETE';
  readonly tuple: Tuple;
  readonly atMs: number;
}

export interface StoredModel {
  readonly model: AuthorizationModel;
  /** Undefined where the engine cannot stand for the model. */
  readonly compiled: CompiledModel | undefined;
}

export function createWorld(clock: Clock): World {
  const next = monotonicFactory();
  return { clock, stores: new Map(), data: new Map(), nextId: () => next(clock.wallMs()) };
}

/** Made when it is first asked for; an unknown store reads as an empty one. */
export function dataOf(world: World, storeId: string): StoreData {
  const known = world.data.get(storeId);
  if (known) return known;
  const made = emptyData();
  world.data.set(storeId, made);
  return made;
}

function emptyData(): StoreData {
  const table = createTupleTable();
  const data: StoreData = {
    tuples: table,
    changes: [],
    models: new Map(),
    assertions: new Map(),
    latestModelId: undefined,
    view: {
      tuple: table.tuple,
      tuples: table.tuples,
      usersets: table.usersets,
      byUser: table.byUser,
      byType: table.byType,
      model: (modelId) => data.models.get(modelId)?.model,
      latestModelId: () => data.latestModelId,
    },
  };
  return data;
}

/** As the engine reads it; throws where the engine does not understand the model. */
export function compiledOf(stored: StoredModel): CompiledModel {
  if (stored.compiled) return stored.compiled;
  throw new FgaError('internal_error', 'the embedded upstream does not understand this model');
}

export function addModel(data: StoreData, model: AuthorizationModel): void {
  data.models.set(model.id, { model, compiled: compileModel(model) });
  data.latestModelId = model.id;
}

export function modelNotFound(storeId: string, modelId: string): FgaError {
  return modelId === ''
    ? new FgaError(
        'latest_authorization_model_not_found',
        `No authorization models found for store '${storeId}'`,
      )
    : new FgaError('authorization_model_not_found', `Authorization Model '${modelId}' not found`);
}
