/** `rsfga-edge check-config`: the file, the products that it points to, and the code that it names. */
import { openTier, storeProblem } from '../../plugins/index.ts';
import type { Products, TierConfig } from '../config/config.ts';
import { describeConfig } from '../config/describe.ts';
import { loadWhole, type Whole } from '../config/load.ts';
import { subjectNotes } from '../config/nats-subjects.ts';
import { ConfigError, type Problem } from '../config/problems.ts';
import { firstProducts } from '../sidecar/registry.ts';
import { checkCertificates } from '../sidecar/tls-places.ts';
import { EXIT } from './commands.ts';
import { productsText } from './products.ts';
import { quietParts } from './quiet-tiers.ts';

interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
}

/** Resolves with the exit code. Rejects with ConfigError. */
export async function checkConfig(
  file: string,
  flags: Readonly<Record<string, string | undefined>>,
  world: World,
): Promise<number> {
  const whole = await loadWhole(file, world.env);
  const { config, tiers } = whole;
  checkCertificates(config);
  const found = firstProducts(config, { env: world.env, tiers }) ?? config;
  await tryTiers(whole, found);
  await tryStores(whole, file);
  const what = config.registry.kind === 'nats-kv' ? 'products from NATS' : productsText(found.products);
  const notes = subjectNotes(found.products).map((note) => `${note}.\n`);
  const summary = `${file} is sound: ${config.role} ${config.edgeId}, ${what}.\n${notes.join('')}`;
  world.print(flags.show === undefined ? summary : `${JSON.stringify(describeConfig(config), null, 2)}\n`);
  return EXIT.done;
}

/** What a tier from outside says of its options when it is opened is known only then. */
async function tryTiers({ config, tiers }: Whole, { products, defaultTier }: Products): Promise<void> {
  const named = [...products.map(({ tier }) => tier), defaultTier ?? config.defaultTier];
  const parts = quietParts(tiers, config.upstream === 'embedded' ? 0 : config.upstream.lagMs);
  for (const tier of named.filter(isOutside)) {
    const opened = await openTier(tier, parts);
    await opened.close?.();
  }
}

/** Modules stand in the configuration alone, never in products of a registry. */
async function tryStores({ config }: Whole, file: string): Promise<void> {
  const named = [
    ...config.products.map(({ tier }, i) => ({ tier, at: `products[${i}].tier` })),
    { tier: config.defaultTier, at: 'default_tier' },
  ];
  const problems: Problem[] = [];
  for (const { tier, at } of named) {
    const message = await storeProblem(tier);
    if (message !== undefined) problems.push({ path: `${at}.warm.store.module`, message });
  }
  if (problems.length > 0) throw new ConfigError(file, problems);
}

function isOutside({ kind }: TierConfig): boolean {
  return kind === 'plugin';
}
