/**
 * Reading all tuples page by page from a server that is being written to.
 *
 * SQL engines page by ULID: a delete in between moves nothing, and what is inserted is in the changelog anyway. The memory
 * engine pages by offset (contract section 5.4): a delete of an earlier row moves every later row forward, and rows that
 * never changed would be skipped. Offsets can be told by their token; there each page is made to overlap the one
 * before, and when the overlap does not fit, the reading begins again.
 */
import { keyText, type Tuple } from '../fga/tuple.ts';
import type { TuplePage } from '../plugin/upstream.ts';

/** Rows read twice at each seam. One could be fooled by a row that is deleted and written again; so many in order cannot. */
export const OVERLAP_ROWS = 10;

export type ReadPage = (continuationToken: string) => Promise<TuplePage>;

/** Thrown when rows moved: what was read so far is valid but may be incomplete. */
export class RowsMovedError extends Error {
  constructor() {
    super('rows of the upstream moved while they were read');
    this.name = 'RowsMovedError';
  }
}

/** Every page in turn; a tuple that is written again meanwhile may come twice. Throws RowsMovedError. */
export async function* pagesOf(read: ReadPage): AsyncIterable<readonly Tuple[]> {
  let token = '';
  let last: readonly Tuple[] = [];
  do {
    const offset = offsetOf(token);
    const overlap = offset === undefined ? 0 : Math.min(OVERLAP_ROWS, last.length, offset.rows);
    const page = await read(
      offset === undefined ? token : tokenOf({ ...offset, rows: offset.rows - overlap }),
    );
    if (!beginsWith(page.tuples, last.slice(last.length - overlap))) throw new RowsMovedError();
    yield page.tuples.slice(overlap);
    last = page.tuples;
    token = page.continuationToken;
  } while (token !== '');
}

function beginsWith(tuples: readonly Tuple[], expected: readonly Tuple[]): boolean {
  return expected.every((tuple, n) => {
    const found = tuples[n];
    return found !== undefined && keyText(found) === keyText(tuple);
  });
}

interface Offset {
  readonly rows: number;
  /** What stands behind the number. */
  readonly rest: string;
}

/** The offset in a token of the memory engine, `300|` in base64; undefined for any other token. */
function offsetOf(token: string): Offset | undefined {
  const match = /^(\d{1,15})(\|.*)?$/.exec(Buffer.from(token, 'base64url').toString('latin1'));
  return match?.[1] ? { rows: Number(match[1]), rest: match[2] ?? '' } : undefined;
}

function tokenOf({ rows, rest }: Offset): string {
  if (rows === 0) return '';
  return Buffer.from(`${rows}${rest}`, 'latin1').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
