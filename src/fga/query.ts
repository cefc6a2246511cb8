/**
 * The questions that a tier may answer, already parsed and validated (contract sections 1.2, 2.1, 4.1).
 * Wire formats (HTTP JSON now, gRPC later) produce these; the engine and the tiers read nothing else.
 */
import type { JsonObject, Tuple, TupleKey } from './tuple.ts';

export type Consistency = 'unspecified' | 'minimize_latency' | 'higher_consistency';

/** What every query carries. `modelId` undefined means: the latest model of the store. */
export interface QueryScope {
  readonly storeId: string;
  readonly modelId?: string;
  readonly consistency: Consistency;
}

export interface CheckQuery extends QueryScope {
  readonly method: 'Check';
  readonly tupleKey: TupleKey;
  readonly contextualTuples: readonly Tuple[];
  readonly context?: JsonObject;
}

export interface BatchCheckItem {
  readonly correlationId: string;
  readonly tupleKey: TupleKey;
  readonly contextualTuples: readonly Tuple[];
  readonly context?: JsonObject;
}

export interface BatchCheckQuery extends QueryScope {
  readonly method: 'BatchCheck';
  readonly checks: readonly BatchCheckItem[];
}

export interface ListObjectsQuery extends QueryScope {
  readonly method: 'ListObjects' | 'StreamedListObjects';
  readonly type: string;
  readonly relation: string;
  readonly user: string;
  readonly contextualTuples: readonly Tuple[];
  readonly context?: JsonObject;
}

export interface ListUsersQuery extends QueryScope {
  readonly method: 'ListUsers';
  readonly object: { readonly type: string; readonly id: string };
  readonly relation: string;
  readonly userFilter: { readonly type: string; readonly relation?: string };
  readonly contextualTuples: readonly Tuple[];
  readonly context?: JsonObject;
}

export interface ExpandQuery extends QueryScope {
  readonly method: 'Expand';
  readonly object: string;
  readonly relation: string;
  readonly contextualTuples: readonly Tuple[];
}

export type Query = CheckQuery | BatchCheckQuery | ListObjectsQuery | ListUsersQuery | ExpandQuery;
export type QueryMethod = Query['method'];
