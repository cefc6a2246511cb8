/**
 * The one table of routes (contract section 1.2). What it does not name, or names in a spelling that upstream does not take for
 * it (`//`, `..`, a trailing slash), is forwarded as it came: upstream decides what it means.
 */
import type { QueryMethod } from '../fga/query.ts';

export type Route =
  /** May be answered here. */
  | { readonly kind: 'query'; readonly method: QueryMethod; readonly storeId: string }
  /** Captured when it was committed. */
  | { readonly kind: 'write'; readonly storeId: string }
  | { readonly kind: 'write-model'; readonly storeId: string }
  /** Read only to see whether it may go to a replica. */
  | { readonly kind: 'read'; readonly storeId: string }
  /** Passed on unread. `primary`: it changes something, so a read replica cannot take it. */
  | { readonly kind: 'forward'; readonly primary: boolean };

type Row =
  | { readonly kind: 'query'; readonly method: QueryMethod }
  | { readonly kind: 'write' }
  | { readonly kind: 'write-model' }
  | { readonly kind: 'read' }
  | { readonly kind: 'forward'; readonly primary: boolean };

const READS: Row = { kind: 'forward', primary: false };
const CHANGES: Row = { kind: 'forward', primary: true };

function query(method: QueryMethod): Row {
  return { kind: 'query', method };
}

export const ROUTES: readonly (readonly [method: string, path: string, row: Row])[] = [
  ['POST', '/stores/{store_id}/check', query('Check')],
  ['POST', '/stores/{store_id}/batch-check', query('BatchCheck')],
  ['POST', '/stores/{store_id}/list-objects', query('ListObjects')],
  ['POST', '/stores/{store_id}/streamed-list-objects', query('StreamedListObjects')],
  ['POST', '/stores/{store_id}/list-users', query('ListUsers')],
  ['POST', '/stores/{store_id}/expand', query('Expand')],
  ['POST', '/stores/{store_id}/write', { kind: 'write' }],
  ['POST', '/stores/{store_id}/authorization-models', { kind: 'write-model' }],
  ['GET', '/stores/{store_id}/authorization-models', READS],
  ['GET', '/stores/{store_id}/authorization-models/{id}', READS],
  ['POST', '/stores/{store_id}/read', { kind: 'read' }],
  ['GET', '/stores/{store_id}/changes', READS],
  ['PUT', '/stores/{store_id}/assertions/{id}', CHANGES],
  ['GET', '/stores/{store_id}/assertions/{id}', READS],
  ['POST', '/stores', CHANGES],
  ['GET', '/stores', READS],
  ['GET', '/stores/{store_id}', READS],
  ['PATCH', '/stores/{store_id}', CHANGES],
  ['DELETE', '/stores/{store_id}', CHANGES],
  ['POST', '/stores/{store_id}/access/v1/evaluation', READS],
  ['POST', '/stores/{store_id}/access/v1/evaluations', READS],
  ['POST', '/stores/{store_id}/access/v1/search/subject', READS],
  ['POST', '/stores/{store_id}/access/v1/search/resource', READS],
  ['POST', '/stores/{store_id}/access/v1/search/action', READS],
  ['GET', '/.well-known/authzen-configuration/{store_id}', READS],
  ['GET', '/healthz', READS],
];

const PREFIX = '/stores/';
const STORE_ID_LENGTH = 26;
const ACTION_AT = PREFIX.length + STORE_ID_LENGTH + 1;
/** Upstream's own rule on store ids (contract section 2.1), wider than a ULID. */
export const STORE_ID = /^[A-HJ-KM-NP-TV-Z0-9]{26}$/;

const UNKNOWN: Route = { kind: 'forward', primary: false };
const PASSED_ON: Route = { kind: 'forward', primary: true };

const ACTIONS = actionsOf(ROUTES);
const CHANGING = ROUTES.filter(([, , row]) => row === CHANGES).map(
  ([method, path]) => [method, path.split('/')] as const,
);

/** `target` is the raw request target. */
export function routeOf(method: string, target: string): Route {
  const path = isPlain(target) ? target : pathIn(target);
  if (method === 'POST' && path.startsWith(PREFIX) && path.charCodeAt(ACTION_AT - 1) === SLASH) {
    const row = ACTIONS.get(path.slice(ACTION_AT));
    const storeId = path.slice(PREFIX.length, ACTION_AT - 1);
    if (row !== undefined && STORE_ID.test(storeId)) return toRoute(row, storeId);
  }
  return changesSomething(method, path) ? PASSED_ON : UNKNOWN;
}

const SLASH = 47;

/** The path alone, and every character of it as itself. */
export function isPlain(target: string): boolean {
  return target.charCodeAt(0) === SLASH && !target.includes('?') && !target.includes('%');
}

/** What upstream goes by: no scheme and authority, no query string, and what is percent-encoded undone. */
function pathIn(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/, '').split('?');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Only the plain spelling: in any other the store that upstream will see cannot be told. */
const STORE_IN_PATH = /^\/stores\/([A-HJ-KM-NP-TV-Z0-9]{26})(?:\/|$)/;

/** The store that a request target names. A query string names none that counts beside the path's. */
export function storeIn(target: string): string | undefined {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  return path.includes('..') || path.includes('%') ? undefined : STORE_IN_PATH.exec(path)?.[1];
}

function toRoute(row: Row, storeId: string): Route {
  switch (row.kind) {
    case 'query':
      return { kind: 'query', method: row.method, storeId };
    case 'write':
      return { kind: 'write', storeId };
    case 'write-model':
      return { kind: 'write-model', storeId };
    case 'read':
      return { kind: 'read', storeId };
    case 'forward':
      return row;
  }
}

function changesSomething(method: string, path: string): boolean {
  if (method === 'GET') return false;
  const parts = path.split('/');
  return CHANGING.some(([verb, pattern]) => verb === method && matches(pattern, parts));
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, i) => part === parts[i] || (part.startsWith('{') && parts[i] !== ''))
  );
}

/** The rows that are not merely forwarded all hang directly below one store. */
function actionsOf(routes: typeof ROUTES): ReadonlyMap<string, Row> {
  const below = '/stores/{store_id}/';
  return new Map(
    routes
      .filter(([method, path, row]) => method === 'POST' && row.kind !== 'forward' && path.startsWith(below))
      .map(([, path, row]) => [path.slice(below.length), row]),
  );
}
