/** Answer → the gRPC messages that say it, each with its five bytes of frame. */
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ErrorCode, InternalErrorCode } from '../../../proto/gen/openfga/v1/error_codes_pb.ts';
import type {
  UserSchema,
  UsersetTree_LeafSchema,
  UsersetTree_NodeSchema,
} from '../../../proto/gen/openfga/v1/openfga_pb.ts';
import {
  BatchCheckResponseSchema,
  type BatchCheckSingleResultSchema,
  CheckResponseSchema,
  ExpandResponseSchema,
  ListObjectsResponseSchema,
  ListUsersResponseSchema,
  StreamedListObjectsResponseSchema,
} from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { Answer, BatchCheckAnswer, ExpandLeaf, ExpandNode, ListedUser } from '../../fga/answer.ts';

const FRAME_BYTES = 5;
const ALLOWED = framed(toBinary(CheckResponseSchema, create(CheckResponseSchema, { allowed: true })));
const DENIED = framed(new Uint8Array());

/** One message, or as many as there are objects in a stream. */
export function renderMessages(answer: Answer): readonly Buffer[] {
  switch (answer.method) {
    case 'Check':
      return [answer.allowed ? ALLOWED : DENIED];
    case 'BatchCheck':
      return [message(BatchCheckResponseSchema, { result: batchResult(answer) })];
    case 'ListObjects':
      return [message(ListObjectsResponseSchema, { objects: [...answer.objects] })];
    case 'StreamedListObjects':
      return answer.objects.map((object) => message(StreamedListObjectsResponseSchema, { object }));
    case 'ListUsers':
      return [message(ListUsersResponseSchema, { users: answer.users.map(userOf) })];
    case 'Expand':
      return [message(ExpandResponseSchema, { tree: { root: nodeOf(answer.root) } })];
  }
}

/** Uncompressed: a zero byte, the length, the message. */
export function framed(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_BYTES + bytes.length);
  frame[0] = 0;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, FRAME_BYTES);
  return frame;
}

function message<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Buffer {
  return framed(toBinary(schema, create(schema, init)));
}

type Result = MessageInitShape<typeof BatchCheckSingleResultSchema>;

function batchResult({ result }: BatchCheckAnswer): Record<string, Result> {
  const entries = [...result].map(([id, item]): [string, Result] => {
    if ('allowed' in item) return [id, { checkResult: { case: 'allowed', value: item.allowed } }];
    const { number, message } = item.error;
    // An item's error names its code by class (contract section 3.4).
    const isInternal = number >= 4000 || number < 2000;
    const code = isInternal
      ? { case: 'internalError' as const, value: number as InternalErrorCode }
      : { case: 'inputError' as const, value: number as ErrorCode };
    return [id, { checkResult: { case: 'error', value: { code, message } } }];
  });
  return Object.fromEntries(entries);
}

function userOf(user: ListedUser): MessageInitShape<typeof UserSchema> {
  if ('object' in user) return { user: { case: 'object', value: user.object } };
  if ('userset' in user) return { user: { case: 'userset', value: user.userset } };
  return { user: { case: 'wildcard', value: user.wildcard } };
}

function nodeOf(node: ExpandNode): MessageInitShape<typeof UsersetTree_NodeSchema> {
  const { name } = node;
  if ('leaf' in node) return { name, value: { case: 'leaf', value: leafOf(node.leaf) } };
  if ('union' in node)
    return { name, value: { case: 'union', value: { nodes: node.union.nodes.map(nodeOf) } } };
  if ('intersection' in node)
    return { name, value: { case: 'intersection', value: { nodes: node.intersection.nodes.map(nodeOf) } } };
  const { base, subtract } = node.difference;
  return {
    name,
    value: { case: 'difference', value: { base: nodeOf(base), subtract: nodeOf(subtract) } },
  };
}

function leafOf(leaf: ExpandLeaf): MessageInitShape<typeof UsersetTree_LeafSchema> {
  if ('users' in leaf) return { value: { case: 'users', value: { users: [...leaf.users.users] } } };
  if ('computed' in leaf) return { value: { case: 'computed', value: leaf.computed } };
  const { tupleset, computed } = leaf.tupleToUserset;
  return { value: { case: 'tupleToUserset', value: { tupleset, computed: [...computed] } } };
}
