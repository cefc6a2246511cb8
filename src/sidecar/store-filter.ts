/**
 * What is kept of one store: what its tier keeps, and of that only what reaches this sidecar. Where subjects are made by
 * hand, a type that they do not deliver is not kept, so no proof counts it.
 */
import type { ProductConfig } from '../config/config.ts';
import type { ChangeFilter } from '../plugin/changelog.ts';
import { completed, delivered } from '../plugin/subject-filter.ts';
import type { Keeps, Tier } from '../plugin/tier.ts';

/** Of a product: its tier as opened here, and what the registry says of it. */
export interface Keeping {
  readonly tier: Pick<Tier, 'keeps'>;
  readonly config: Pick<ProductConfig, 'natsSubjects'>;
}

/** Undefined: nothing is kept. */
export function filterOf(storeId: string, { tier, config }: Keeping): ChangeFilter | undefined {
  if (tier.keeps === 'nothing') return undefined;
  const wanted = tier.keeps === 'everything' ? 'every' : tier.keeps.objectTypes;
  const { natsSubjects: given } = config;
  if (given === undefined) return wanted === 'every' ? { storeId } : { storeId, objectTypes: wanted };
  const objectTypes = delivered(given, storeId, wanted);
  const { subjects } = completed(given, storeId);
  return objectTypes === 'every' ? { storeId, subjects } : { storeId, objectTypes, subjects };
}

/** The same in the words of a tier. */
export function keptOf(storeId: string, keeping: Keeping): Keeps {
  const filter = filterOf(storeId, keeping);
  if (!filter) return 'nothing';
  return filter.objectTypes ? { objectTypes: filter.objectTypes } : 'everything';
}
