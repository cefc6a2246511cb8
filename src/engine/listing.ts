/** What a way of listing objects comes to. */
import type { Declined } from '../fga/answer.ts';
import type { FgaError } from '../fga/error.ts';

export type Listing = { readonly objects: ReadonlySet<string> } | FailedListing | Declined;

export interface FailedListing {
  readonly error: FgaError;
  /** How many objects upstream may have found before it met the error. */
  readonly found: number;
}
