/**
 * What the author of a tier needs, exported as `rsfga-edge/plugin`. docs/plugins.md builds one; the suite
 * `rsfga-edge/test/contract/tier` says what it has to keep.
 */
import type { Query } from '../fga/query.ts';
import type { ModelReader, TupleReader } from '../fga/reader.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { CacheEvents, Tier, TierOutcome } from './tier.ts';

export type { Answer, Declined, DeclineReason, ListedUser, Outcome } from '../fga/answer.ts';
export type { Head, TouchedPair } from '../fga/change.ts';
export type { FgaError } from '../fga/error.ts';
export type { AuthorizationModel } from '../fga/model.ts';
export type { Consistency, Query, QueryMethod } from '../fga/query.ts';
export type { ModelReader, TupleReader } from '../fga/reader.ts';
export type { Tuple, TupleKey } from '../fga/tuple.ts';
export type { Clock } from './clock.ts';
export type { Log } from './log.ts';
export type { StoreState, StoreView } from './store.ts';
export type {
  CacheEvents,
  Keeps,
  Refusal,
  Remember,
  Tier,
  TierChange,
  TierContext,
  TierOutcome,
  UpstreamSaid,
} from './tier.ts';

/** By the option's name in the YAML. The value there (undefined: it is absent) → what `open` gets; throws with what may stand there. */
export type OptionParsers = Readonly<Record<string, (value: unknown) => unknown>>;

/** What a module exports, as its default or as `tier`. */
export interface TierPlugin<Parsers extends OptionParsers = OptionParsers> {
  /** Absent: it takes none. A key that is not here is a mistake in the YAML. */
  readonly options?: Parsers;
  /** Options that are never shown, neither in errors nor in logs nor in the status. */
  readonly secrets?: readonly (keyof Parsers & string)[];
  /** Once for each place of the YAML that names the tier with options of its own. What it throws stops the start. */
  open(options: Parsed<Parsers>, parts: TierParts): PluginTier | Promise<PluginTier>;
}

/** A tier without a name: the YAML names it. */
export type PluginTier = Omit<Tier, 'name'> & { readonly name?: string };

export type Parsed<Parsers extends OptionParsers> = {
  readonly [Name in keyof Parsers]: ReturnType<Parsers[Name]>;
};

/** What the sidecar hands to a tier. */
export interface TierParts {
  /** The engine: exactly what the upstream would answer over these tuples, or a decline. It trusts the view to hold all that the query may read. */
  evaluate(query: Query, view: TupleReader & ModelReader): TierOutcome;
  /** What the query may read, from its model alone. Undefined: the model is not known here. */
  reach(query: Query, models: ModelReader): TierReach | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How far the upstream's answers may lag behind a change, ms. */
  readonly lagMs: number;
  /** For a tier that remembers: what it tells is in the metrics `rsfga_cache_…`. */
  readonly events: CacheEvents;
}

export interface TierReach {
  /** Object types whose tuples may be read. */
  readonly types: ReadonlySet<string>;
  /** `type#relation` of the tuples that may be read. */
  readonly pairs: ReadonlySet<string>;
  /** A cycle may be met under a subtract, where the upstream's own answer depends on its strategy. */
  readonly unsteady: boolean;
}

/** The plugin itself: the compiler finds the types of its options, for `open`. */
export function defineTier<const Parsers extends OptionParsers>(plugin: TierPlugin<Parsers>): TierPlugin {
  return plugin as object as TierPlugin;
}
