/** A `Capture` that writes down what the street tells it, and a street in front of it. */
import type { Capture } from '../../src/proxy/capture-call.ts';
import { type RudeUpstream, startRude } from './rude-upstream.ts';
import { type StreetOptions, startStreet, type TestStreet } from './street-setup.ts';

export interface Ledger {
  readonly capture: Capture;
  /** What the street told, in order. */
  readonly told: string[];
}

export function ledger(overrides: Partial<Capture> = {}, revision?: string): Ledger {
  const told: string[] = [];
  const outcome = revision === undefined ? {} : { revision };
  const ends = {
    refused: (status: number) => told.push(`refused ${status}`),
    doubtful: () => told.push('doubtful'),
  };
  const capture: Capture = {
    rejectWrites: () => undefined,
    async beginWrite(storeId, body) {
      told.push(`begin ${storeId} ${body && Buffer.from(body).toString()}`);
      return {
        async committed(answer, inner) {
          told.push(`committed ${Buffer.from(answer).toString()} ${inner}`);
          return outcome;
        },
        ...ends,
      };
    },
    beginModelWrite(storeId) {
      told.push(`begin model ${storeId}`);
      return {
        async committed(modelId, inner) {
          told.push(`committed ${modelId} ${inner}`);
          return outcome;
        },
        ...ends,
      };
    },
    ...overrides,
  };
  return { capture, told };
}

/** The street closes before its upstream does. */
export async function startCapturing(
  answer: Parameters<typeof startRude>[0],
  { capture }: Pick<Ledger, 'capture'>,
  options: Partial<StreetOptions> = {},
): Promise<TestStreet & { readonly upstream: RudeUpstream }> {
  const upstream = await startRude(answer);
  const street = await startStreet({ upstream: upstream.url, capture, ...options });
  const close = async () => {
    await street.close();
    await upstream.close();
  };
  return { ...street, upstream, close };
}
