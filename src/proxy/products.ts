/** What the request street needs to know of a product, and of the data that is held for its stores. */
import type { Head } from '../fga/change.ts';
import type { StoreView } from '../plugin/store.ts';
import type { Tier } from '../plugin/tier.ts';
import type { Quota } from './turnstile.ts';

export type OnStale = 'serve' | 'forward' | 'deny';

export interface Product {
  readonly id: string;
  readonly tier: Tier;
  readonly maxStalenessMs: number;
  readonly onStale: OnStale;
  readonly maxOfflineMs: number;
  readonly quota?: Quota;
}

/** The change street's side of the local data; `Replica` fits it. */
export interface LocalData {
  /** Revisions are counted in this process: one of another epoch may be another sidecar's, and says nothing here. */
  readonly countsAlone: boolean;
  view(storeId: string): StoreView | undefined;
  /** Past its barrier and without a gap. */
  complete(storeId: string): boolean;
  ageMs(storeId: string): number;
  /** Monotonic ms: the data is as young as this moment; undefined before the first round trip. */
  freshAtMs(storeId: string): number | undefined;
  reached(storeId: string, head: Pick<Head, 'epoch' | 'revision'>, waitMs: number): Promise<boolean>;
  barrier(storeId: string, waitMs: number): Promise<boolean>;
  /** A model that a request named and that is not held: fetched in the background. */
  missingModel(storeId: string, modelId: string): void;
}

export interface Revision {
  readonly epoch: string;
  readonly revision: number;
}

/** `<epoch>.<revision>` as clients see it. */
export function revisionText(head: Revision): string {
  return `${head.epoch}.${head.revision}`;
}

/** Undefined when it is malformed. */
export function parseRevision(text: string): Revision | undefined {
  const match = /^([0-9A-HJKMNP-TV-Z]{26})\.(\d{1,15})$/.exec(text);
  return match?.[1] && match[2] ? { epoch: match[1], revision: Number(match[2]) } : undefined;
}
