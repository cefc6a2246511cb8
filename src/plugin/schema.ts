/**
 * The words in which the configuration and the plugins describe their fields. One declaration gives the check at start,
 * `config.schema.json` and docs/reference/config.md. Each word carries `says` (what the field is for) and an `expected`
 * phrase (what may be written there); both travel in the JSON Schema, the latter as `x-expected`.
 */
import * as z from 'zod';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Keys that a later version brings, with what they are: refused with "not built yet" instead of "unknown". */
export type LaterKeys = Readonly<Record<string, string>>;

/** The custom members of the JSON Schema. Editors ignore them; the docs generator and the error texts read them. */
export type FieldNotes = {
  readonly description: string;
  readonly 'x-expected': string;
  readonly 'x-secret'?: boolean;
  readonly 'x-later'?: LaterKeys;
};

export function text(says: string, expected = 'a text', pattern = /^\S(.*\S)?$/s) {
  return z.string({ error: expected }).regex(pattern, { error: expected }).meta(notes(says, expected));
}

/** A text that is never shown: masked in errors, logs and the status. */
export function secret(
  says: string,
  expected = 'a secret text, best taken from the environment',
  pattern = /./s,
) {
  const field = z.string({ error: expected }).regex(pattern, { error: expected });
  return field.meta({ ...notes(says, expected), 'x-secret': true });
}

/** YAML: a number and a unit. Result: milliseconds. `min` and `max` are milliseconds too. */
export function duration(says: string, range: { min?: number; max?: number } = {}) {
  const { min = 0, max = 366 * UNITS.d } = range;
  const bounds = `from ${durationText(min)} to ${durationText(max)}`;
  const expected = `a duration ${bounds}: a number and a unit (ms, s, m, h or d), such as 500ms or 10s`;
  return z
    .string({ error: expected })
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, { error: expected })
    .transform(milliseconds)
    .refine((ms) => ms >= min && ms <= max, { error: expected })
    .meta(notes(says, expected));
}

/** Whole number. */
export function count(says: string, range: { min: number; max: number; expected?: string }) {
  const expected = range.expected ?? `a whole number from ${range.min} to ${range.max}`;
  const field = z.int({ error: expected }).min(range.min, { error: expected });
  return field.max(range.max, { error: expected }).meta(notes(says, expected));
}

/** From 0 to 1. */
export function fraction(says: string) {
  const expected = 'a number from 0 to 1, such as 0.01';
  const field = z.number({ error: expected }).min(0, { error: expected });
  return field.max(1, { error: expected }).meta(notes(says, expected));
}

export function oneOf<const Words extends readonly [string, ...string[]]>(says: string, words: Words) {
  const expected = words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`;
  return z.enum(words, { error: expected }).meta(notes(says, expected));
}

export function yesNo(says: string) {
  const expected = 'true or false';
  return z.boolean({ error: expected }).meta(notes(says, expected));
}

/** `host:port`, IPv6 in brackets. `lowestPort` 0 lets the system choose. */
export function address(says: string, lowestPort: 0 | 1) {
  const expected = 'host:port, such as 127.0.0.1:8080 or [::1]:8080';
  return z
    .string({ error: expected })
    .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, { error: expected })
    .transform(splitAddress)
    .refine((a) => a.port >= lowestPort && a.port <= 65_535, { error: expected })
    .meta(notes(says, expected));
}

/** `http://host:port` without a path. Result: the origin, without a trailing slash. */
export function origin(says: string) {
  const expected = 'the base URL of the server without a path, such as http://127.0.0.1:18080';
  return z
    .string({ error: expected })
    .refine(isOrigin, { error: expected })
    .transform((value) => new URL(value).origin)
    .meta(notes(says, expected));
}

/** A file or folder. Relative paths count from the YAML file; whoever builds the typed result resolves them. */
export function path(says: string) {
  const expected = 'a path; a relative one counts from the folder of this file';
  return z.string({ error: expected }).min(1, { error: expected }).meta(notes(says, expected));
}

export function list<Item extends z.ZodType>(says: string, item: Item, expected = 'a list') {
  return z.array(item, { error: expected }).meta(notes(says, expected));
}

/** A mapping with exactly these keys. */
export function group<Shape extends z.core.$ZodLooseShape>(
  says: string,
  shape: Shape,
  later: LaterKeys = {},
) {
  const names = Object.keys(shape);
  const expected = names.length > 0 ? `a mapping with the keys ${names.join(', ')}` : 'nothing: no options';
  return z.strictObject(shape, { error: expected }).meta({ ...notes(says, expected), 'x-later': later });
}

/** A bare word, or a mapping. `embedded` or `{ http: … }`. */
export function wordOr<const Word extends string, Group extends z.ZodObject>(
  says: string,
  word: Word,
  other: Group,
) {
  const expected = `the word ${word}, or ${expectedOf(other)}`;
  const schema = z.unknown().transform((value, context): Word | z.output<Group> => {
    if (value === word) return word;
    if (isMapping(value)) return settle(other.safeParse(value), [], context) ?? z.NEVER;
    context.issues.push({ code: 'custom', message: expected, input: value });
    return z.NEVER;
  });
  return schema.meta({ ...notes(says, expected), anyOf: [{ const: word }, jsonSchema(other)] });
}

/** The JSON Schema of what may be written, without the `$schema` line. */
export function jsonSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

/** 90000 → `90s`, the largest unit that gives a whole number. */
export function durationText(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((u) => ms > 0 && ms % UNITS[u] === 0);
  if (ms === 0) return '0s';
  return unit === undefined ? `${ms}ms` : `${ms / UNITS[unit]}${unit}`;
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function milliseconds(value: string): number {
  const unit = value.replace(/[\d.]/g, '') as keyof typeof UNITS;
  return Math.round(Number.parseFloat(value) * UNITS[unit]);
}

function splitAddress(value: string): Address {
  const colon = value.lastIndexOf(':');
  return { host: value.slice(0, colon).replace(/[[\]]/g, ''), port: Number(value.slice(colon + 1)) };
}

function isOrigin(value: string): boolean {
  if (!/^https?:\/\/[^/?#@\s]+\/?$/.test(value)) return false;
  return URL.canParse(value);
}

export function notes(description: string, expected: string): FieldNotes {
  return { description, 'x-expected': expected };
}

function expectedOf(schema: z.ZodType): string {
  return String(schema.meta()?.['x-expected'] ?? 'a value');
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Passes nested issues on with their path; undefined when there were any. */
export function settle<T>(
  result: z.ZodSafeParseResult<T>,
  prefix: readonly PropertyKey[],
  context: z.core.$RefinementCtx,
): T | undefined {
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    context.issues.push({ ...issue, path: [...prefix, ...issue.path] } as z.core.$ZodRawIssue);
  }
  return undefined;
}
