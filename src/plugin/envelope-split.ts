/**
 * Parts that are too large for one message. The commit lists every part with its count, so the pieces of a part are parts
 * of their own, and a follower that filters by type still knows whether it has all that it wants.
 */
import type { ChangeMessage, Part, Transaction } from '../fga/change.ts';
import type { Tuple } from '../fga/tuple.ts';
import { encodedTupleBytes } from './envelope-wire.ts';

/** Store id, head, index and the longest type name (254 characters of 4 bytes) with their tags. */
const PART_RESERVE = 2_048;

/** The messages of a transaction, none of whose parts is over `maxBytes`. */
export function splitTransaction(transaction: Transaction, maxBytes: number): readonly ChangeMessage[] {
  const pieces = transaction.parts.flatMap((part) => splitPart(part, maxBytes - PART_RESERVE));
  if (pieces.length === transaction.parts.length) return [...transaction.parts, transaction.commit];
  const parts = pieces.map((part, index) => ({ ...part, index }));
  const summaries = parts.map(({ operation, objectType, tuples }) => ({
    operation,
    objectType,
    count: tuples.length,
  }));
  return [...parts, { ...transaction.commit, parts: summaries }];
}

function splitPart(part: Part, maxBytes: number): readonly Part[] {
  const sizes = part.tuples.map((tuple) => encodedTupleBytes(tuple, part.operation));
  if (sizes.reduce((sum, size) => sum + size, 0) <= maxBytes) return [part];
  const groups: Tuple[][] = [];
  let room = 0;
  part.tuples.forEach((tuple, at) => {
    const size = sizes[at] ?? 0;
    const open = groups.at(-1);
    if (open && size <= room) open.push(tuple);
    else groups.push([tuple]);
    room = (open && size <= room ? room : maxBytes) - size;
  });
  return groups.map((tuples) => ({ ...part, tuples }));
}
