/** How the configuration chooses a plugin: by its name, as a bare word or as a key with its options. */
import * as z from 'zod';
import { isMapping, jsonSchema, type LaterKeys, notes, settle } from './schema.ts';

/** What one plugin says of itself. `options` is what may stand under its name in the YAML. */
export interface PluginSpec<Options extends z.ZodType = z.ZodObject> {
  readonly summary: string;
  readonly options: Options;
  /** The option that a text directly under the name stands for: `file: ./products.yaml`. */
  readonly short?: keyof z.output<Options> & string;
}

/** `{ kind: 'nats', …options }`, one member for each plugin of the record. */
export type Choice<Specs extends Readonly<Record<string, PluginSpec>>> = {
  [Name in keyof Specs & string]: { readonly kind: Name } & z.output<Specs[Name]['options']>;
}[keyof Specs & string];

/** A plugin that this version does not bring, as the YAML chose it: its options are as they were written. */
export interface Outside {
  readonly kind: 'plugin';
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Names of options that are never shown. */
  readonly secrets: readonly string[];
}

/** What is known of a plugin from outside. `options` only says what is wrong with them. */
export interface OutsideSpec extends PluginSpec<z.ZodType> {
  readonly secrets: readonly string[];
}

export type OutsideSpecs = Readonly<Record<string, OutsideSpec>>;

/** A plugin by name: the bare word, or `{ name: { options } }`. */
export function choice<const Specs extends Readonly<Record<string, PluginSpec>>>(
  says: string,
  specs: Specs,
  later: LaterKeys = {},
) {
  const names = Object.keys(specs);
  const expected = `one of ${names.join(', ')}, as a bare word or as a key with its options`;
  const schema = z.unknown().transform((value, context): Choice<Specs> => {
    const chosen = choose(value, specs, expected, context);
    return chosen === undefined ? z.NEVER : ({ kind: chosen.name, ...chosen.parsed } as Choice<Specs>);
  });
  return schema.meta({ ...notes(says, expected), 'x-later': later, anyOf: membersOf(specs) });
}

/** The same where the configuration itself may name further plugins, under `key`. */
export function openChoice<const Specs extends Readonly<Record<string, PluginSpec>>>(
  says: string,
  specs: Specs,
  { key, outside }: { readonly key: string; readonly outside: OutsideSpecs },
) {
  const names = [...Object.keys(specs), ...Object.keys(outside)];
  const known = { ...outside, ...specs };
  const expected = `one of ${names.join(', ')}, or another that ${key} names when the sidecar starts, as a bare word or as a key with its options`;
  const schema = z.unknown().transform((value, context): Choice<Specs> | Outside => {
    const chosen = choose(value, known, expected, context);
    if (chosen === undefined) return z.NEVER;
    const { name, given, parsed } = chosen;
    const spec = Object.hasOwn(specs, name) || !Object.hasOwn(outside, name) ? undefined : outside[name];
    if (spec === undefined) return { kind: name, ...parsed } as Choice<Specs>;
    const options = isMapping(given) ? given : {};
    return { kind: 'plugin', name, options, secrets: spec.secrets };
  });
  return schema.meta({ ...notes(says, expected), anyOf: [...membersOf(known), ...anyOther(known)] });
}

interface Chosen {
  readonly name: string;
  readonly given: unknown;
  readonly parsed: object;
}

type AnySpec = Pick<PluginSpec<z.ZodType>, 'options' | 'summary'> & { readonly short?: string };
type AnySpecs = Readonly<Record<string, AnySpec>>;

/** Undefined when the value is no choice; the context then holds why. */
function choose(
  value: unknown,
  specs: AnySpecs,
  expected: string,
  context: z.core.$RefinementCtx,
): Chosen | undefined {
  const [name, options] = nameAndOptions(value);
  const spec = name === undefined ? undefined : ownSpec(specs, name);
  if (name === undefined || spec === undefined) {
    context.issues.push({ code: 'custom', message: expected, input: value });
    return undefined;
  }
  const given = spec.short !== undefined && typeof options === 'string' ? { [spec.short]: options } : options;
  const parsed = settle(spec.options.safeParse(given), typeof value === 'string' ? [] : [name], context);
  return parsed === undefined ? undefined : { name, given, parsed: parsed as object };
}

function ownSpec(specs: AnySpecs, name: string): AnySpec | undefined {
  return Object.hasOwn(specs, name) ? specs[name] : undefined;
}

/** A key without a value (`memory:`) means no options, like the bare word. */
function nameAndOptions(value: unknown): [string | undefined, unknown] {
  if (typeof value === 'string') return [value, {}];
  if (!isMapping(value)) return [undefined, {}];
  const [entry, ...more] = Object.entries(value);
  return entry === undefined || more.length > 0 ? [undefined, {}] : [entry[0], entry[1] ?? {}];
}

function membersOf(specs: AnySpecs): object[] {
  return Object.keys(specs).flatMap((name) => memberSchemas(name, ownSpec(specs, name)));
}

function memberSchemas(name: string, spec: AnySpec | undefined): object[] {
  if (spec === undefined) return [];
  const bare = spec.options.safeParse({}).success ? [{ const: name, description: spec.summary }] : [];
  const options = jsonSchema(spec.options);
  const short = spec.short === undefined ? undefined : options.properties?.[spec.short];
  const { description, 'x-expected': expected } = options;
  const either = { description, 'x-expected': expected, anyOf: [options, short] };
  const properties = { [name]: short === undefined ? options : either };
  return [...bare, { type: 'object', properties, required: [name], additionalProperties: false }];
}

/** For editors, which cannot know the further names. */
function anyOther(specs: AnySpecs): object[] {
  const names = Object.keys(specs);
  const keyed = { type: 'object', minProperties: 1, maxProperties: 1 };
  return [
    { type: 'string', not: { enum: names } },
    { ...keyed, not: { anyOf: names.map((name) => ({ required: [name] })) } },
  ];
}
