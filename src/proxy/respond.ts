/** A query that is answered in the sidecar's own name: with a decision, or with what there is while the upstream is away. */
import type { ForwardFailure } from '../upstream/forward-failure.ts';
import type { Decision, DeclinedDecision, FinalDecision } from './decision.ts';
import type { QueryCall } from './query-call.ts';

export function respond(call: QueryCall, decision: FinalDecision): void {
  call.respond(decision);
  const by = 'denied' in decision ? 'local' : decision.servedBy;
  call.street.events.served(call.method, by, elapsedSeconds(call));
}

/** The upstream gave nothing: the fallback if there is one, else the 503. */
export async function instead(
  call: QueryCall,
  failure: ForwardFailure,
  declined: DeclinedDecision | undefined,
): Promise<void> {
  const decision = failure.fault === 'request' ? undefined : await fallBack(call, declined);
  if (decision === undefined || 'declined' in decision) {
    decision?.remember?.(undefined);
    call.unavailable(failure.error);
  } else respond(call, decision);
}

async function fallBack(
  call: QueryCall,
  declined: DeclinedDecision | undefined,
): Promise<Decision | undefined> {
  try {
    return await declined?.fallback?.();
  } catch (error) {
    report(call, error, 'a query could not be answered here while the upstream is away');
    return undefined;
  }
}

export function report({ street, method, storeId }: QueryCall, error: unknown, message: string): void {
  street.events.localFault(method);
  street.log.error({ err: error, storeId, method }, message);
}

export function elapsedSeconds(call: QueryCall): number {
  return (performance.now() - call.startedAt) / 1000;
}
