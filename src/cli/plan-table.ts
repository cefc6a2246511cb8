/** What `rsfga-edge plan` found out, as `--json` prints it. */
import type { Keeps } from '../plugin/tier.ts';
import type { Counted } from './plan-count.ts';
import type { Row } from './plan-rows.ts';

/** Stores of one product of which the same would be kept. */
export interface ProductPlan {
  readonly id: string;
  /** As the YAML calls it. */
  readonly tier: string;
  /** The product is for other regions. */
  readonly elsewhere: boolean;
  readonly stores: readonly string[];
  readonly keeps: Keeps;
  /** Listed by the tier, and not delivered by its `nats_subjects`. */
  readonly undelivered: readonly string[];
  /** Listed by the tier, and not in this model. */
  readonly unknown: readonly string[];
  readonly rows: readonly Row[];
}

export interface Plan {
  readonly config: string;
  readonly model: string;
  readonly products: readonly ProductPlan[];
  readonly tuples: (Counted & { readonly storeId: string }) | { readonly notCounted: string };
}
