/** The options of a tier from outside: what the YAML says → what its `open` gets, or every mistake with its place. */
import * as z from 'zod';
import type { OutsideSpec } from '../plugin/choice.ts';
import { type FieldNotes, notes } from '../plugin/schema.ts';
import type { TierPlugin } from '../plugin/tier-plugin.ts';

/** Without a plugin (it is not loaded here) the options are taken as they are, and none of them is shown. */
export function specOf(name: string, plugin: TierPlugin | undefined): OutsideSpec {
  const summary = `The tier ${name}, from outside.`;
  if (plugin === undefined) {
    const anything = z.record(z.string(), z.unknown(), { error: 'a mapping of options' });
    return {
      summary,
      options: anything.meta(notes(summary, 'a mapping of options')),
      secrets: [EVERY_OPTION],
    };
  }
  const names = Object.keys(plugin.options ?? {});
  const secrets = plugin.secrets ?? [];
  const expected = names.length > 0 ? `a mapping with the keys ${names.join(', ')}` : 'nothing: no options';
  const field = (option: string): Partial<FieldNotes> =>
    secrets.includes(option) ? { 'x-secret': true } : {};
  const properties = Object.fromEntries(names.map((option) => [option, field(option)]));
  const options = z.unknown().transform((given, context) => {
    const read = readOptions(plugin, given);
    if ('options' in read) return read.options;
    for (const issue of issuesOf(read, given, expected)) context.issues.push(issue);
    return z.NEVER;
  });
  return {
    summary,
    options: options.meta({ ...notes(summary, expected), type: 'object', properties }),
    secrets,
  };
}

/** In the place of names: all of them. */
export const EVERY_OPTION = '*';

interface Mistakes {
  /** No mapping at all. */
  readonly shapeless?: true;
  readonly unknown: readonly string[];
  /** By option: what may stand there. */
  readonly wrong: readonly (readonly [option: string, allowed: string])[];
}

export type ReadOptions = { readonly options: Readonly<Record<string, unknown>> } | Mistakes;

export function readOptions({ options: parsers = {} }: TierPlugin, given: unknown): ReadOptions {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { shapeless: true, unknown: [], wrong: [] };
  const values = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(parsers, name));
  const wrong: [string, string][] = [];
  const options: Record<string, unknown> = {};
  for (const [name, parse] of Object.entries(parsers)) {
    try {
      options[name] = parse(Object.hasOwn(values, name) ? values[name] : undefined);
    } catch (error) {
      wrong.push([name, error instanceof Error ? error.message : String(error)]);
    }
  }
  return unknown.length + wrong.length === 0 ? { options } : { unknown, wrong };
}

function issuesOf(
  { shapeless, unknown, wrong }: Mistakes,
  input: unknown,
  expected: string,
): z.core.$ZodRawIssue[] {
  if (shapeless) return [{ code: 'custom', message: expected, input, path: [] }];
  const keys = [...unknown];
  return [
    ...(keys.length > 0 ? [{ code: 'unrecognized_keys' as const, keys, input: {}, path: [] }] : []),
    ...wrong.map(([name, message]) => ({ code: 'custom' as const, message, input, path: [name] })),
  ];
}
