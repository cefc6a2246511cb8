/** One call on its way through the server, and what is said to it. */
import type { EngineOutcome, EngineView } from '../../../src/engine/evaluate.ts';
import type { Answer, Declined } from '../../../src/fga/answer.ts';
import { FgaError } from '../../../src/fga/error.ts';
import type { Query, QueryMethod } from '../../../src/fga/query.ts';
import type { World } from './world.ts';

export interface Engine {
  answer(query: Query, view: EngineView): EngineOutcome;
}

/** Body bytes of a query → the query, or upstream's error. Declined: only the server itself can say what is wrong. */
export type ParseQuery = (
  method: QueryMethod,
  storeId: string,
  body: Uint8Array,
) => { readonly query: Query } | { readonly error: FgaError } | Declined;

/** The body of an answer; NDJSON for a stream. */
export type RenderAnswer = (answer: Answer) => string;

/** What all calls share. */
export interface Parts {
  readonly world: World;
  readonly engine: Engine;
  readonly parseQuery: ParseQuery;
  readonly renderAnswer: RenderAnswer;
}

export interface Call extends Parts {
  /** From the path, decoded; `''` where the path names none. */
  readonly storeId: string;
  /** The last `{id}` of the path. */
  readonly id: string;
  readonly search: URLSearchParams;
  readonly body: Uint8Array;
  /** Set once the model is resolved: it is told on the answer, and on errors after this point. */
  modelId?: string;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Sent in chunks, without a length. */
  readonly streamed?: true;
}

export type Handler = (call: Call) => Reply;

/** Refused before the call reaches the server behind the gateway: such answers carry no request id. */
export class GatewayError extends FgaError {}

export function json(status: number, value: unknown): Reply {
  return { status, body: JSON.stringify(value) };
}

export function invalid(message: string): FgaError {
  return new FgaError('validation_error', message);
}
