/** The rules that products keep among themselves, wherever they stand: in the configuration, or in a file of their own. */

import type { Broken } from './broken.ts';
import { EVERY_STORE } from './config.ts';
import { valueAt } from './explain.ts';
import type { Path } from './problems.ts';
import type { SoundFields } from './sound-fields.ts';

export function brokenProducts(
  fields: Pick<SoundFields, 'products'>,
  raw: Readonly<Record<string, unknown>>,
): readonly Broken[] {
  return [...duplicates(raw), ...everyStore(raw), ...offline(fields)];
}

/** A store or an id in two products. Read from the raw values: a mistake elsewhere in a product must not hide it. */
function duplicates(raw: Readonly<Record<string, unknown>>): Broken[] {
  const firstStore = new Map<string, string>();
  const firstId = new Map<string, number>();
  const broken: Broken[] = [];
  for (const [i, { id, stores }] of rawProducts(raw).entries()) {
    const name = typeof id === 'string' ? `"${id}"` : `products[${i}]`;
    const twin = typeof id === 'string' ? firstId.get(id) : undefined;
    if (twin !== undefined) {
      broken.push({ path: ['products', i, 'id'], message: `${name} is also the id of products[${twin}]` });
    } else if (typeof id === 'string') firstId.set(id, i);
    for (const [j, store] of stores.entries()) {
      const other = firstStore.get(store);
      const message = `the store ${store} is already in the product ${other}`;
      if (other === undefined) firstStore.set(store, name);
      else
        broken.push({
          path: ['products', i, 'stores', j],
          message,
          allowed: 'each store in one product, once',
        });
    }
  }
  return broken;
}

function everyStore(raw: Readonly<Record<string, unknown>>): Broken[] {
  return rawProducts(raw).flatMap(({ stores }, i) => {
    if (stores.length < 2 || !stores.includes(EVERY_STORE)) return [];
    const path = ['products', i, 'stores', stores.indexOf(EVERY_STORE)];
    return [
      { path, message: '"*" stands beside named stores', allowed: '"*" alone, in a product of its own' },
    ];
  });
}

function offline({ products = [] }: Pick<SoundFields, 'products'>): Broken[] {
  return products.flatMap((product, i) => {
    if (product.on_stale !== 'forward' || product.max_offline >= product.max_staleness) return [];
    const message = 'max_offline is shorter than max_staleness';
    return [{ path: ['products', i, 'max_offline'], message, allowed: 'at least max_staleness' }];
  });
}

interface RawProduct {
  readonly id: unknown;
  readonly stores: readonly string[];
}

function rawProducts(raw: Readonly<Record<string, unknown>>): readonly RawProduct[] {
  const products = raw.products;
  if (!Array.isArray(products)) return [];
  return products.map((product: unknown) => {
    const stores = valueAt(product, ['stores']);
    const names = Array.isArray(stores) ? stores.filter((s) => typeof s === 'string') : [];
    return { id: valueAt(product, ['id']), stores: names };
  });
}

/** In a file or bucket of products. */
export function brokenProductFile(
  fields: Pick<SoundFields, 'products'>,
  raw: Readonly<Record<string, unknown>>,
): readonly Broken[] {
  return [...brokenProducts(fields, raw), ...modules(raw)];
}

/** Whoever may write there must not thereby run code here. */
function modules(raw: Readonly<Record<string, unknown>>): Broken[] {
  const products = Array.isArray(raw.products) ? raw.products : [];
  const tiers: Path[] = [...products.map((_, i): Path => ['products', i, 'tier']), ['default_tier']];
  return tiers.flatMap((tier) => {
    const path = [...tier, 'warm', 'store', 'module'];
    const message = 'a module can be named in the configuration file itself only';
    return valueAt(raw, path) === undefined ? [] : [{ path, message }];
  });
}
