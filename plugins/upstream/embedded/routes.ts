/** The one table of routes (contract section 1.2). */
import { FgaError } from '../../../src/fga/error.ts';
import { readAssertions, writeAssertions } from './assertions.ts';
import { GatewayError, type Handler, json } from './call.ts';
import { readChanges } from './changes.ts';
import { getModel, listModels, writeModel } from './models.ts';
import { queryHandler } from './queries.ts';
import { read } from './read.ts';
import { createStore, deleteStore, getStore, listStores, updateStore } from './stores.ts';
import { write } from './write.ts';

export interface Route {
  readonly handler: Handler;
  /** Undefined where the path names no store. */
  readonly storeId: string | undefined;
  readonly id: string;
  /** Its errors have the gateway's own shape (contract section 1.6). */
  readonly streamed: boolean;
  /** Answered by the gateway itself, without a request id. */
  readonly isHealth: boolean;
}

const STREAMED = '/stores/{store_id}/streamed-list-objects';
const HEALTH = '/healthz';

const ROUTES: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ['POST', '/stores/{store_id}/check', queryHandler('Check')],
  ['POST', '/stores/{store_id}/batch-check', queryHandler('BatchCheck')],
  ['POST', '/stores/{store_id}/list-objects', queryHandler('ListObjects')],
  ['POST', STREAMED, queryHandler('StreamedListObjects')],
  ['POST', '/stores/{store_id}/list-users', queryHandler('ListUsers')],
  ['POST', '/stores/{store_id}/expand', queryHandler('Expand')],
  ['POST', '/stores/{store_id}/write', write],
  ['POST', '/stores/{store_id}/read', read],
  ['GET', '/stores/{store_id}/changes', readChanges],
  ['POST', '/stores/{store_id}/authorization-models', writeModel],
  ['GET', '/stores/{store_id}/authorization-models', listModels],
  ['GET', '/stores/{store_id}/authorization-models/{id}', getModel],
  ['PUT', '/stores/{store_id}/assertions/{id}', writeAssertions],
  ['GET', '/stores/{store_id}/assertions/{id}', readAssertions],
  ['POST', '/stores', createStore],
  ['GET', '/stores', listStores],
  ['GET', '/stores/{store_id}', getStore],
  ['PATCH', '/stores/{store_id}', updateStore],
  ['DELETE', '/stores/{store_id}', deleteStore],
  ['POST', '/stores/{store_id}/access/v1/evaluation', notEnabled],
  ['POST', '/stores/{store_id}/access/v1/evaluations', notEnabled],
  ['POST', '/stores/{store_id}/access/v1/search/subject', notEnabled],
  ['POST', '/stores/{store_id}/access/v1/search/resource', notEnabled],
  ['POST', '/stores/{store_id}/access/v1/search/action', notEnabled],
  ['GET', HEALTH, () => json(200, { status: 'SERVING' })],
];

const PATTERNS = ROUTES.map(([method, path, handler]) => ({ method, path, handler, parts: path.split('/') }));

/** `path` without the query string. Throws 404: an unknown path is undefined, a known one with another verb unimplemented. */
export function routeOf(method: string, path: string): Route {
  // Like Go's server: decoded first, so an escaped slash parts the path too.
  const parts = decoded(path).split('/');
  const matching = PATTERNS.filter((pattern) => matches(pattern.parts, parts));
  if (matching.length === 0) throw new GatewayError('undefined_endpoint', 'Not Found');
  const found = matching.find((pattern) => pattern.method === method);
  if (!found) throw new GatewayError('unimplemented', 'Method Not Allowed');
  const valueAt = (name: string) => {
    const at = found.parts.indexOf(name);
    return at < 0 ? undefined : (parts[at] ?? '');
  };
  return {
    handler: found.handler,
    storeId: valueAt('{store_id}'),
    id: valueAt('{id}') ?? '',
    streamed: found.path === STREAMED,
    isHealth: found.path === HEALTH,
  };
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length && pattern.every((part, at) => part === parts[at] || part.startsWith('{'))
  );
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new GatewayError('validation_error', 'malformed path');
  }
}

/** AuthZEN is an experiment upstream and off by default. */
function notEnabled(): never {
  throw new FgaError(
    'unimplemented',
    'AuthZEN endpoints are experimental. Enable with --experimentals=authzen',
  );
}
