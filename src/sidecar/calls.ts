/** What an operator can ask this sidecar to do through its admin listener. A new call is one line here. */
import type { Clock } from '../plugin/clock.ts';
import type { AdminCall } from '../plugin/endpoints.ts';
import type { Audits } from './audits.ts';
import type { ChangeStreet } from './change-street.ts';
import { createExplain } from './explain.ts';
import type { Parts } from './parts.ts';
import type { ProductBook } from './products.ts';
import type { RequestStreet } from './request-street.ts';
import { resyncCall, snapshotCall } from './store-calls.ts';

export interface CallParts {
  /** Only where stores are kept. */
  readonly audits: Audits | undefined;
  readonly requests: RequestStreet;
  readonly book: ProductBook;
  readonly parts: Pick<Parts, 'store'>;
  readonly changes: Pick<ChangeStreet, 'replica' | 'snapshots'>;
  readonly clock: Clock;
}

export function createCalls({
  audits,
  requests,
  book,
  parts,
  changes,
  clock,
}: CallParts): readonly AdminCall[] {
  const explain = createExplain({
    ...requests,
    ...parts,
    ...changes,
    clock,
    productOf: (storeId) => book.current().of(storeId),
  });
  const { replica, snapshots } = changes;
  const ofStores = replica && snapshots ? [resyncCall(replica), snapshotCall(snapshots, replica)] : [];
  return [explain, ...(audits ? [audits.call] : []), ...ofStores];
}
