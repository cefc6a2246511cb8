/** The rules of a product's `nats_subjects`, and what an operator is told of those that are sound. */
import { completed, delivered, filterProblems } from '../plugin/subject-filter.ts';
import type { Broken } from './broken.ts';
import { type ChangelogConfig, EVERY_STORE, type ProductConfig, type TierConfig } from './config.ts';
import type { SoundFields } from './sound-fields.ts';

export const SUBJECT_RULES = [
  '`nats_subjects` need `changelog: nats` and the tier `critical` or `hot`. Each is a filter of its own, below `rsfga.changes.`, of stores of ' +
    'its product; writes and deletes of a type go together; no two overlap in part; `critical` needs all of a store, `hot` some of its types.',
] as const;

/** `changelog`: undefined where it is not known, as in a file of products. */
export function brokenSubjects(
  { products = [] }: Pick<SoundFields, 'products'>,
  changelog: ChangelogConfig['kind'] | undefined,
): readonly Broken[] {
  return products.flatMap((product, i) => {
    const { nats_subjects: subjects, stores, tier } = product;
    if (subjects === undefined) return [];
    const path = ['products', i, 'nats_subjects'];
    if (changelog !== undefined && changelog !== 'nats') {
      const message = `these are filters of NATS, and the change log is "${changelog}"`;
      return [{ path, message, allowed: 'nats_subjects together with changelog: nats, or neither' }];
    }
    if (tier.kind !== 'hot' && tier.kind !== 'critical') {
      const message = `the tier ${tier.kind} keeps no tuples, so there is nothing to choose`;
      return [{ path, message, allowed: 'nats_subjects with tier: critical or hot' }];
    }
    const types = tier.kind === 'hot' ? tier.object_types : 'every';
    return filterProblems({ subjects, stores, types }).map(({ index, ...rest }) => ({
      path: index === undefined ? path : [...path, index],
      ...rest,
    }));
  });
}

/** One line for each store whose subjects are made by hand: what arrives, what does not, what was added. */
export function subjectNotes(products: readonly ProductConfig[]): readonly string[] {
  return products.flatMap(({ id, stores, tier, natsSubjects }) =>
    natsSubjects === undefined ? [] : stores.map((store) => `${id}: ${noteOf(tier, natsSubjects, store)}`),
  );
}

function noteOf(tier: TierConfig, subjects: readonly string[], store: string): string {
  const kept = tier.kind === 'hot' ? tier.objectTypes : 'every';
  const found = delivered(subjects, store, kept);
  const missing = kept === 'every' || found === 'every' ? [] : kept.filter((type) => !found.includes(type));
  const { added } = completed(subjects, store);
  const words = added.map((subject) => subject.split('.').slice(-2).join('.'));
  return [
    `nats_subjects of ${store === EVERY_STORE ? 'each store' : store} deliver ${found === 'every' ? 'every type' : found.join(', ')}`,
    ...(missing.length === 0 ? [] : [`not ${missing.join(', ')}: what may read them is forwarded`]),
    ...(words.length === 0 ? [] : [`added: ${words.join(', ')}`]),
  ].join('; ');
}
