/**
 * Which stores an office takes up because somebody asks for a barrier: those that have a history, in the log or at the
 * upstream. For an id that anybody may invent nothing is published and nothing is remembered for long.
 */
import { FgaError } from '../fga/error.ts';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import { createLanes } from '../plugin/lanes.ts';
import type { Upstream } from '../plugin/upstream.ts';

export interface Strangers {
  /** False: neither the log nor the upstream knows it, or nobody waits for the answer any more. Rejects when neither can be asked. */
  isKnown(storeId: string, wanted: () => boolean): Promise<boolean>;
}

/** Apart from the walks', so that questions about stores that are not there do not keep those that are waiting. */
const LOOKUPS_AT_ONCE = 4;
/** A store is made, its first model written, and then it is there: asked again after this long. */
const UNKNOWN_MS = 1_000;
/** Invented ids that are remembered; the oldest is forgotten first. */
const MAX_UNKNOWN = 10_000;

export interface StrangersParts {
  readonly log: ChangeLog;
  readonly upstream: Upstream;
  readonly clock: Clock;
}

export function createStrangers({ log, upstream, clock }: StrangersParts): Strangers {
  const lanes = createLanes(LOOKUPS_AT_ONCE);
  const unknownUntilMs = new Map<string, number>();
  const looking = new Map<string, Looking>();

  async function lookUp(storeId: string): Promise<boolean> {
    if (await log.reader.head(storeId)) return true;
    try {
      // OpenFGA goes on answering for a store that was deleted: its models are still there.
      return (await upstream.latestModelId(storeId)) !== undefined || (await upstream.hasStore(storeId));
    } catch (error) {
      // What is not an id is no store either.
      if (error instanceof FgaError && error.code === 'validation_error') return false;
      throw error;
    }
  }

  function isUnknown(storeId: string): boolean {
    return (unknownUntilMs.get(storeId) ?? Number.NEGATIVE_INFINITY) > clock.monoMs();
  }

  function remember(storeId: string): void {
    unknownUntilMs.delete(storeId);
    unknownUntilMs.set(storeId, clock.monoMs() + UNKNOWN_MS);
    const [oldest] = unknownUntilMs.keys();
    if (unknownUntilMs.size > MAX_UNKNOWN && oldest !== undefined) unknownUntilMs.delete(oldest);
  }

  /** One look-up of a store for all who ask meanwhile; undefined when its turn came and nobody waited any more. */
  function look(storeId: string, first: () => boolean): Looking {
    const askers = [first];
    const wanted = () => askers.some((one) => one());
    const found = lanes
      .run(() => lookUp(storeId), { urgent: false, wanted })
      .finally(() => {
        looking.delete(storeId);
      });
    const made = { askers, found };
    looking.set(storeId, made);
    return made;
  }

  return {
    async isKnown(storeId, wanted) {
      if (isUnknown(storeId)) return false;
      const under = looking.get(storeId);
      under?.askers.push(wanted);
      const known = await (under ?? look(storeId, wanted)).found;
      if (known === false) remember(storeId);
      return known ?? false;
    },
  };
}

interface Looking {
  readonly askers: (() => boolean)[];
  readonly found: Promise<boolean | undefined>;
}
