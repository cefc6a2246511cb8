/** From a change without a revision to the transaction that travels. */
import type {
  ChangeMessage,
  Commit,
  Entry,
  Head,
  Operation,
  Origin,
  Part,
  TouchedPair,
  Transaction,
  TupleDelta,
} from './change.ts';
import { type Tuple, typeOf } from './tuple.ts';

export interface Stamp {
  readonly storeId: string;
  readonly head: Head;
  readonly previousCommitId: string;
  readonly committedAtMs: number;
  readonly origin: Origin;
  readonly publisher: string;
  readonly checkpoint: string;
}

/** Each part is the writes or the deletes of one object type, deletes first (upstream's own order). */
export function toTransaction(delta: TupleDelta, stamp: Stamp): Transaction {
  const groups = [...group('delete', delta.deletes), ...group('write', delta.writes)];
  const parts: Part[] = groups.map(({ operation, objectType, tuples }, index) => ({
    kind: 'part',
    storeId: stamp.storeId,
    ...stamp.head,
    index,
    operation,
    objectType,
    tuples,
  }));
  const commit: Commit = {
    kind: 'commit',
    storeId: stamp.storeId,
    ...stamp.head,
    previousCommitId: stamp.previousCommitId,
    parts: parts.map(({ operation, objectType, tuples }) => ({
      operation,
      objectType,
      count: tuples.length,
    })),
    touched: touchedPairs(delta),
    committedAtMs: stamp.committedAtMs,
    origin: stamp.origin,
    publisher: stamp.publisher,
    checkpoint: stamp.checkpoint,
  };
  return { kind: 'transaction', parts, commit };
}

interface Group {
  readonly operation: Operation;
  readonly objectType: string;
  readonly tuples: Tuple[];
}

function group(operation: Operation, tuples: readonly Tuple[]): Group[] {
  const byType = new Map<string, Group>();
  for (const tuple of tuples) {
    const objectType = typeOf(tuple.object);
    const found = byType.get(objectType);
    if (found) found.tuples.push(tuple);
    else byType.set(objectType, { operation, objectType, tuples: [tuple] });
  }
  return [...byType.values()];
}

function touchedPairs(delta: TupleDelta): TouchedPair[] {
  const seen = new Map<string, TouchedPair>();
  for (const { object, relation } of [...delta.deletes, ...delta.writes]) {
    const type = typeOf(object);
    seen.set(`${type}#${relation}`, { type, relation });
  }
  return [...seen.values()];
}

/** The messages of one entry, in the order in which they travel. */
export function messagesOf(entry: Entry): readonly ChangeMessage[] {
  return entry.kind === 'transaction' ? [...entry.parts, entry.commit] : [entry];
}

export function headOf({ epoch, revision, commitId }: Head): Head {
  return { epoch, revision, commitId };
}
