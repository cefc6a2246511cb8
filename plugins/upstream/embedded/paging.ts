/** Pages by offset, and their tokens: base64 of a number, as OpenFGA's memory engine makes them (contract section 5.4). */
import { FgaError } from '../../../src/fga/error.ts';
import { DEFAULT_PAGE_SIZE } from '../../../src/fga/limits.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; `''` on the last one. */
  readonly next: string;
}

/** `from` is what a token held; `''` is the beginning. */
export function pageOf<T>(all: readonly T[], from: string, pageSize = DEFAULT_PAGE_SIZE): Page<T> {
  const start = offsetOf(from);
  const end = start + pageSize;
  return { items: all.slice(start, end), next: end < all.length ? String(end) : '' };
}

/** Throws `invalid_continuation_token`. Go's decoder wants the padding, and no stray bits. */
export function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('latin1');
  if (token.replace(/=+$/, '').length % 4 === 1 || token.length % 4 !== 0) throw invalidToken();
  return text;
}

export function encodeToken(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

export function invalidToken(): FgaError {
  return new FgaError('invalid_continuation_token', 'Invalid continuation token');
}

/** A token that holds no number is a fault upstream, and so it is here. */
function offsetOf(from: string): number {
  if (from === '') return 0;
  if (!/^[+-]?\d+$/.test(from)) throw new FgaError('internal_error', 'Internal Server Error');
  return Math.max(0, Number(from));
}
