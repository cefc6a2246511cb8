/**
 * Tier `warm`: no tuples; answers of the upstream, each for as long as nothing that it may have read has changed. The
 * change stream says what changed; a time to live bounds what the stream cannot say.
 */
import { randomUUID } from 'node:crypto';
import { createReachBook, type Reach } from '../../src/engine/reach.ts';
import type { Answer } from '../../src/fga/answer.ts';
import { LIST_DEADLINE_MS, LIST_MAX_RESULTS } from '../../src/fga/limits.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { StoreView } from '../../src/plugin/store.ts';
import type {
  CacheEvents,
  Refusal,
  Remember,
  Tier,
  TierOutcome,
  UpstreamSaid,
} from '../../src/plugin/tier.ts';
import { type Entry, openEntries } from './warm-entries.ts';
import { createFlights, type Flight } from './warm-flights.ts';
import { createGenerations, type Hearing } from './warm-generations.ts';
import { cacheKey, storeOfKey } from './warm-key.ts';
import type { Place } from './warm-store.ts';

export interface WarmOptions {
  readonly ttlMs: number;
  readonly maxEntries: number;
  /** Where the answers are kept; absent: in this process. */
  readonly place?: Place;
  /** How long after a change the upstream may still answer from before it. */
  readonly lagMs: number;
}

export interface WarmParts {
  readonly clock: Clock;
  readonly events: CacheEvents;
  /** In [0, 1). */
  readonly chance?: () => number;
}

/** Entries written together do not end together: up to this share of the time to live is taken off. */
const JITTER = 0.2;
/** Upstream returns what it has at its deadline, without a word; an answer that came close to it may be such. */
const SLOW_LIST_MS = LIST_DEADLINE_MS * 0.8;

/** One question, and what is needed to judge an answer to it. */
interface Asked {
  readonly query: Query;
  /** Where its answer is kept. */
  readonly place: string;
  readonly modelId: string;
  readonly reach: Reach;
  readonly hearing: Hearing;
}

export async function openWarmTier(options: WarmOptions, parts: WarmParts): Promise<Tier> {
  const { clock, events, chance = Math.random } = parts;
  const { maxEntries, place } = options;
  const reaches = createReachBook();
  const generations = createGenerations(clock, randomUUID);
  const entries = await openEntries({
    maxEntries,
    clock,
    failed: events.failed,
    ...(place && { place }),
  });
  const flights = createFlights(clock);

  function askedOf(query: Query, view: StoreView): Asked | undefined {
    const modelId = query.modelId ?? view.latestModelId();
    const reach = reaches.of(query, view);
    if (modelId === undefined || !reach) return undefined;
    const hearing = generations.of(query.storeId, view.state.head.epoch);
    const key = cacheKey(query, modelId);
    return { query, place: placeOf(hearing, key), modelId, reach, hearing };
  }

  const stampOf = ({ hearing, reach }: Asked) => hearing.stamp(reach.pairs);
  const isCurrent = ({ query, hearing }: Asked) => generations.current(query.storeId) === hearing;

  async function lookUp(asked: Asked): Promise<TierOutcome> {
    const joined = flights.join(asked.place, stampOf(asked));
    if (!joined) {
      const entry = await entries.get(asked.place);
      if (entry && isCurrent(asked) && entry.stamp === stampOf(asked)) return hit(entry);
    }
    // Others may have begun to ask while the entry was looked for.
    const flight = joined ?? flights.join(asked.place, stampOf(asked));
    if (!flight) return miss(asked);
    const said = await flight;
    if (!said) return missed();
    events.joined();
    return { answer: said.answer, modelId: asked.modelId, cached: true };
  }

  function hit({ answer, modelId }: Entry): TierOutcome {
    events.hit();
    return { answer, modelId, cached: true };
  }

  function missed(): TierOutcome {
    events.miss();
    return { declined: 'miss' };
  }

  /** The stamp is taken now, before the query goes to the upstream. */
  function miss(asked: Asked): TierOutcome {
    if (!isCurrent(asked)) return missed();
    const flight = flights.begin(asked.place, stampOf(asked));
    return { ...missed(), remember: rememberer(asked, flight) };
  }

  function rememberer(asked: Asked, flight: Flight): Remember {
    const beganMs = clock.monoMs();
    let landed = false;
    return (said) => {
      if (landed) return;
      landed = true;
      const refusal = refusalOf(asked, { flight, beganMs, said });
      if (refusal !== undefined) events.refused(refusal);
      else if (said) {
        const { modelId } = asked;
        entries.set(asked.place, { answer: said.answer, modelId, stamp: flight.stamp }, ttlMs());
        events.stored();
      }
      flight.land(refusal === undefined ? said : undefined);
    };
  }

  function ttlMs(): number {
    return Math.max(1, Math.floor(options.ttlMs * (1 - JITTER * chance())));
  }

  function refusalOf(
    asked: Asked,
    { flight, beganMs, said }: { flight: Flight; beganMs: number; said: UpstreamSaid | undefined },
  ): Refusal | undefined {
    if (!isCurrent(asked)) return 'gap';
    if (!flight.valid) return 'dropped';
    if (!said || hasErrors(said.answer)) return 'error';
    if (stampOf(asked) !== flight.stamp) return 'changed';
    if (said.modelId !== asked.modelId) return 'model';
    if (beganMs - asked.hearing.changedAtMs(asked.reach.pairs) < options.lagMs) return 'lag';
    return mayBeCut(said.answer, clock.monoMs() - beganMs) ? 'truncated' : undefined;
  }

  return {
    name: 'warm',
    keeps: { objectTypes: [] },
    answer(query, { view }) {
      if (!view) return { declined: 'syncing' };
      // A stream is passed on as it comes, and nobody waits for its end.
      if (query.method === 'StreamedListObjects') return { declined: 'method' };
      if (query.consistency === 'higher_consistency') return { declined: 'consistency' };
      const asked = askedOf(query, view);
      if (!asked) return { declined: 'model' };
      if (!asked.reach.unsteady) return lookUp(asked);
      events.refused('cycle');
      return missed();
    },
    changing: generations.changing,
    forget: generations.forget,
    invalidate(key) {
      const storeId = storeOfKey(key);
      if (key === storeId) return generations.forget(storeId);
      const hearing = generations.current(storeId);
      if (!hearing) return;
      flights.drop(placeOf(hearing, key));
      entries.drop(placeOf(hearing, key));
    },
    close: () => entries.close(),
  };
}

function placeOf({ epoch, session }: Hearing, key: string): string {
  return `${epoch}.${session}.${key}`;
}

/** An item of a batch may fail on its own. */
function hasErrors(answer: Answer): boolean {
  return answer.method === 'BatchCheck' && [...answer.result.values()].some((item) => 'error' in item);
}

function mayBeCut(answer: Answer, tookMs: number): boolean {
  switch (answer.method) {
    case 'ListObjects':
    case 'StreamedListObjects':
      return tookMs >= SLOW_LIST_MS || answer.objects.length >= LIST_MAX_RESULTS;
    case 'ListUsers':
      return tookMs >= SLOW_LIST_MS || answer.users.length >= LIST_MAX_RESULTS;
    default:
      return false;
  }
}
