/** Fills OpenFGA's PostgreSQL tables past its API: a hundred thousand tuples in seconds. Columns are those of schema 6 (v1.18). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromJson, type JsonValue as ProtoJson, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { monotonicFactory } from 'ulid';
import { type Tuple, userKind } from '../src/fga/tuple.ts';

const TUPLE =
  'tuple (store, object_type, object_id, relation, _user, user_type, ulid, inserted_at, condition_name, condition_context)';
const CHANGELOG =
  'changelog (store, object_type, object_id, relation, _user, operation, ulid, inserted_at, condition_name, condition_context)';

/** Into an empty store. Both tables get a row per tuple under the same ULID, as a Write leaves them. */
export async function loadBySql(uri: string, storeId: string, tuples: readonly Tuple[]): Promise<void> {
  const next = monotonicFactory();
  const now = new Date().toISOString();
  const rows = tuples.map((tuple) => ({ tuple, ulid: next() }));
  await copy(
    uri,
    TUPLE,
    rows.map((row) => line(storeId, row, userType(row.tuple), now)),
  );
  await copy(
    uri,
    CHANGELOG,
    rows.map((row) => line(storeId, row, '0', now)),
  );
  await copy(uri, undefined, []);
}

interface Row {
  readonly tuple: Tuple;
  readonly ulid: string;
}

function line(storeId: string, { tuple, ulid }: Row, sixth: string, now: string): string {
  const colon = tuple.object.indexOf(':');
  const [type, id] = [tuple.object.slice(0, colon), tuple.object.slice(colon + 1)];
  const { condition } = tuple;
  return [storeId, type, id, tuple.relation, tuple.user, sixth, ulid, now]
    .map(escaped)
    .concat(condition ? escaped(condition.name) : '\\N', contextBytes(tuple))
    .join('\t');
}

/** What OpenFGA calls a userset includes the wildcard. */
function userType(tuple: Tuple): string {
  return userKind(tuple.user) === 'object' ? 'user' : 'userset';
}

function contextBytes({ condition }: Tuple): string {
  const context = condition?.context ?? {};
  if (Object.keys(context).length === 0) return '\\N';
  const struct = fromJson(StructSchema, context as ProtoJson);
  return `\\\\x${Buffer.from(toBinary(StructSchema, struct)).toString('hex')}`;
}

/** The text format of COPY. */
function escaped(value: string): string {
  return value.replace(/[\\\t\n\r]/g, (char) => `\\${char}`);
}

/** Without a table: `VACUUM ANALYZE`, so that the planner knows what has come. */
async function copy(uri: string, table: string | undefined, lines: readonly string[]): Promise<void> {
  const command = table ? `COPY ${table} FROM STDIN` : 'VACUUM ANALYZE';
  const psql = spawn(psqlPath(), [uri, '-q', '-v', 'ON_ERROR_STOP=1', '-c', command]);
  const closed = once(psql, 'close') as Promise<[number | null]>;
  let errors = '';
  psql.stderr.on('data', (data) => {
    errors += String(data);
  });
  // When psql ends early its exit code and stderr say why; the broken pipe does not.
  await pipeline(Readable.from(chunks(lines)), psql.stdin).catch(() => undefined);
  const [code] = await closed;
  if (code !== 0) throw new Error(`psql ${command}: ${errors}`);
}

function* chunks(lines: readonly string[]): Generator<string> {
  for (let at = 0; at < lines.length; at += 10_000) yield `${lines.slice(at, at + 10_000).join('\n')}\n`;
}

function psqlPath(): string {
  return globSync('/usr/lib/postgresql/*/bin/psql').at(-1) ?? 'psql';
}
