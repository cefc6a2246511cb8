/** The YAML of `plugins`: code from outside, by the names under which the rest of the file chooses it. */
import * as z from 'zod';
import type { OutsideSpecs } from '../plugin/choice.ts';
import { PLUGINS } from '../plugin/registry.ts';
import { group, notes, text } from '../plugin/schema.ts';
import type { Broken } from './broken.ts';
import { specOf } from './tier-options.ts';
import type { KnownTiers } from './tiers.ts';

const MODULE = text(
  'The module.',
  'a path such as ./mine.js (a relative one counts from the folder of this file), or the name of an installed npm package',
);

export function pluginsField() {
  const says =
    'Tiers by name: a JavaScript or TypeScript file, or an npm package that is installed beside this file. Their code runs in this process.';
  const expected = 'a mapping of names to modules, such as { mine: ./mine.js }';
  const tier = z.record(z.string(), MODULE, { error: expected }).meta(notes(says, expected));
  return group('Code from outside.', { tier: tier.prefault({}) }).prefault({});
}

export const PLUGIN_RULES = [
  'A name under `plugins.tier` is none of a built-in tier; its module can be loaded and exports a tier (docs/plugins.md). Another module under a name needs a restart.',
] as const;

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

export function brokenPlugins(tiers: KnownTiers): Broken[] {
  return [...tiers].flatMap(([name, { broken }]) => {
    const path = ['plugins', 'tier', name];
    if (Object.hasOwn(PLUGINS.tier, name))
      return [{ path, message: `the tier ${name} is built in`, allowed: 'another name' }];
    if (!NAME.test(name)) {
      const message = 'a tier cannot have this name';
      return [{ path, message, allowed: 'a name of letters, digits, _ and -, at most 64' }];
    }
    return broken === undefined ? [] : [{ path, message: broken }];
  });
}

export function outsideSpecs(tiers: KnownTiers): OutsideSpecs {
  return Object.fromEntries([...tiers].map(([name, { plugin }]) => [name, specOf(name, plugin)]));
}
