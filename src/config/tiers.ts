/** The tiers that a configuration brings along: which modules it names, and their code. */
import { registerHooks } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TierPlugin } from '../plugin/tier-plugin.ts';
import { valueAt } from './explain.ts';
import { type Problem, pathText } from './problems.ts';
import { type Environment, readYaml } from './yaml.ts';

export interface KnownTier {
  /** Where the YAML names it: what is wrong with its code is told there. */
  readonly named: Pick<Problem, 'path' | 'line' | 'column'> & { readonly file: string };
  readonly plugin?: TierPlugin;
  /** Why there is no plugin although it was to be loaded. */
  readonly broken?: string;
}

/** By their names in the YAML. */
export type KnownTiers = ReadonlyMap<string, KnownTier>;

export const NO_TIERS: KnownTiers = new Map();

export interface ConfigText {
  readonly file: string;
  readonly env: Environment;
}

interface NamedTier {
  readonly name: string;
  /** A path, or the name of a package. */
  readonly module: string;
  readonly named: KnownTier['named'];
}

/** The names alone: for whoever reads a configuration and does not run by it. */
export function nameTiers(text: string, at: ConfigText): KnownTiers {
  return new Map(tiersIn(text, at).map(({ name, named }) => [name, { named }]));
}

/** Loads every module that the text names. Never rejects: what cannot be loaded says why. */
export async function loadTiers(text: string, at: ConfigText): Promise<KnownTiers> {
  const folder = dirname(resolve(at.file));
  const known = tiersIn(text, at).map(async ({ name, module, named }): Promise<[string, KnownTier]> => {
    const found = await load(module, folder);
    return [name, typeof found === 'string' ? { named, broken: found } : { named, plugin: found }];
  });
  return new Map(await Promise.all(known));
}

/** A text that is no such file names nothing; whoever checks it says what is wrong. */
function tiersIn(text: string, { file, env }: ConfigText): NamedTier[] {
  const yaml = readYaml(text, env);
  const tiers = valueAt(yaml.value, ['plugins', 'tier']);
  if (typeof tiers !== 'object' || tiers === null) return [];
  return Object.entries(tiers).flatMap(([name, module]: [string, unknown]) => {
    const path = ['plugins', 'tier', name];
    const named = { file, path: pathText(path), ...yaml.place(path) };
    return typeof module === 'string' ? [{ name, module, named }] : [];
  });
}

/** A module that waits for something at its top level longer than this is not waited for. */
const LOAD_MS = 10_000;

async function load(module: string, folder: string): Promise<TierPlugin | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`its top level does not end within ${LOAD_MS / 1000} s`);
    timer = setTimeout(reject, LOAD_MS, error);
  });
  try {
    const loaded: unknown = await Promise.race([import(hrefOf(module, folder)), late]);
    return pluginIn(loaded, module);
  } catch (error) {
    return `${module} cannot be loaded: ${reasonOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

function hrefOf(module: string, folder: string): string {
  const isPath = /^\.{1,2}([/\\]|$)/.test(module) || isAbsolute(module);
  if (isPath) return pathToFileURL(resolve(folder, module)).href;
  // Node resolves from the file that imports; here that is to be the YAML.
  const parentURL = pathToFileURL(`${folder}/`).href;
  const hooks = registerHooks({
    resolve: (asked, context, next) => next(asked, { ...context, parentURL }),
  });
  try {
    return import.meta.resolve(module);
  } finally {
    hooks.deregister();
  }
}

function pluginIn(loaded: unknown, module: string): TierPlugin | string {
  const exported = valueAt(loaded, ['default']) ?? valueAt(loaded, ['tier']);
  const wanted = 'a default export, or an export `tier`, that is { open(options, parts) { … } }';
  if (typeof exported !== 'object' || exported === null) return `${module} does not export a tier: ${wanted}`;
  const { open, options = {}, secrets = [] } = exported as Partial<Record<string, unknown>>;
  if (typeof open !== 'function')
    return `${module} does not export a tier: it has no function open; ${wanted}`;
  const isMapping = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isMapping || Object.values(options).some((parse) => typeof parse !== 'function'))
    return `${module}: its options are not functions by name, such as { limit(value) { … } }`;
  const names = Object.keys(options);
  if (!Array.isArray(secrets) || secrets.some((name) => !names.includes(name)))
    return `${module}: its secrets are not a list of names of its options`;
  return exported as TierPlugin;
}

/** The first line. Node does not tell a program where a syntax error is. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ''] = error.message.split('\n');
  if (error instanceof SyntaxError) return `${error.name}: ${line} (node --check shows where)`;
  return error.name === 'Error' ? line : `${error.name}: ${line}`;
}
