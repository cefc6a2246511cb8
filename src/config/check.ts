/** YAML text against a schema and its rules: the fields, or every mistake in reading order. */
import type * as z from 'zod';
import { jsonSchema } from '../plugin/schema.ts';
import type { Broken } from './broken.ts';
import { explain, type SchemaNode, valueAt } from './explain.ts';
import { ConfigError, type Problem, pathText, sorted } from './problems.ts';
import { type Environment, readYaml, type YamlText } from './yaml.ts';

export interface Shape<Schema extends z.ZodObject> {
  readonly schema: Schema;
  /** Rules between fields. A field with a mistake of its own is undefined in `fields`. */
  rules(fields: Partial<z.output<Schema>>, raw: Readonly<Record<string, unknown>>): readonly Broken[];
  /** What stands in the YAML in a short form, written out. */
  complete?(raw: Record<string, unknown>): Record<string, unknown>;
}

export interface Checked<Fields> {
  readonly fields: Fields;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** `name` is the file's in errors. Throws ConfigError. */
export function checkYaml<Schema extends z.ZodObject>(
  text: string,
  shape: Shape<Schema>,
  { name, env }: { readonly name: string; readonly env: Environment },
): Checked<z.output<Schema>> {
  const yaml = readYaml(text, env);
  if (yaml.value === undefined) throw new ConfigError(name, yaml.problems);
  const raw = shape.complete?.(yaml.value) ?? yaml.value;
  const parsed = parseFields(shape.schema, { ...yaml, value: raw }, raw);
  const unset = new Set(yaml.problems.map((problem) => problem.path));
  const others = [...parsed.problems, ...ruleProblems(shape, raw, yaml)].filter(
    (problem) => !unset.has(problem.path),
  );
  const problems = [...yaml.problems, ...others];
  if (parsed.fields === undefined || problems.length > 0)
    throw new ConfigError(name, sorted(distinct(problems)));
  return { fields: parsed.fields, raw };
}

interface ParsedFields<Fields> {
  readonly fields: Fields | undefined;
  readonly problems: readonly Problem[];
}

function parseFields<Schema extends z.ZodObject>(
  schema: Schema,
  yaml: YamlText,
  raw: Record<string, unknown>,
): ParsedFields<z.output<Schema>> {
  const first = schema.safeParse(raw);
  const result =
    first.success || !convertNumbers(first.error.issues, yaml, raw) ? first : schema.safeParse(raw);
  if (result.success) return { fields: result.data, problems: [] };
  const node = jsonSchema(schema) as SchemaNode;
  return {
    fields: undefined,
    problems: result.error.issues.flatMap((issue) => explain(issue, yaml, node)),
  };
}

/** `replicas: ${REPLICAS}` comes as text; where a number belongs it becomes one. True when something was converted. */
function convertNumbers(
  issues: readonly z.core.$ZodIssue[],
  yaml: YamlText,
  raw: Record<string, unknown>,
): boolean {
  const texts = issues.filter((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    if (issue.code !== 'invalid_type' || yaml.source(path) === undefined) return false;
    const value = valueAt(raw, path);
    return typeof value === 'string' && /^\d{1,15}$/.test(value);
  });
  for (const { path } of texts) {
    const holder = valueAt(raw, path.slice(0, -1) as string[]);
    const last = path.at(-1);
    if (typeof holder !== 'object' || holder === null || last === undefined) continue;
    Reflect.set(holder, last, Number(Reflect.get(holder, last)));
  }
  return texts.length > 0;
}

function ruleProblems<Schema extends z.ZodObject>(
  shape: Shape<Schema>,
  raw: Record<string, unknown>,
  yaml: YamlText,
): Problem[] {
  return shape.rules(soundFields(shape.schema, raw), raw).map(({ path, ...rest }) => {
    const place = valueAt(raw, path) === undefined ? yaml.keyPlace(path) : yaml.place(path);
    return { path: pathText(path), ...place, ...rest };
  });
}

/** Each field parsed by itself; those with a mistake are undefined. */
function soundFields<Schema extends z.ZodObject>(
  schema: Schema,
  raw: Record<string, unknown>,
): Partial<z.output<Schema>> {
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
  const entries = Object.entries(shape).map(([name, field]) => {
    const result = field.safeParse(raw[name]);
    return [name, result.success ? result.data : undefined];
  });
  return Object.fromEntries(entries) as Partial<z.output<Schema>>;
}

function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((p) => [`${p.path}\n${p.message}`, p])).values()];
}
