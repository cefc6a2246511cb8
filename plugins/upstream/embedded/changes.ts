/** ReadChanges: the store's changelog in order, from a token or a time (contract section 6.3). */
import { encodeTime } from 'ulid';
import { FgaError } from '../../../src/fga/error.ts';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../../src/fga/limits.ts';
import { typeOf } from '../../../src/fga/tuple.ts';
import { type Call, json, type Reply } from './call.ts';
import { intParameter, parameter, timeParameter, timeText } from './json.ts';
import { decodeToken, encodeToken, invalidToken } from './paging.ts';
import { shownTuple } from './tuple-fields.ts';
import { RULES, Violations } from './violations.ts';
import { type Change, dataOf } from './world.ts';

export function readChanges(call: Call): Reply {
  const { world, storeId, search } = call;
  const type = parameter(search, 'type');
  const token = parameter(search, 'continuation_token');
  const startMs = timeParameter(search, 'start_time');
  const size = sizeOf(call, { type, token, startMs });
  const after = token === '' ? startOf(startMs) : ulidIn(token, type);
  const page = changesAfter(dataOf(world, storeId).changes, after, { type, size });
  const last = page.at(-1);
  return json(200, {
    changes: page.map(({ operation, tuple, atMs }) => ({
      tuple_key: shownTuple(tuple),
      operation: `TUPLE_OPERATION_${operation}`,
      timestamp: timeText(atMs),
    })),
    // At the end the caller keeps the token that it had.
    continuation_token: last ? encodeToken(`${last.ulid}|${type}`) : token,
  });
}

interface Asked {
  readonly type: string;
  readonly token: string;
  readonly startMs: number | undefined;
}

/** The page size, once all fields are as they should be. */
function sizeOf({ world, storeId, search }: Call, { type, token, startMs }: Asked): number {
  const size = intParameter(search, 'page_size');
  const own = new Violations('ReadChangesRequest');
  own.match('StoreId', storeId, RULES.ulid);
  own.matchIfSet('Type', type, RULES.changesType);
  if (size !== undefined && size < 1) own.add('PageSize', 'value must be greater than or equal to 1');
  own.token(token);
  if (startMs !== undefined && startMs >= world.clock.wallMs()) {
    own.add('StartTime', 'value must be less than now');
  }
  own.throwIfAny();
  // The maximum is a flag of the server, so it is not among the rules of the fields.
  const limit = new Violations('ReadChangesRequest');
  limit.pageSize(size);
  limit.throwIfAny();
  return Math.min(size ?? DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
}

/** The lowest ULID of the millisecond. */
function startOf(startMs: number | undefined): string {
  if (startMs === undefined) return '';
  if (startMs < 0) throw new FgaError('invalid_start_time', 'Invalid start time');
  return encodeTime(Math.floor(startMs), 10) + '0'.repeat(16);
}

function ulidIn(token: string, type: string): string {
  const text = decodeToken(token);
  const bar = text.indexOf('|');
  if (bar < 1) throw invalidToken();
  if (text.slice(bar + 1) !== type) {
    const message = "The type in the querystring and the continuation token don't match";
    throw new FgaError('query_string_type_continuation_token_mismatch', message);
  }
  if (!/^[0-7].{25}$/.test(text.slice(0, bar))) throw invalidToken();
  return text.slice(0, bar).toUpperCase();
}

function changesAfter(
  changes: readonly Change[],
  ulid: string,
  { type, size }: { readonly type: string; readonly size: number },
): readonly Change[] {
  const page: Change[] = [];
  for (let at = firstAfter(changes, ulid); at < changes.length && page.length < size; at += 1) {
    const change = changes[at];
    if (change && (type === '' || typeOf(change.tuple.object) === type)) page.push(change);
  }
  return page;
}

function firstAfter(changes: readonly Change[], ulid: string): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.ulid ?? '') <= ulid) low = middle + 1;
    else high = middle;
  }
  return low;
}
