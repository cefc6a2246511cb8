import type { Callers } from '../auth/callers.ts';
import type { Answer } from '../fga/answer.ts';
import type { QueryMethod } from '../fga/query.ts';
import type { Log } from '../plugin/log.ts';
import type { Forwarder } from '../upstream/forward.ts';
import type { Capture } from './capture-call.ts';
import type { ProxyEvents } from './events.ts';
import type { Decider, Understood } from './query-call.ts';

/** Everything that stands along the street; opened and closed by `sidecar.ts`. */
export interface Street {
  readonly upstream: Forwarder;
  /** Where Writes go; the same as `upstream` unless that is a replica. */
  readonly primary: Forwarder;
  readonly callers: Callers;
  readonly decider: Decider;
  /** Absent: Writes are only forwarded. */
  readonly capture?: Capture;
  readonly wroteLately?: (storeId: string) => boolean;
  /** `upstream` is a replica of `primary`. */
  readonly replica?: boolean;
  readonly wire: Wire;
  /** A larger body is not read but passed on. Default: what OpenFGA takes. */
  readonly requestBytes?: number;
  /** Of bodies that come in pieces, of all requests together. */
  readonly heldBytes?: number;
  readonly events: ProxyEvents;
  readonly log: Log;
}

/** The JSON of a query and of its answer. */
export interface Wire {
  parseQuery(method: QueryMethod, storeId: string, body: Uint8Array): Understood;
  /** The JSON body of a unary answer. */
  renderAnswer(answer: Answer): string;
  /** The upstream's body as an answer; undefined when it is none that can be said again. */
  readAnswer(method: QueryMethod, body: Uint8Array): Answer | undefined;
}
