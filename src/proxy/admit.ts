/** What the headers of a query say before it may be answered here. */
import type { IncomingHttpHeaders } from 'node:http';
import type { DeclineReason } from '../fga/answer.ts';

export interface Admission {
  /** Repeated: the first counts, as upstream counts it. */
  readonly authorization: string | undefined;
  readonly minRevision: string | undefined;
  /** Upstream would read this request in a way that is not modelled here. */
  readonly declined: DeclineReason | undefined;
}

export function admit(headers: IncomingHttpHeaders): Admission {
  const minRevision = headers['rsfga-min-revision'];
  return {
    authorization: headers.authorization,
    minRevision: Array.isArray(minRevision) ? minRevision.join(', ') : minRevision,
    declined: meansMore(headers) ? 'request' : undefined,
  };
}

/**
 * Upstream's gateway honours them (contract section 8.1): another method, a deadline of the client's own, metadata of the
 * inner call: a second credential, or what its gRPC refuses.
 */
function meansMore(headers: IncomingHttpHeaders): boolean {
  if (headers['x-http-method-override'] !== undefined) return true;
  for (const name in headers) {
    if (name.startsWith('grpc-metadata-') || name === 'grpc-timeout') return true;
  }
  return false;
}

/** The metadata of a gRPC call. A deadline is gRPC's own, and the caller keeps it; `strange`: not one to be kept here. */
export function admitGrpc(headers: IncomingHttpHeaders, strange: boolean): Admission {
  const minRevision = headers['rsfga-min-revision'];
  return {
    authorization: headers.authorization,
    minRevision: Array.isArray(minRevision) ? minRevision.join(', ') : minRevision,
    declined: strange ? 'request' : undefined,
  };
}

/** Upstream's gateway strips the prefix of this name: the credential that counts there need not be the one seen here. */
export function hasSecondCredential(headers: IncomingHttpHeaders): boolean {
  return headers['grpc-metadata-authorization'] !== undefined;
}
