/**
 * A consumer made at the centre for an edge whose credentials may not make one. The edge asks on
 * `rsfga.control.consumer.{edge_id}`, which its credentials allow for its own id alone; it says which stores and types it wants and
 * after which message. Whether it may is decided here, and everything else: the name comes from the subject, it is a durable pull
 * consumer, acknowledged as a whole, on the stream of changes. So no credential lets an edge name another's consumer, a place for
 * messages to be sent to, or a store that is not for it.
 */
import type { JetStreamManager } from '@nats-io/jetstream';
import { type Msg, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import type { ChangeFilter, FollowRules } from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import { inLanes } from '../../src/plugin/lanes.ts';
import type { Log } from '../../src/plugin/log.ts';
import { filterSubjects } from '../../src/plugin/subject.ts';
import { isWithinStore } from '../../src/plugin/subject-filter.ts';
import type { NatsLink } from './nats-connect.ts';
import { ensureConsumer, withdrawConsumer } from './nats-consumer.ts';
import { isStoreId, mapping } from './nats-question.ts';
import { makeProductsBucket } from './nats-shelf.ts';
import { makeSnapshotBucket } from './nats-snapshots.ts';
import { hear } from './nats-subscribe.ts';

const SUBJECT = 'rsfga.control.consumer.';
const QUEUE = 'rsfga-consumer-desk';
const EDGE_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** Names of 10 000 stores with some types each. */
const MAX_BYTES = 1_000_000;
const MAX_FILTERS = 10_000;
const MAX_TYPES = 1_000;
const ASK_TIMEOUT_MS = 10_000;
/** What is taken from an edge is taken this soon. */
const REVIEW_MS = 2_000;
const REVIEWS_AT_ONCE = 32;

interface Request {
  readonly after: number;
  readonly filters: readonly ChangeFilter[];
}

interface DeskParts {
  readonly link: NatsLink;
  readonly stream: string;
  api(): Promise<JetStreamManager>;
  /** Absent: an edge may follow whatever it asks for. */
  readonly rules: FollowRules | undefined;
  /** Copies of a bucket in the NATS cluster, when it is made here. */
  readonly replicas: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves until the link is closed; with several centrals one of them answers. */
export function serveConsumers(parts: DeskParts): void {
  const { link, stream, api, rules, log } = parts;
  async function make(edgeId: string, { after, filters }: Request): Promise<void> {
    const verdict = rules?.judge(edgeId, filters) ?? { limited: false };
    if ('refused' in verdict) throw new Error(verdict.refused);
    // Made anew and not put back: what the edge pulled for before would still be served first, and from another account the
    // server cannot tell that nobody waits for it any more.
    const wish = { stream, edgeId, after, subjects: filterSubjects(filters), canReset: false };
    await ensureConsumer(await api(), { ...wish, ...verdict });
    log.info({ edge: edgeId, after, stores: filters.length }, 'made or brought the consumer of an edge');
  }

  async function answer(message: Msg): Promise<void> {
    const edgeId = message.subject.slice(SUBJECT.length);
    try {
      if (!EDGE_ID.test(edgeId)) throw new Error('the subject names no edge id');
      await make(edgeId, parseRequest(message));
      message.respond('{}');
    } catch (error) {
      log.warn({ edge: edgeId.slice(0, 64), error: String(error) }, 'a consumer was asked for and not made');
      message.respond(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    }
  }

  const hearing = {
    link,
    subject: `${SUBJECT}*`,
    queue: QUEUE,
    message: (message: Msg) => void answer(message),
    refused: ({ message }: Error) => log.warn({ error: message }, 'consumers cannot be made for edges'),
  };
  void hear(hearing, link.closed).catch((error: unknown) =>
    log.error({ error: String(error) }, 'consumers are no longer made for edges'),
  );
  if (rules) void follow(rules, parts);
}

/** What the rules say of consumers and buckets is done when they change, and at the start. Never rejects. */
async function follow(rules: FollowRules, parts: DeskParts): Promise<void> {
  const { link, clock, log } = parts;
  const done = new Map<typeof withdraw, string>();
  let said = '';
  for (; !link.closed.aborted; await clock.sleep(REVIEW_MS, link.closed)) {
    const version = rules.version();
    for (const task of [withdraw, makeBuckets]) {
      if (done.get(task) === version || !link.isUp()) continue;
      try {
        await task(rules, parts);
        done.set(task, version);
      } catch (error) {
        if (said !== String(error)) log.warn({ error: String(error) }, 'the topology is not carried out yet');
        said = String(error);
      }
    }
  }
}

/** What rules take away goes from consumers that are there: these are removed, and their edges have to ask anew. */
async function withdraw(rules: FollowRules, { stream, api, log }: DeskParts): Promise<void> {
  const jsm = await api();
  await inLanes(rules.edges(), REVIEWS_AT_ONCE, async (edgeId) => {
    const exceeds = (subjects: readonly string[]) => rules.exceeds(edgeId, subjects);
    if (await withdrawConsumer(jsm, { stream, edgeId }, exceeds))
      log.warn({ edge: edgeId }, 'took away the consumer of an edge that may not follow all of it any more');
  });
}

async function makeBuckets(rules: FollowRules, { link, replicas }: DeskParts): Promise<void> {
  const { snapshots, products } = rules.buckets();
  for (const bucket of snapshots) await makeSnapshotBucket(link, bucket, replicas);
  if (products !== undefined) await makeProductsBucket(link, products, replicas);
}

/** Throws what the centre said, or that there is none. */
export async function askForConsumer(nc: NatsConnection, edgeId: string, request: Request): Promise<void> {
  const message = await nc
    .request(`${SUBJECT}${edgeId}`, JSON.stringify(request), { timeout: ASK_TIMEOUT_MS })
    .catch((cause: unknown) => {
      throw new Error(
        'these NATS credentials may not make a consumer, and no central sidecar makes it for this edge',
        { cause },
      );
    });
  const { error } = message.json<{ error?: string }>();
  if (error !== undefined) throw new Error(`the centre did not make the consumer: ${error}`);
}

/** The server refused because of the credentials. */
export function isForbidden(error: unknown): boolean {
  if (error instanceof PermissionViolationError) return true;
  return error instanceof Error && error.cause !== undefined && isForbidden(error.cause);
}

/** Any client with the permission may send anything: read strictly. */
function parseRequest(message: Msg): Request {
  if (message.data.length > MAX_BYTES) throw new Error('the request is too long');
  const { after, filters } = mapping(message.json());
  if (typeof after !== 'number' || !Number.isSafeInteger(after) || after < 0)
    throw new Error('"after" is no position');
  if (!Array.isArray(filters) || filters.length === 0 || filters.length > MAX_FILTERS)
    throw new Error('"filters" is no list of stores');
  return { after, filters: filters.map(parseFilter) };
}

function parseFilter(value: unknown): ChangeFilter {
  const { storeId, objectTypes, subjects } = mapping(value);
  if (!isStoreId(storeId)) throw new Error('a filter names no store');
  const byHand = subjects === undefined ? {} : { subjects: parseSubjects(subjects, storeId) };
  if (objectTypes === undefined) return { storeId, ...byHand };
  const sound =
    Array.isArray(objectTypes) &&
    objectTypes.length <= MAX_TYPES &&
    objectTypes.every((type): type is string => typeof type === 'string' && /^[^:#@\s]{1,254}$/.test(type));
  if (!sound) throw new Error('a filter names no valid object types');
  return { storeId, objectTypes, ...byHand };
}

/** Made by hand at the edge. They may not reach further than the store that the filter names. */
function parseSubjects(value: unknown, storeId: string): readonly string[] {
  const sound =
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MAX_TYPES &&
    value.every(
      (subject): subject is string => typeof subject === 'string' && isWithinStore(subject, storeId),
    );
  if (!sound) throw new Error('a filter names no valid subjects of its store');
  return value;
}
