/** Who is asked: the engine over tuples in memory, a server over HTTP, or an edge that must answer by itself. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { createEngine } from '../../src/engine/evaluate.ts';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { parseQuery } from '../../src/proxy/wire/parse.ts';
import { call, describe, type Reply, textOf } from '../support/api.ts';
import { ask, bodyOf } from '../support/ask.ts';
import type { ModelBody } from '../support/datasets.ts';
import { MemoryReader } from '../support/memory-reader.ts';
import { type Said, saidOfOutcome, saidOfReply } from './said.ts';

export interface Target {
  newStore(): Promise<TargetStore>;
}

export interface TargetStore {
  readonly storeId: string;
  /** Resolves with the model's id. */
  writeModel(model: ModelBody): Promise<string>;
  write(tuples: readonly Tuple[]): Promise<void>;
  ask(query: Query): Promise<Said>;
}

/** The way of a local answer without the network: body, wire rules, engine, rendered body. */
export function engineTarget(): Target {
  // The time that a query may take is a bound on the machine, not part of the answer.
  const engine = createEngine({ budget: { millis: 10_000 } });
  return {
    async newStore() {
      const reader = new MemoryReader();
      return {
        storeId: ulid(),
        writeModel: async (model) => {
          const id = ulid();
          reader.addModel({ ...model, id } as AuthorizationModel);
          return id;
        },
        write: async (tuples) => {
          for (const tuple of tuples) reader.write(tuple);
        },
        ask: async (query) => {
          const parsed = parseQuery(query.method, query.storeId, Buffer.from(JSON.stringify(bodyOf(query))));
          const outcome = 'query' in parsed ? engine.answer(parsed.query, reader) : parsed;
          return saidOfOutcome(query.method, outcome);
        },
      };
    },
  };
}

/** A server by its base URL. */
export function serverTarget(base: string): Target {
  return askingTarget(base, (query) => ask(base, query).then((reply) => saidOfReply(query.method, reply)));
}

/**
 * Stores, models and tuples go to the HTTP API at `base`; how a question is asked is up to the caller, so that another wire
 * is a target of one function. `revision` is that of the last change, where a sidecar gave one.
 */
export function askingTarget(base: string, askOver: AskOver): Target {
  return { newStore: () => httpStore(base, askOver) };
}

/**
 * An edge by its base URL; writes go through it too. An answer that is not `Rsfga-Served-By: local` counts as declined,
 * with its reason. While the edge only has not got there yet, it is asked again.
 */
export function edgeTarget(base: string): Target {
  return askingTarget(base, (query, revision) => askLocally(base, query, revision));
}

export type AskOver = (query: Query, revision: string | undefined) => Promise<Said>;

async function httpStore(base: string, askOver: AskOver): Promise<TargetStore> {
  const created = await call(base, '/stores', { body: { name: 'conformance' } });
  const storeId = textOf(created, 'id');
  let revision: string | undefined;
  const changed = async (path: string, body: object): Promise<Reply> => {
    const reply = await call(base, `/stores/${storeId}/${path}`, { body });
    if (reply.status >= 300) throw new Error(describe(reply));
    revision = reply.headers['rsfga-revision'] ?? revision;
    return reply;
  };
  return {
    storeId,
    writeModel: async (model) =>
      textOf(await changed('authorization-models', model), 'authorization_model_id'),
    write: async (tuples) => {
      for (let at = 0; at < tuples.length; at += 100) {
        await changed('write', { writes: { tuple_keys: tuples.slice(at, at + 100) } });
      }
    },
    ask: (query) => askOver(query, revision),
  };
}

/** What an edge says while it is catching up. */
export const NOT_YET: readonly string[] = ['syncing', 'revision', 'stale'];
export const CATCH_UP_MS = 20_000;

async function askLocally(base: string, query: Query, revision: string | undefined): Promise<Said> {
  const until = Date.now() + CATCH_UP_MS;
  for (;;) {
    const reply = await ask(base, query, revision === undefined ? {} : { 'rsfga-min-revision': revision });
    if (reply.headers['rsfga-served-by'] === 'local') return saidOfReply(query.method, reply);
    const reason = `${reply.headers['rsfga-declined'] ?? 'not local'}`;
    if (!NOT_YET.includes(reason)) return { declined: reason };
    if (Date.now() > until) throw new Error(`the edge is not there after ${CATCH_UP_MS} ms: ${reason}`);
    await sleep(50);
  }
}
