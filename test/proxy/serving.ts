/** A street whose decider is one function, in front of an upstream that always answers. */
import type { Answer } from '../../src/fga/answer.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Decision } from '../../src/proxy/decision.ts';
import type { Caller, Decider } from '../../src/proxy/query-call.ts';
import { polite, startRude } from './rude-upstream.ts';
import { A_CHECK, CHECK, MODEL, post, STORE, type StreetOptions, startStreet, talk } from './street-setup.ts';

export const YES: Answer = { method: 'Check', allowed: true };
export const LOCAL = { servedBy: 'local', modelId: MODEL, revision: 'E.12', stalenessMs: 3.2 } as const;

export interface Asked {
  readonly query: Query;
  readonly caller: Caller;
}

export async function startServing(
  decide: (asked: Asked) => Decision | Promise<Decision>,
  options: Partial<StreetOptions> = {},
) {
  const seenModels: string[] = [];
  const told: string[] = [];
  const upstream = await startRude(polite('from upstream', `Openfga-Authorization-Model-Id: ${MODEL}`));
  const decider: Decider = {
    serves: (storeId) => storeId === STORE,
    decide: (query, caller) => decide({ query, caller }),
    sawModel: (storeId, modelId) => seenModels.push(`${storeId} ${modelId}`),
  };
  const events: StreetOptions['events'] = {
    served: (method, by) => told.push(`served ${method} ${by}`),
    declined: (method, reason) => told.push(`declined ${method} ${reason}`),
    shed: (method, reason) => told.push(`shed ${method} ${reason}`),
    forwarded: (method) => told.push(`forwarded ${method}`),
    localFault: (method) => told.push(`fault ${method}`),
    forwardFailed: (fault) => told.push(`failed ${fault}`),
  };
  const street = await startStreet({ upstream: upstream.url, decider, events, ...options });
  const close = async () => {
    await street.close();
    await upstream.close();
  };
  return { ...street, upstream, seenModels, told, close };
}

export function ask(port: number, body = A_CHECK, ...headers: string[]): Promise<string> {
  return talk(port, post(CHECK, body, ...headers, 'Connection: close'));
}
