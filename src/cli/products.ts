/** `rsfga-edge products`: what lies in the registry's bucket, looked at and changed from one place for every edge. */
import { openProductShelf } from '../../plugins/index.ts';
import type { ProductConfig, Products } from '../config/config.ts';
import { tierName } from '../config/describe.ts';
import { loadConfig, loadProducts, loadWhole, parseProducts } from '../config/load.ts';
import { subjectNotes } from '../config/nats-subjects.ts';
import { readFile } from '../config/read-file.ts';
import { type KnownTiers, NO_TIERS } from '../config/tiers.ts';
import { EXIT } from './commands.ts';
import { type Parsed, UsageError } from './parse.ts';

interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
  complain(text: string): void;
}

/** Resolves with the exit code. Throws ConfigError for a file with mistakes: nothing is applied then. */
export function runProducts(parsed: Parsed, world: World): Promise<number> {
  switch (parsed.flags.do) {
    case 'check':
      return check(parsed, world);
    case 'get':
      return get(parsed, world);
    case 'apply':
      return apply(parsed, world);
    default:
      throw new UsageError('rsfga-edge products needs to know what to do: check, get or apply.');
  }
}

/** `2 products, 3 stores`. */
export function productsText(products: readonly ProductConfig[]): string {
  const stores = products.reduce((sum, product) => sum + product.stores.length, 0);
  return `${plural(products.length, 'product')}, ${plural(stores, 'store')}`;
}

async function check(parsed: Parsed, world: World): Promise<number> {
  const file = fileOf(parsed);
  const tiers = await tiersOf(parsed, world);
  const { products } = loadProducts(file, { env: NO_ENVIRONMENT, tiers });
  world.print(`${file} is sound: ${productsText(products)}.\n`);
  for (const note of subjectNotes(products)) world.print(`${note}.\n`);
  return EXIT.done;
}

async function get(parsed: Parsed, world: World): Promise<number> {
  return withShelf(parsed, world, async (shelf, place) => {
    const found = await shelf.get();
    if (!found) throw new Error(`There are no products in ${place} yet: rsfga-edge products apply FILE.`);
    world.complain(`${place}, revision ${found.revision}\n`);
    world.print(found.text.endsWith('\n') ? found.text : `${found.text}\n`);
    return EXIT.done;
  });
}

async function apply(parsed: Parsed, world: World): Promise<number> {
  const file = fileOf(parsed);
  const text = readFile(file);
  const tiers = await tiersOf(parsed, world);
  const next = parseProducts(text, { name: file, tiers });
  return withShelf(parsed, world, async (shelf, place) => {
    const found = await shelf.get();
    const changes = changesText(before(found?.text, { place, tiers, world }), next);
    for (const line of changes) world.print(`${line}\n`);
    if (parsed.flags['dry-run'] !== undefined) return EXIT.done;
    // Somebody else's products between the look and the change must not be lost: the revision that was seen is named.
    const revision = await shelf.put(text, found?.revision ?? 0);
    world.print(`applied to ${place}, revision ${revision}: ${productsText(next.products)}\n`);
    return EXIT.done;
  });
}

/** What reaches every edge has no business with the environment of one machine. */
const NO_ENVIRONMENT = {};

function before(text: string | undefined, { place, tiers, world }: Before): Products {
  try {
    return text === undefined ? { products: [] } : parseProducts(text, { name: place, tiers });
  } catch (error) {
    world.complain(`What lies in ${place} cannot be read and is replaced: ${String(error)}\n`);
    return { products: [] };
  }
}

interface Before {
  readonly place: string;
  readonly tiers: KnownTiers;
  readonly world: World;
}

/** The tiers that the configuration names, loaded, so that products may choose them. */
async function tiersOf({ flags }: Parsed, { env }: World): Promise<KnownTiers> {
  return flags.config === undefined ? NO_TIERS : (await loadWhole(flags.config, env)).tiers;
}

function changesText(old: Products, next: Products): string[] {
  const text = (product: ProductConfig) => JSON.stringify(product);
  const [was, will] = [old, next].map(({ products }) => new Map(products.map((one) => [one.id, one])));
  const lines = [...(will ?? [])].flatMap(([id, product]) => {
    const known = was?.get(id);
    const tier = tierName(product.tier);
    if (!known) return [`+ ${id}: ${tier}`];
    if (text(known) === text(product)) return [];
    const before = tierName(known.tier);
    return [`~ ${id}: ${before === tier ? 'changed' : `${before} -> ${tier}`}`];
  });
  const gone = [...(was ?? [])]
    .filter(([id]) => !will?.has(id))
    .map(([id]) => `- ${id}: erased at every edge`);
  const all = [...lines, ...gone];
  return all.length > 0 ? all : ['no product changes'];
}

type Job = (shelf: Awaited<ReturnType<typeof openProductShelf>>, place: string) => Promise<number>;

async function withShelf({ flags }: Parsed, world: World, job: Job): Promise<number> {
  if (flags.config === undefined)
    throw new UsageError('The bucket is named by a configuration with changelog.nats: --config FILE.');
  const config = loadConfig(flags.config, world.env);
  const shelf = await openProductShelf(config);
  try {
    return await job(shelf, shelf.place);
  } finally {
    await shelf.close();
  }
}

function fileOf({ flags }: Parsed): string {
  if (flags.file !== undefined) return flags.file;
  throw new UsageError(`rsfga-edge products ${flags.do} needs a file of products.`);
}

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
