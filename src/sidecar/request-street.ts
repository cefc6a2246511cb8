/** The request street of one sidecar: from products and local data to a handler of requests. */
import { isDeepStrictEqual } from 'node:util';
import type { Callers } from '../auth/callers.ts';
import { type DecodedWrite, decodeWrite } from '../capture/decode-write.ts';
import type { Config, UpstreamConfig } from '../config/config.ts';
import type { ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { TupleStore } from '../plugin/store.ts';
import { createRoom } from '../proxy/body.ts';
import type { Capture } from '../proxy/capture-call.ts';
import { createDecider } from '../proxy/decide.ts';
import { type GrpcHandler, openGrpcStreet } from '../proxy/grpc.ts';
import { type Handler, openStreet } from '../proxy/handle.ts';
import { createOwnWrites, type OwnWrites } from '../proxy/own-writes.ts';
import type { LocalData } from '../proxy/products.ts';
import type { Decider } from '../proxy/query-call.ts';
import { shadowed } from '../proxy/shadow.ts';
import { createTurnstile } from '../proxy/turnstile.ts';
import { parseQuery } from '../proxy/wire/parse.ts';
import { readAnswer } from '../proxy/wire/read-answer.ts';
import { renderAnswer } from '../proxy/wire/render.ts';
import type { Replica } from '../replica/replica.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { openBreakers } from './breakers.ts';
import type { Certificates } from './certificates.ts';
import type { ChangeStreet } from './change-street.ts';
import type { Meters } from './meters.ts';
import type { Parts } from './parts.ts';
import type { ProductBook } from './products.ts';
import { type OpenShadow, openShadow } from './shadow.ts';

export interface RequestStreetParts {
  readonly config: Config;
  readonly parts: Parts;
  readonly changes: ChangeStreet;
  readonly meters: Meters;
  readonly clock: Clock;
  readonly logger: Log;
  readonly book: ProductBook;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly callers: Callers;
  readonly certificates: Pick<Certificates, 'primary'>;
}

/** One street, entered from either wire. */
export interface RequestStreet {
  readonly http: Handler;
  /** Absent where gRPC is not listened for. */
  readonly grpc: GrpcHandler | undefined;
  /** Who decides over callers and over queries, for `explain`. */
  readonly callers: Callers;
  readonly decider: Decider;
  /** Only where local answers are compared with the upstream. */
  readonly shadow: OpenShadow | undefined;
}

export function openRequestStreet(all: RequestStreetParts): RequestStreet {
  const { book, config, parts, changes, meters, clock, logger } = all;
  const ownWrites = createOwnWrites(changes.handOver ?? poker(parts.log), clock, replicaLagMs(parts.server));
  const decider = deciderOf(all, ownWrites);
  const shadow = shadowOf(all);
  const breakersOf = openBreakers(all);
  const street = {
    decider: shadow ? shadowed(decider, shadow) : decider,
    callers: all.callers,
    capture: ownWrites.capture,
    writes: createRoom(config.limits.concurrentWrites),
    wroteLately: ownWrites.lately,
    events: meters.proxy,
    turnstile: createTurnstile({ ...config.limits, quotaOf: (storeId) => book.current().of(storeId), clock }),
    log: logger,
  };
  const { forwarder: upstream, primary, grpc } = parts;
  const http = {
    upstream,
    primary,
    replica: primary !== upstream,
    requestBytes: config.limits.requestBytes,
    heldBytes: config.limits.heldBytes,
    breakers: breakersOf('http', primary !== upstream),
    wire: { parseQuery, renderAnswer, readAnswer },
  };
  return {
    http: openStreet({ ...street, ...http }),
    grpc:
      grpc &&
      openGrpcStreet({
        ...street,
        upstream: grpc.forwarder,
        primary: grpc.primary,
        requestBytes: config.limits.requestBytes,
        replica: grpc.primary !== grpc.forwarder,
        breakers: breakersOf('grpc', grpc.primary !== grpc.forwarder),
      }),
    callers: all.callers,
    decider,
    shadow,
  };
}

function deciderOf(all: RequestStreetParts, ownWrites: OwnWrites): Decider {
  const { book, config, parts, changes } = all;
  const { replica, keeper } = changes;
  if (!replica || !keeper || !parts.store) return NOTHING_HERE;
  return createDecider({
    productOf: (storeId) => book.current().of(storeId),
    data: localData(parts.store, replica, parts.log),
    ownWrites,
    higher: config.consistency.higher,
    waitMs: config.consistency.waitMs,
    unknownStore: keeper.asked,
  });
}

/** Asks the primary: a replica may lag behind what is answered here. */
function shadowOf({
  book,
  changes,
  parts,
  certificates,
  ...all
}: RequestStreetParts): OpenShadow | undefined {
  if (!changes.replica || !parts.store) return undefined;
  const { http, primary, apiToken } = parts.server;
  return openShadow({
    ...all,
    primary: {
      url: primary?.http ?? http,
      tls: certificates.primary,
      ...(apiToken === undefined ? {} : { apiToken }),
    },
    data: localData(parts.store, changes.replica, parts.log),
    tierOf: (storeId) => book.current().of(storeId).tier,
    random: Math.random,
  });
}

/** A replica that claims to have no lag has one all the same. */
const LEAST_REPLICA_LAG_MS = 1_000;

/** Either port may be a replica's. */
function replicaLagMs({ http, grpc, primary, lagMs }: UpstreamConfig): number {
  const isReplica =
    primary !== undefined && (primary.http !== http || !isDeepStrictEqual(primary.grpc, grpc));
  return isReplica ? Math.max(lagMs, LEAST_REPLICA_LAG_MS) : 0;
}

const NOTHING_HERE: Decider = {
  serves: () => false,
  decide: () => ({ declined: 'method' }),
  sawModel() {},
};

function localData(store: TupleStore, replica: Replica, log: ChangeLog): LocalData {
  return {
    countsAlone: log.countsAlone === true,
    view: store.view,
    complete: (storeId) => replica.track(storeId)?.phase === 'complete',
    ageMs: replica.ageMs,
    freshAtMs: (storeId) => replica.track(storeId)?.freshAtMs,
    reached: replica.reached,
    barrier: replica.barrier,
    missingModel: replica.missingModel,
  };
}

/** Without a broker the follower walks by itself; a Write that passes through makes it walk at once. */
function poker({ passing }: ChangeLog): Capture | undefined {
  if (!passing) return undefined;
  const ticket = (storeId: string, written?: DecodedWrite) => {
    const write = passing(storeId, written?.delta ?? { writes: [], deletes: [] });
    return {
      async committed() {
        write.made(written !== undefined && !written.mayBeIgnored);
        return {};
      },
      refused: () => write.refused(),
      doubtful: () => write.made(false),
    };
  };
  return {
    rejectWrites: () => undefined,
    beginWrite: (storeId, body, encoding) => ticket(storeId, body && decodeWrite(body, encoding)),
    beginModelWrite: (storeId) => ticket(storeId),
  };
}
