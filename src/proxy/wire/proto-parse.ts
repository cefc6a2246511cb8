/**
 * gRPC message → Query. The message is laid out as the fields that the JSON readers take, so both wires obey one set of
 * rules; what protobuf may say and JSON may not is "not understood", and the upstream answers it.
 */
import { isUtf8 } from 'node:buffer';
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import {
  BatchCheckRequestSchema,
  CheckRequestSchema,
  ExpandRequestSchema,
  ListObjectsRequestSchema,
  ListUsersRequestSchema,
  StreamedListObjectsRequestSchema,
} from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { QueryMethod } from '../../fga/query.ts';
import { isSound } from '../../plugin/proto-sound.ts';
import { type Fields, NotUnderstood } from './body.ts';
import { type ParsedQuery, parseFields } from './parse.ts';

export interface GrpcQuestion {
  readonly storeId: string;
  parse(): ParsedQuery;
}

/** Undefined: these bytes are no message of this method. */
export function readQuestion(method: QueryMethod, bytes: Uint8Array): GrpcQuestion | undefined {
  const read = READERS[method](bytes);
  if (read === undefined) return undefined;
  const { message, fields } = read;
  const parse = () =>
    parseFields(method, message.storeId, () => {
      refuseStrange(message, bytes);
      return fields();
    });
  return { storeId: message.storeId, parse };
}

interface Request {
  readonly storeId: string;
  readonly $unknown?: readonly unknown[];
}

interface Read {
  readonly message: Request;
  fields(): Fields;
}

const READERS: Readonly<Record<QueryMethod, (bytes: Uint8Array) => Read | undefined>> = {
  Check: reader(CheckRequestSchema, (m) => ({
    ...scope(m),
    tuple_key: m.tupleKey,
    contextual_tuples: wrapped(m.contextualTuples),
    context: m.context,
  })),
  BatchCheck: reader(BatchCheckRequestSchema, (m) => ({
    ...scope(m),
    checks: m.checks.map((item) => ({
      tuple_key: item.tupleKey,
      contextual_tuples: wrapped(item.contextualTuples),
      context: item.context,
      correlation_id: item.correlationId,
    })),
  })),
  ListObjects: reader(ListObjectsRequestSchema, (m) => ({
    ...scope(m),
    ...{ type: m.type, relation: m.relation, user: m.user },
    contextual_tuples: wrapped(m.contextualTuples),
    context: m.context,
  })),
  StreamedListObjects: reader(StreamedListObjectsRequestSchema, (m) => ({
    ...scope(m),
    ...{ type: m.type, relation: m.relation, user: m.user },
    contextual_tuples: wrapped(m.contextualTuples),
    context: m.context,
  })),
  ListUsers: reader(ListUsersRequestSchema, (m) => ({
    ...scope(m),
    object: m.object,
    relation: m.relation,
    user_filters: m.userFilters,
    contextual_tuples: m.contextualTuples,
    context: m.context,
  })),
  Expand: reader(ExpandRequestSchema, (m) => ({
    ...scope(m),
    tuple_key: m.tupleKey,
    contextual_tuples: wrapped(m.contextualTuples),
  })),
};

function reader<Desc extends DescMessage>(
  schema: Desc,
  fieldsOf: (message: MessageShape<Desc>) => Fields,
): (bytes: Uint8Array) => Read | undefined {
  return (bytes) => {
    if (!isSound(schema, bytes)) return undefined;
    try {
      const message = fromBinary(schema, bytes);
      return { message: message as MessageShape<Desc> & Request, fields: () => fieldsOf(message) };
    } catch {
      return undefined;
    }
  };
}

interface Scoped {
  readonly authorizationModelId: string;
  readonly consistency: number;
}

function scope({ authorizationModelId, consistency }: Scoped): Fields {
  return { authorization_model_id: authorizationModelId, consistency: consistencyWord(consistency) };
}

/** An enum's number that has no name stays a text that is no known word. */
function consistencyWord(value: number): string {
  if (value === 0) return '';
  if (value === 100) return 'MINIMIZE_LATENCY';
  return value === 200 ? 'HIGHER_CONSISTENCY' : `${value}`;
}

function wrapped(tuples: { readonly tupleKeys: readonly unknown[] } | undefined): Fields | undefined {
  return tuples && { tuple_keys: tuples.tupleKeys };
}

const REPLACEMENT = '\uFFFD';
const MAX_DEPTH = 64;
const SETS_A_PROTOTYPE = '__proto__';

/**
 * Upstream refuses invalid UTF-8, which decodes to U+FFFD here; JSON knows no number beyond a double; an object of
 * JavaScript cannot hold every key of a Struct; a field that is not known here may mean something upstream.
 */
function refuseStrange(message: Request, bytes: Uint8Array): void {
  if (message.$unknown !== undefined) throw new NotUnderstood('an unknown field');
  // Tags and lengths of small messages are ASCII, so whole messages of sound strings are sound as a whole.
  if ('context' in message || !isUtf8(bytes) || 'checks' in message || hasTuples(message)) {
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(SETS_A_PROTOTYPE))
      throw new NotUnderstood('a key that sets a prototype');
    walk(message, 0);
  }
}

function hasTuples(message: object): boolean {
  return 'contextualTuples' in message && message.contextualTuples !== undefined;
}

function walk(value: unknown, depth: number): void {
  if (typeof value === 'string' && value.includes(REPLACEMENT)) throw new NotUnderstood('invalid UTF-8');
  if (typeof value === 'number' && !Number.isFinite(value)) throw new NotUnderstood('a number that is none');
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw new NotUnderstood(`nesting beyond ${MAX_DEPTH}`);
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$unknown') throw new NotUnderstood('an unknown field');
    if (key.includes(REPLACEMENT)) throw new NotUnderstood('invalid UTF-8');
    walk(inner, depth + 1);
  }
}
