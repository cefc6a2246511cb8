/** The one table of gRPC methods (contract section 1.1). What it does not name is passed on: upstream decides what it means. */
import type { QueryMethod } from '../fga/query.ts';

export type GrpcRoute =
  /** May be answered here. */
  | { readonly kind: 'query'; readonly method: QueryMethod }
  /** Captured when it was committed. */
  | { readonly kind: 'write' }
  | { readonly kind: 'write-model' }
  /** Read only to see whether it may go to a replica. */
  | { readonly kind: 'read' }
  /** Passed on unread. `primary`: it changes something, so a read replica cannot take it. */
  | { readonly kind: 'forward'; readonly primary: boolean };

const SERVICE = '/openfga.v1.OpenFGAService/';
const READS: GrpcRoute = { kind: 'forward', primary: false };
const CHANGES: GrpcRoute = { kind: 'forward', primary: true };

function query(method: QueryMethod): GrpcRoute {
  return { kind: 'query', method };
}

export const GRPC_ROUTES: ReadonlyMap<string, GrpcRoute> = new Map(
  Object.entries({
    Check: query('Check'),
    BatchCheck: query('BatchCheck'),
    ListObjects: query('ListObjects'),
    StreamedListObjects: query('StreamedListObjects'),
    ListUsers: query('ListUsers'),
    Expand: query('Expand'),
    Write: { kind: 'write' },
    WriteAuthorizationModel: { kind: 'write-model' },
    ReadAuthorizationModel: READS,
    ReadAuthorizationModels: READS,
    Read: { kind: 'read' },
    ReadChanges: READS,
    ReadAssertions: READS,
    WriteAssertions: CHANGES,
    CreateStore: CHANGES,
    UpdateStore: CHANGES,
    DeleteStore: CHANGES,
    GetStore: READS,
    ListStores: READS,
  } satisfies Readonly<Record<string, GrpcRoute>>).map(([name, route]) => [`${SERVICE}${name}`, route]),
);

/** One message in. What is not named here may be a stream of them. */
export function isUnary(path: string | undefined): boolean {
  return GRPC_ROUTES.has(path ?? '');
}

/** Only plain gRPC is read here; any other content type is the upstream's to refuse, or to understand. */
const READABLE: ReadonlySet<string> = new Set(['application/grpc', 'application/grpc+proto']);

export interface GrpcHead {
  readonly ':method'?: string | undefined;
  readonly ':path'?: string | undefined;
  readonly 'content-type'?: string | undefined;
}

export function grpcRouteOf(head: GrpcHead): GrpcRoute {
  const route = GRPC_ROUTES.get(head[':path'] ?? '') ?? READS;
  if (route.kind === 'forward') return route;
  if (head[':method'] === 'POST' && READABLE.has(head['content-type'] ?? '')) return route;
  // What is not read may change something, or ask for what no replica has.
  return CHANGES;
}
