/** A YAML file → a checked configuration, or every mistake in it at once. */
import { dirname, resolve } from 'node:path';
import { jsonSchema } from '../plugin/schema.ts';
import { buildConfig, buildProducts } from './build.ts';
import { checkYaml } from './check.ts';
import type { ChangelogConfig, Config, Products } from './config.ts';
import type { SchemaNode } from './explain.ts';
import { configFields, fieldsWith } from './fields.ts';
import { brokenSubjects } from './nats-subjects.ts';
import { brokenPlugins, outsideSpecs } from './plugin-fields.ts';
import { productFileFields } from './product-fields.ts';
import { brokenProductFile } from './product-rules.ts';
import { readFile } from './read-file.ts';
import { brokenRules } from './rules.ts';
import type { SoundFields } from './sound-fields.ts';
import { type KnownTiers, loadTiers, NO_TIERS, nameTiers } from './tiers.ts';
import type { Environment } from './yaml.ts';

export interface Whole {
  readonly config: Config;
  /** The code of the tiers that the file names. */
  readonly tiers: KnownTiers;
}

/** For whoever runs by the file: the modules that it names are loaded, and what is wrong with them is told. Rejects with ConfigError. */
export async function loadWhole(file: string, env: Environment = process.env): Promise<Whole> {
  const text = readFile(file);
  const tiers = await loadTiers(text, { file, env });
  return { config: parseConfig(text, { file, env, tiers }), tiers };
}

/** Without the code that the file names: options of tiers from outside are taken as they are. Throws ConfigError, with `.problems`. */
export function loadConfig(file: string, env: Environment = process.env): Config {
  return parseConfig(readFile(file), { file, env });
}

/**
 * `file` names the text in errors; relative paths in it count from the file's folder. `tiers`: those that it names, as far
 * as they were loaded. Throws ConfigError.
 */
export function parseConfig(
  text: string,
  options: { file?: string; env?: Environment; tiers?: KnownTiers } = {},
): Config {
  const { file: given, env = {} } = options;
  const name = given ?? 'config';
  const tiers = options.tiers ?? nameTiers(text, { file: name, env });
  const { fields, raw } = checkYaml(text, configShape(tiers), { name, env });
  const file = given === undefined ? undefined : resolve(given);
  return buildConfig(fields, {
    folder: file === undefined ? process.cwd() : dirname(file),
    ...(file === undefined ? {} : { file }),
    captureByHand: 'capture' in raw,
  });
}

/** What a file of products is read for. */
export interface ProductsFor {
  readonly env?: Environment;
  /** That of the sidecar. */
  readonly changelog?: ChangelogConfig['kind'];
  /** Those of the sidecar's configuration. */
  readonly tiers?: KnownTiers;
}

/** A file of products (`registry: { file: … }`). Throws ConfigError. */
export function loadProducts(file: string, { env = process.env, ...rest }: ProductsFor = {}): Products {
  return parseProducts(readFile(file), { name: file, env, ...rest });
}

/** The text of such a file. `name` stands in errors. Throws ConfigError. */
export function parseProducts(
  text: string,
  { name, env = {}, ...rest }: ProductsFor & { readonly name: string },
): Products {
  return buildProducts(checkYaml(text, productsShape(rest), { name, env }).fields);
}

/** What a configuration file may hold, as a JSON Schema. */
export function configJsonSchema(): SchemaNode {
  return jsonSchema(configFields) as SchemaNode;
}

function configShape(tiers: KnownTiers) {
  return {
    schema: tiers.size === 0 ? configFields : fieldsWith(outsideSpecs(tiers)),
    rules: (fields: SoundFields, raw: Readonly<Record<string, unknown>>) => [
      ...brokenRules(fields, raw),
      ...brokenPlugins(tiers),
    ],
    complete: withEmptyCapture,
  };
}

function productsShape({ changelog, tiers = NO_TIERS }: ProductsFor) {
  const rules = (fields: SoundFields, raw: Readonly<Record<string, unknown>>) => [
    ...brokenProductFile(fields, raw),
    ...brokenSubjects(fields, changelog),
  ];
  return { schema: productFileFields(outsideSpecs(tiers)), rules };
}

/** `capture:` with nothing after it turns capture on with its defaults. */
function withEmptyCapture(value: Record<string, unknown>): Record<string, unknown> {
  return value.capture === null ? { ...value, capture: {} } : value;
}
