/**
 * The last word of the stream about a store. Who appends reads it from the stream's leader: a replica may be behind, and a
 * fence that is behind is refused. An edge reads it by subject (`DIRECT.GET`), the only way to read a stream that NATS can
 * allow for some stores and not for others; whoever holds the leader may be asked, or a replica.
 */
import { DeliverPolicy, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { headOf } from '../../src/fga/transaction.ts';
import { type LoggedHead, UnreadableHeadError } from '../../src/plugin/changelog.ts';
import { openEnvelope } from '../../src/plugin/envelope.ts';
import { headSubjects, storeSubjects } from '../../src/plugin/subject.ts';
import { isForbidden } from './nats-consumer-desk.ts';

/** The store's last message of any kind, or undefined. */
export function lastOfStore(
  jsm: JetStreamManager,
  stream: string,
  storeId: string,
): Promise<StoredMsg | undefined> {
  return lastOn(jsm, stream, storeSubjects(storeId));
}

export async function readHead(
  jsm: JetStreamManager,
  stream: string,
  storeId: string,
): Promise<LoggedHead | undefined> {
  const last = await lastOfStore(jsm, stream, storeId);
  if (!last) return undefined;
  const said = saidBy(last) ?? (await newestWord(jsm, stream, storeId));
  return said && { ...said, fence: `${last.seq}` };
}

type Said = Omit<LoggedHead, 'fence'>;

/** As an edge may read it. `fence` is empty: it appends nothing. Throws when the newest word is no message. */
export async function readHeadBySubject(
  jsm: JetStreamManager,
  stream: string,
  storeId: string,
): Promise<LoggedHead | undefined> {
  const words = await Promise.all(
    headSubjects(storeId).map((subject) => jsm.direct.getMessage(stream, { last_by_subj: subject })),
  );
  const [newest] = words.flatMap((word) => word ?? []).sort((a, b) => b.seq - a.seq);
  if (!newest) return undefined;
  const said = saidBy(newest);
  if (!said) throw new UnreadableHeadError(storeId);
  return { ...said, fence: '' };
}

/** From the leader, after an answer by subject failed with `found`; where the leader may not be asked, that stands. */
export async function readHeadInstead(
  jsm: JetStreamManager,
  stream: string,
  storeId: string,
  found: unknown,
): Promise<LoggedHead | undefined> {
  try {
    return await readHead(jsm, stream, storeId);
  } catch (error) {
    throw isForbidden(error) ? found : error;
  }
}

/** The last message is a part without its commit, or no message at all: looks at what came before it. */
async function newestWord(jsm: JetStreamManager, stream: string, storeId: string): Promise<Said | undefined> {
  const lasts = await Promise.all(headSubjects(storeId).map((subject) => lastOn(jsm, stream, subject)));
  const [newest, ...older] = lasts.flatMap((message) => message ?? []).sort((a, b) => b.seq - a.seq);
  if (!newest) return undefined;
  const said = saidBy(newest);
  if (said) return said;
  // What hides behind bytes that are no message is not on any "last": only a scan finds it.
  const from = older.find((message) => saidBy(message))?.seq ?? 1;
  return scan(jsm, stream, storeId, from);
}

async function scan(
  jsm: JetStreamManager,
  stream: string,
  storeId: string,
  from: number,
): Promise<Said | undefined> {
  const consumer = await jsm.jetstream().consumers.get(stream, {
    filter_subjects: [...headSubjects(storeId)],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from,
  });
  let said: Said | undefined;
  let pending = (await consumer.info()).num_pending;
  while (pending > 0) {
    const messages = await consumer.fetch({ max_messages: Math.min(pending, 500), expires: 5_000 });
    let came = 0;
    for await (const message of messages) {
      came += 1;
      pending = message.info.pending;
      said = saidBy(message) ?? said;
    }
    if (came === 0) throw new Error(`the stream ${stream} did not deliver what it holds`);
  }
  await consumer.delete().catch(() => false);
  return said;
}

interface Stored {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
}

function saidBy({ subject, seq, data }: Stored): Said | undefined {
  const message = openEnvelope(subject, data);
  if (!message || message.kind === 'part') return undefined;
  const deleted = message.kind === 'anchor' && message.storeDeleted ? { storeDeleted: true as const } : {};
  return { head: headOf(message), checkpoint: message.checkpoint, position: `${seq}`, ...deleted };
}

async function lastOn(
  jsm: JetStreamManager,
  stream: string,
  subject: string,
): Promise<StoredMsg | undefined> {
  return (await jsm.streams.getMessage(stream, { last_by_subj: subject })) ?? undefined;
}
