/**
 * The sequencer of one store: gives each transaction the next revision and publishes it, in the order of commits.
 *
 * Two things arrive: captures (a Write that passed through here and was committed) and what a walk of the upstream's
 * changelog finds. Captures are published as they are; what a walk finds that was not captured is published as the
 * present state of its keys, read from the primary, so that an older operation never overwrites a newer one.
 */
import type { Anchor, Head, TupleDelta } from '../fga/change.ts';
import { toTransaction } from '../fga/transaction.ts';
import { keyText, type TupleKey } from '../fga/tuple.ts';
import type { ChangeLog, ChangeLogWriter } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import { createLanes, type Lanes } from '../plugin/lanes.ts';
import type { Term } from '../plugin/lease.ts';
import { createSerial } from '../plugin/serial.ts';
import type { ChangelogEntry, Upstream } from '../plugin/upstream.ts';
import type { Captured, SequencerEvents, StoreSequencer } from './captured.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { type KeyLocks, lockKey } from './key-locks.ts';
import { createModelTail } from './model-tail.ts';
import { createOutstanding } from './outstanding.ts';
import { createPublisher } from './publisher.ts';
import { createRecentPast } from './recent-past.ts';
import { createStates } from './states.ts';
import { findEnd, type WalkStep, walkTail } from './walk.ts';
import { createWalks } from './walks.ts';

export interface SequencerParts {
  readonly storeId: string;
  /** Nothing is published outside it. */
  readonly term: Term;
  readonly acknowledged: Map<string, Head>;
  readonly log: ChangeLog;
  readonly writer: ChangeLogWriter;
  readonly upstream: Upstream;
  readonly locks: KeyLocks;
  readonly clock: Clock;
  readonly nodeId: string;
  /** How far back the overlap reads, ms of upstream's clock. */
  readonly overlapMs: number;
  /** Shared by the walks of all stores. Absent: this one has one of its own. */
  readonly lanes?: Lanes;
  readonly events: SequencerEvents;
}

/** More hand-overs than this waiting for the log are left to the walk, which needs no memory. */
export const MAX_WAITING_HANDOVERS = 10_000;
const AT_ONCE = { urgent: true, wanted: () => true };

export function createStoreSequencer(parts: SequencerParts): StoreSequencer {
  const { storeId, upstream, clock, locks, events } = parts;
  const serial = createSerial();
  const outstanding = createOutstanding();
  const states = createStates(upstream, storeId, clock, parts.term.sinceMs);
  const models = createModelTail(upstream, storeId);
  const past = createRecentPast({
    ...parts,
    publish: (late) => serial.run(() => publishState(distinctKeys(late))),
  });
  let checkpoint: Checkpoint | undefined;
  let lastAskedMs = Number.NEGATIVE_INFINITY;
  let storeDeleted: true | undefined;
  let lastWalkMs = Number.NEGATIVE_INFINITY;

  const publisher = createPublisher({
    storeId,
    log: parts.log,
    writer: parts.writer,
    term: parts.term,
    acknowledged: parts.acknowledged,
    clock,
    anchor,
  });

  function anchor(head: Head): Anchor {
    const deleted = storeDeleted ? { storeDeleted } : {};
    return { kind: 'anchor', storeId, ...head, ...signed(), ...deleted };
  }

  function signed() {
    const at = checkpoint ? encodeCheckpoint(checkpoint) : '';
    return { committedAtMs: clock.wallMs(), publisher: parts.nodeId, checkpoint: at };
  }

  async function opened(): Promise<Checkpoint> {
    const logged = await parts.log.reader.head(storeId);
    storeDeleted ??= logged?.storeDeleted;
    checkpoint ??= logged ? decodeCheckpoint(logged.checkpoint) : await startOfEpoch();
    await publisher.open();
    return checkpoint;
  }

  /** Followers of a new epoch copy what is there: only what comes after it, or shows up late, has to be published. */
  async function startOfEpoch(): Promise<Checkpoint> {
    const end = await findEnd(upstream, storeId, clock.wallMs());
    await past.begin(end);
    return end;
  }

  async function publishDelta(delta: TupleDelta, origin: 'capture' | 'walk'): Promise<Head> {
    const head = await publisher.publish(({ head: before, next }) =>
      toTransaction(delta, { storeId, head: next, previousCommitId: before.commitId, origin, ...signed() }),
    );
    events.published(origin, delta.writes.length + delta.deletes.length);
    return head;
  }

  async function publishCaptured(captured: Captured, doubted: ReadonlySet<TupleKey>): Promise<Head> {
    // The first Write of an epoch lies before its checkpoint: no walk will come by its entry.
    const walksBy = checkpoint !== undefined;
    if (!walksBy) await opened();
    const doubtful = keysOf(captured.delta).filter(
      (key) => doubted.has(key) || states.overlaps(key, captured.forwardBeganMs),
    );
    if (doubtful.length > 0) return publishDelta(await states.replace(captured.delta, doubtful), 'capture');
    const head = await publishDelta(captured.delta, 'capture');
    if (walksBy && !captured.mayBeIgnored) outstanding.add(captured.delta);
    return head;
  }

  async function publishState(keys: readonly TupleKey[]): Promise<void> {
    if (keys.length === 0) return;
    events.found(keys.length);
    await publishDelta(await states.read(keys), 'walk');
  }

  /** Entries that are not ours are published as state; only then does the checkpoint move. */
  async function deal(step: WalkStep): Promise<void> {
    await locks.settled(step.entries.map((entry) => lockKey(storeId, entry.tuple)));
    await serial.run(async () => {
      const strangers = step.entries.filter((entry) => !outstanding.settle(entry));
      past.news();
      await publishState(distinctKeys(strangers));
      past.note(step.entries);
      checkpoint = step.checkpoint;
    });
  }

  async function walkOnce(): Promise<void> {
    lastWalkMs = clock.monoMs();
    const from = await serial.run(() => (checkpoint ? Promise.resolve(checkpoint) : opened()));
    await past.takeUp(from);
    await walkTail(upstream, storeId, from, deal);
    await past.look(checkpoint ?? from);
    states.forgetOld();
    for (const model of await models.unpublished()) await serial.run(() => publishModel(model.id));
  }

  async function publishModel(modelId: string): Promise<Head> {
    if (!checkpoint) await opened();
    if (models.isPublished(modelId)) return (await publisher.open()).head;
    const model = await upstream.readModel(storeId, modelId);
    const head = await publisher.publish(({ head: before, next }) => ({
      kind: 'model',
      storeId,
      ...next,
      previousCommitId: before.commitId,
      modelId,
      ...(model ? { model } : {}),
      ...signed(),
    }));
    models.published(modelId);
    events.published('model', 1);
    return head;
  }

  const walkSoon = createWalks(walkOnce, parts.lanes ?? createLanes(1));
  return {
    handOver(captured) {
      lastAskedMs = clock.monoMs();
      if (serial.waiting() >= MAX_WAITING_HANDOVERS)
        return Promise.reject(new Error('the change log does not keep up; left to the walk'));
      const keys = keysOf(captured.delta);
      // Both, always: the arrival is noted here, and not when its turn comes.
      const late = states.arrived(keys, captured.forwardBeganMs);
      const doubted = new Set(captured.exclusive ? late : keys);
      return serial.run(() => publishCaptured(captured, doubted));
    },
    modelWritten: (modelId) => serial.run(() => publishModel(modelId)),
    async barrier(marker, wanted = () => true) {
      lastAskedMs = clock.monoMs();
      await walkSoon({ urgent: marker !== undefined, wanted });
      return serial.run(async () => {
        if (marker === undefined) return (await publisher.open()).head;
        await publisher.publish(({ head }) => ({
          kind: 'marker',
          storeId,
          ...head,
          markerId: marker,
          ...signed(),
        }));
        // The log's last word says so, for whoever comes later.
        if (storeDeleted) await publisher.publish(({ head }) => anchor(head));
        return (await publisher.open()).head;
      });
    },
    walk: (options = AT_ONCE) => walkSoon(options),
    restate: () => serial.run(() => publisher.publish(({ head }) => anchor(head))),
    deleted: () =>
      serial.run(async () => {
        if (!checkpoint) await opened();
        if (storeDeleted) return;
        storeDeleted = true;
        await publisher.publish(({ head }) => anchor(head));
      }),
    waiting: serial.waiting,
    lastAskedMs: () => lastAskedMs,
    lastWalkMs: () => lastWalkMs,
  };
}

function keysOf(delta: TupleDelta): readonly TupleKey[] {
  return [...delta.deletes, ...delta.writes];
}

function distinctKeys(entries: readonly ChangelogEntry[]): readonly TupleKey[] {
  const keys = new Map<string, TupleKey>();
  for (const { tuple } of entries)
    keys.set(keyText(tuple), { user: tuple.user, relation: tuple.relation, object: tuple.object });
  return [...keys.values()];
}
