/** A complaint of the schema → a problem that says where, what, what is allowed, and what was probably meant. */
import type * as z from 'zod';
import { nearest } from './nearest.ts';
import { type Path, type Problem, pathText, shown } from './problems.ts';
import type { YamlText } from './yaml.ts';

/** The part of a JSON Schema that the words of `plugin/schema.ts` produce. */
export interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly 'x-expected'?: string;
  readonly 'x-secret'?: boolean;
  readonly 'x-later'?: Readonly<Record<string, string>>;
}

export function explain(issue: z.core.$ZodIssue, yaml: YamlText, schema: SchemaNode): readonly Problem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code !== 'unrecognized_keys') return [badValue(path, issue.message, yaml, schema)];
  return issue.keys.map((key) => unknownKey([...path, key], yaml, schema));
}

export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    const holder = typeof value === 'object' && value !== null ? value : {};
    return Object.hasOwn(holder, step) ? Reflect.get(holder, step) : undefined;
  }, root);
}

/** What the schema says of a path; undefined where it says nothing. */
export function schemaAt(root: SchemaNode, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = forms(node)
      .map((form) => childSchema(form, step))
      .find((found) => found !== undefined);
  }
  return node;
}

function childSchema(node: SchemaNode, step: string | number): SchemaNode | undefined {
  if (typeof step === 'number') return node.items;
  const properties = node.properties ?? {};
  return Object.hasOwn(properties, step) ? properties[step] : undefined;
}

function unknownKey(path: Path, yaml: YamlText, schema: SchemaNode): Problem {
  const key = String(path.at(-1));
  const place = { path: pathText(path), ...yaml.keyPlace(path) };
  const holder = schemaAt(schema, path.slice(0, -1));
  const later = laterWord(holder, key);
  if (later !== undefined) return { ...place, message: later };
  const known = forms(holder).flatMap((form) => Object.keys(form.properties ?? {}));
  const meant = nearest(key, known);
  const hint =
    meant === undefined
      ? { allowed: known.length > 0 ? `the keys ${known.join(', ')}` : 'no keys' }
      : { nearest: meant };
  return { ...place, message: `unknown key ${shown(key)}`, ...hint };
}

function badValue(path: Path, allowed: string, yaml: YamlText, schema: SchemaNode): Problem {
  const value = valueAt(yaml.value, path);
  if (value === undefined) {
    return { path: pathText(path), ...yaml.keyPlace(path.slice(0, -1)), message: 'is missing', allowed };
  }
  const place = { path: pathText(path), ...yaml.place(path) };
  const node = schemaAt(schema, path);
  const word = chosenWord(value);
  const later = word === undefined ? undefined : laterWord(node, word);
  if (later !== undefined) return { ...place, message: later };
  if (value === null) return { ...place, message: 'has no value', allowed };
  const meant = word === undefined || isSecret(path, schema) ? undefined : nearest(word, words(node));
  const text = isSecret(path, schema) ? '***' : (yaml.source(path) ?? shown(value));
  const message = `${text} is not allowed`;
  return { ...place, message, allowed, ...(meant === undefined ? {} : { nearest: meant }) };
}

/** The name of a plugin or word, written bare or as the only key. */
function chosenWord(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return keys.length === 1 ? keys[0] : undefined;
}

function laterWord(node: SchemaNode | undefined, word: string): string | undefined {
  const later = forms(node).find((form) => Object.hasOwn(form['x-later'] ?? {}, word))?.['x-later'];
  return later === undefined ? undefined : `${shown(word)} is not built yet in this version (${later[word]})`;
}

/** The node and the alternatives that it offers. */
function forms(node: SchemaNode | undefined): readonly SchemaNode[] {
  return node === undefined ? [] : [node, ...(node.anyOf ?? [])];
}

function words(node: SchemaNode | undefined): string[] {
  if (node === undefined) return [];
  const own = [...(node.enum ?? []), ...(node.const === undefined ? [] : [node.const])].map(String);
  return [
    ...own,
    ...(node.anyOf ?? []).flatMap((o) => [...words(o), ...(o.type === 'object' ? (o.required ?? []) : [])]),
  ];
}

/** Also true for a bare word where a mapping of nothing but secrets belongs: `admin: the-token`. */
function isSecret(path: Path, schema: SchemaNode): boolean {
  if (path.some((_, i) => schemaAt(schema, path.slice(0, i + 1))?.['x-secret'] === true)) return true;
  const inner = Object.values(schemaAt(schema, path)?.properties ?? {});
  return inner.some((field) => field['x-secret'] === true);
}
