/** `rsfga-edge plan`: which queries of a model a YAML would have answered at the edge, and what prevents the others. */

import { openProductShelf, openTier } from '../../plugins/index.ts';
import { type Config, EVERY_STORE, type Products, type TierConfig } from '../config/config.ts';
import { tierName } from '../config/describe.ts';
import { loadWhole, parseProducts, type Whole } from '../config/load.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import { systemClock } from '../plugin/clock.ts';
import { silentLog } from '../plugin/log.ts';
import type { Keeps } from '../plugin/tier.ts';
import { type Certificates, openCertificates } from '../sidecar/certificates.ts';
import { type KeptProduct, openProductBook, type ProductBook } from '../sidecar/products.ts';
import { firstProducts } from '../sidecar/registry.ts';
import { keptOf } from '../sidecar/store-filter.ts';
import { errorText } from '../telemetry/error-text.ts';
import { createHealth } from '../telemetry/health.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { openUpstreamReader } from '../upstream/read.ts';
import { EXIT } from './commands.ts';
import { UsageError } from './parse.ts';
import { countTuples } from './plan-count.ts';
import { loadModel } from './plan-model.ts';
import { planRows } from './plan-rows.ts';
import type { Plan, ProductPlan } from './plan-table.ts';
import { planText } from './plan-text.ts';
import { quietParts } from './quiet-tiers.ts';

export interface PlanCommand {
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
  /** Progress goes here, so that the output holds the result alone. */
  complain(text: string): void;
}

/** Resolves with the exit code. Throws a ConfigError for a YAML or a model with mistakes. */
export async function runPlan({ flags, env, print, complain }: PlanCommand): Promise<number> {
  const { config: file, model: modelFile, store, json } = flags;
  if (file === undefined || modelFile === undefined)
    throw new UsageError('rsfga-edge plan needs --config FILE and --model FILE, in the DSL or as JSON.');
  if (store !== undefined && !/^[A-Za-z0-9]{26}$/.test(store))
    throw new UsageError(`--store "${store}" is no store id: 26 letters and digits.`);
  const whole = await loadWhole(file, env);
  const { config } = whole;
  const model = loadModel(modelFile);
  const book = await openBook(whole, await productsOf(whole, env));
  try {
    const products = await planProducts(book, model, store);
    const tuples = await counted(config, { store, keeps: products[0]?.keeps ?? 'nothing', complain });
    const plan: Plan = { config: file, model: modelFile, products, tuples };
    print(json === undefined ? planText(plan) : `${JSON.stringify(plan, null, 2)}\n`);
    return EXIT.done;
  } finally {
    await book.close();
  }
}

/** Those that the sidecar would take up at its start; from NATS where the registry is there. */
async function productsOf({ config, tiers }: Whole, env: PlanCommand['env']): Promise<Products> {
  const first = firstProducts(config, { env, tiers });
  if (first) return first;
  const shelf = await openProductShelf(config);
  try {
    const found = await shelf.get();
    const changelog = config.changelog.kind;
    if (found) return parseProducts(found.text, { name: shelf.place, changelog, tiers });
    throw new Error(`There are no products in ${shelf.place} yet: rsfga-edge products apply FILE.`);
  } finally {
    await shelf.close();
  }
}

async function openBook({ config, tiers }: Whole, products: Products): Promise<ProductBook> {
  const parts = quietParts(tiers);
  const book = await openProductBook({
    region: config.region,
    defaultTier: config.defaultTier,
    openTier: (tier) => openTier(withoutRedis(tier), parts),
    settled: async () => undefined,
    failed() {},
  });
  await book.replace(products);
  return book;
}

/** Nothing is looked up, so nothing has to be connected to. */
function withoutRedis(tier: TierConfig): TierConfig {
  if (tier.kind !== 'warm') return tier;
  const { storeUrl: _, ...rest } = tier;
  return rest;
}

async function planProducts(
  book: ProductBook,
  model: AuthorizationModel,
  store: string | undefined,
): Promise<readonly ProductPlan[]> {
  const set = book.current();
  const all = set.products.includes(set.rest) ? set.products : [...set.products, set.rest];
  const chosen = store === undefined ? all : [set.of(store)];
  const types = new Set(model.type_definitions.map(({ type }) => type));
  const plans: ProductPlan[] = [];
  for (const product of chosen)
    for (const [keeps, stores] of byKeeps(product, store === undefined ? product.config.stores : [store]))
      plans.push({
        id: product.id,
        tier: tierName(product.config.tier),
        elsewhere: product.elsewhere,
        stores,
        keeps,
        undelivered: undeliveredOf(product, keeps),
        unknown: listedBy(product).filter((type) => !types.has(type)),
        rows: await planRows({ model, tier: product.tier, keeps }),
      });
  return plans;
}

/** With subjects made by hand, not every store of a product need have the same types. */
function byKeeps(product: KeptProduct, stores: readonly string[]): readonly (readonly [Keeps, string[]])[] {
  const groups = new Map<string, [Keeps, string[]]>();
  for (const storeId of stores) {
    const keeps = keptOf(storeId, product);
    const group = groups.get(JSON.stringify(keeps)) ?? [keeps, []];
    group[1].push(storeId);
    groups.set(JSON.stringify(keeps), group);
  }
  return [...groups.values()];
}

function undeliveredOf(product: KeptProduct, keeps: Keeps): readonly string[] {
  if (typeof keeps === 'string') return [];
  return listedBy(product).filter((type) => !keeps.objectTypes.includes(type));
}

function listedBy({ tier }: KeptProduct): readonly string[] {
  return typeof tier.keeps === 'string' ? [] : tier.keeps.objectTypes;
}

interface Counting {
  readonly store: string | undefined;
  readonly keeps: Keeps;
  complain(text: string): void;
}

/** Nothing runs: what there is to tell of them is said by the call that fails. */
function certificatesOf(config: Config): Certificates {
  const metrics = createMetrics({ processMetrics: false });
  return openCertificates({ config, clock: systemClock, logger: silentLog, health: createHealth(), metrics });
}

/** The table stands without it: whatever prevents the counting is said in its place. */
async function counted(config: Config, { store, keeps, complain }: Counting): Promise<Plan['tuples']> {
  const { upstream } = config;
  if (store === undefined || store === EVERY_STORE) return { notCounted: 'name a store with --store' };
  if (upstream === 'embedded') return { notCounted: 'the embedded upstream lives in the sidecar alone' };
  const url = upstream.primary?.http ?? upstream.http;
  const { apiToken } = upstream;
  const { primary: tls } = certificatesOf(config);
  const reader = openUpstreamReader({ url, tls, ...(apiToken === undefined ? {} : { apiToken }) });
  const progress = (tuples: number) => complain(`${store}: ${tuples} tuples counted so far\n`);
  try {
    // Its Read is empty for a store that is not there.
    if (!(await reader.hasStore(store))) return { notCounted: `${url} has no store ${store}` };
    const found = await countTuples(reader, { storeId: store, keeps, progress, now: systemClock.monoMs });
    return { storeId: store, ...found };
  } catch (error) {
    return { notCounted: `${url}: ${errorText(error)}` };
  } finally {
    await reader.close();
  }
}
