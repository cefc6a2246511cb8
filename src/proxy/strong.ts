/**
 * Behind a replica: what has to see the primary all the same. A caller who asks for HIGHER_CONSISTENCY, or names a revision,
 * is not to be answered from a copy that may lag; what cannot be read here may ask for it, so it goes there too.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { ReadRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { ReadBody } from './body.ts';
import type { QueryCall } from './query-call.ts';
import { readBody } from './wire/body.ts';
import { consistency } from './wire/fields.ts';

/** Of a query that is forwarded before anybody has decided over it. */
export function isStrongQuery(call: QueryCall): boolean {
  if (!call.street.replica) return false;
  if (call.admit().minRevision !== undefined) return true;
  try {
    const parsed = call.understand();
    return 'query' in parsed ? parsed.query.consistency === 'higher_consistency' : 'declined' in parsed;
  } catch {
    return true;
  }
}

/** Of the body of a Read over HTTP. */
export function isStrongRead(body: ReadBody): boolean {
  try {
    return !('whole' in body) || consistency(readBody(body.whole)) === 'higher_consistency';
  } catch {
    return true;
  }
}

const HIGHER_CONSISTENCY = 200;

/** Of the message of a Read over gRPC; undefined where the request is not one plain message. */
export function readOverGrpc(message: Uint8Array | undefined): { storeId: string; strong: boolean } {
  try {
    if (message === undefined) return UNREADABLE;
    const { storeId, consistency } = fromBinary(ReadRequestSchema, message);
    return { storeId, strong: Number(consistency) === HIGHER_CONSISTENCY };
  } catch {
    return UNREADABLE;
  }
}

const UNREADABLE = { storeId: '', strong: true };
