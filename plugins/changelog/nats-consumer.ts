/**
 * The durable consumer of an edge: made, or brought to the place and the filters that a reader asks for. The place in the
 * local store rules; what the server remembers is a convenience.
 */
import {
  AckPolicy,
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { ALL_CHANGES } from '../../src/plugin/subject.ts';
import { isApiError } from './nats-stream.ts';

export interface Wish {
  readonly stream: string;
  readonly edgeId: string;
  /** Sequence after which to deliver. */
  readonly after: number;
  readonly subjects: readonly string[];
  /** The server can put a consumer back to an earlier place (2.14). */
  readonly canReset: boolean;
  /** Nothing beside `subjects` may be delivered, however many they are. */
  readonly limited?: boolean;
}

/** More filters than this cost the server more than dropping the rest here (measured, reference: 2.10 falls to half). */
const MAX_FILTERS = 100;
/** An edge that stays away longer has to be made anew; its place is in its own store. */
const INACTIVE_MS = 14 * 86_400_000;
/** Longer than a local commit takes. What comes twice all the same is dropped by its sequence. */
const ACK_WAIT_MS = 120_000;
const CONSUMER_NOT_FOUND = 10014;

export function consumerName(edgeId: string): string {
  return `edge-${edgeId.replace(/[^A-Za-z0-9_-]/g, '_')}`;
}

export async function ensureConsumer(jsm: JetStreamManager, wish: Wish): Promise<ConsumerInfo> {
  const subjects = isWide(wish) && !wish.limited ? [ALL_CHANGES] : wish.subjects;
  const asked = { ...wish, subjects };
  const info = await bring(jsm, asked, await find(jsm, asked));
  return checked(info, subjects);
}

/** The consumer that somebody else made for this edge. Throws when it is not what was wished for. */
export async function madeAsWished(jsm: JetStreamManager, wish: Wish): Promise<ConsumerInfo> {
  const info = await jsm.consumers.info(wish.stream, consumerName(wish.edgeId));
  const asWide = isWide(wish) && isSame(filtersOf(info), [ALL_CHANGES]);
  return checked(info, asWide ? [ALL_CHANGES] : wish.subjects);
}

/** Takes the edge's consumer away if it delivers more than that. True: it did. */
export async function withdrawConsumer(
  jsm: JetStreamManager,
  of: Pick<Wish, 'stream' | 'edgeId'>,
  exceeds: (subjects: readonly string[]) => boolean,
): Promise<boolean> {
  const found = await find(jsm, of);
  if (!found) return false;
  const filters = filtersOf(found);
  if (!exceeds(filters.length > 0 ? filters : [ALL_CHANGES])) return false;
  return jsm.consumers.delete(of.stream, found.name);
}

function isWide({ subjects }: Wish): boolean {
  return subjects.length > MAX_FILTERS;
}

function checked(info: ConsumerInfo, subjects: readonly string[]): ConsumerInfo {
  const echoed = filtersOf(info);
  if (isSame(echoed, subjects)) return info;
  throw new Error(
    `the server made the consumer with other filters (${echoed}) than it was asked for (${subjects})`,
  );
}

async function find(
  jsm: JetStreamManager,
  { stream, edgeId }: Pick<Wish, 'stream' | 'edgeId'>,
): Promise<ConsumerInfo | undefined> {
  try {
    return await jsm.consumers.info(stream, consumerName(edgeId));
  } catch (error) {
    if (isApiError(error, CONSUMER_NOT_FOUND)) return undefined;
    throw error;
  }
}

async function bring(
  jsm: JetStreamManager,
  wish: Wish,
  found: ConsumerInfo | undefined,
): Promise<ConsumerInfo> {
  if (!found) return create(jsm, wish);
  const name = consumerName(wish.edgeId);
  const hasFilters = isSame(filtersOf(found), wish.subjects);
  // It will deliver what it has not delivered yet: enough if nothing after the wished place was delivered. With other
  // filters it is not: the server has passed over what the old ones did not want, and its info does not show that.
  if (hasFilters && found.delivered.stream_seq <= wish.after) return found;
  if (!wish.canReset || wish.after + 1 < (found.config.opt_start_seq ?? 1)) {
    await jsm.consumers.delete(wish.stream, name);
    return create(jsm, wish);
  }
  if (!hasFilters) await jsm.consumers.update(wish.stream, name, { filter_subjects: [...wish.subjects] });
  return jsm.consumers.reset(wish.stream, name, wish.after + 1);
}

function create(jsm: JetStreamManager, { stream, edgeId, after, subjects }: Wish): Promise<ConsumerInfo> {
  return jsm.consumers.add(stream, {
    durable_name: consumerName(edgeId),
    ack_policy: AckPolicy.All,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    replay_policy: ReplayPolicy.Instant,
    filter_subjects: [...subjects],
    // Never given up, never held back: a reader drops what comes twice, and its own appetite bounds what is on the way.
    max_deliver: -1,
    max_ack_pending: -1,
    ack_wait: nanos(ACK_WAIT_MS),
    inactive_threshold: nanos(INACTIVE_MS),
  });
}

function filtersOf({ config }: ConsumerInfo): readonly string[] {
  if (config.filter_subjects && config.filter_subjects.length > 0) return config.filter_subjects;
  return config.filter_subject ? [config.filter_subject] : [];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join(' ') === [...b].sort().join(' ');
}
