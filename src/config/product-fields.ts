/** The fields of products: in the configuration file itself, or in a file or bucket of their own (`registry`). */
import type * as z from 'zod';
import type { OutsideSpecs } from '../plugin/choice.ts';
import { tierField } from '../plugin/registry.ts';
import { count, duration, group, list, oneOf, text } from '../plugin/schema.ts';

const product = (outside: OutsideSpecs) =>
  group(
    'One product: some stores, kept and answered alike.',
    {
      id: text(
        'Name of the product, in the status and in metrics.',
        'a name of letters, digits, . _ and -, at most 64',
        /^[A-Za-z0-9._-]{1,64}$/,
      ),
      stores: list(
        'The stores of this product. `"*"`, alone in the list, is every store that no other product names.',
        text(
          'One store.',
          'a store id as OpenFGA makes them (26 capital letters and digits), or "*"',
          /^([ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}|\*)$/,
        ),
        'a list of store ids, at least one',
      ).min(1, { error: 'a list of store ids, at least one' }),
      regions: list(
        'The product is kept only by sidecars whose `region` is in this list; others forward it. Without it: by all.',
        text('One region.', 'a name of letters, digits, _ and -, at most 64', /^[A-Za-z0-9_-]{1,64}$/),
        'a list of regions, at least one',
      )
        .min(1, { error: 'a list of regions, at least one' })
        .optional(),
      tier: tierField('What is kept here and what is answered here.', outside),
      nats_subjects: list(
        'Filters made by hand, in the place of those that the sidecar computes for these stores. What they do not deliver is not kept: ' +
          'queries that may read it are forwarded. Commits, anchors, markers and models are added where they are missing. `*` in the ' +
          'place of the store stands for each store of the product.',
        text(
          'One subject filter.',
          'a NATS subject filter such as rsfga.changes.{store_id}.write.{object_type}',
        ),
        'a list of NATS subject filters, at least one',
      )
        .min(1, { error: 'a list of NATS subject filters, at least one' })
        .optional(),
      max_staleness: duration('Local answers are at most this old; past it, `on_stale` acts.', {
        min: 100,
      }).prefault('30s'),
      on_stale: oneOf(
        'Past `max_staleness`: `serve` answers locally all the same; `forward` asks the upstream and, while that ' +
          'cannot be reached, answers locally up to `max_offline`; `deny` answers 503.',
        ['serve', 'forward', 'deny'],
      ).prefault('forward'),
      max_offline: duration(
        'How old a local answer may get under `on_stale: forward` while the upstream is away.',
        {
          min: 100,
        },
      ).prefault('1h'),
      quota: group(
        'How much of this sidecar the product may take. Past it: the error `resource_exhausted`.',
        {
          concurrent_queries: count('Queries under way at once.', { min: 1, max: 1_000_000 }).optional(),
          queries_per_second: count('Queries per second; a burst of one second passes at once.', {
            min: 1,
            max: 10_000_000,
          }).optional(),
        },
      ).optional(),
    },
    {
      object_types: 'keeping some object types; write tier: { hot: { object_types: [ … ] } }',
    },
  );

/** What a file or bucket of products may hold. `outside`: the tiers that the configuration names beside the built-in ones. */
export const productFileFields = (outside: OutsideSpecs = {}) =>
  group('The products of one or more sidecars.', {
    products: list(
      'What is kept, product by product. An empty list keeps nothing.',
      product(outside),
      'a list of products',
    ),
    default_tier: tierField(
      "For stores that no product names. Default: that of the sidecar's own configuration.",
      outside,
    ).optional(),
  });

/** As a key of the configuration file. */
export function productsField(outside: OutsideSpecs) {
  return list('What is kept here, product by product.', product(outside), 'a list of products').prefault([]);
}

export type ProductFileFields = z.output<ReturnType<typeof productFileFields>>;
