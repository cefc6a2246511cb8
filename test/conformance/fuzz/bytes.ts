/** Bytes that are nearly right: messages of protobuf and sequences of HTTP/2 frames, spoilt at random. */
import { type DescMessage, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import {
  BatchCheckRequestSchema,
  CheckRequestSchema,
  ExpandRequestSchema,
  ListObjectsRequestSchema,
  ListUsersRequestSchema,
  StreamedListObjectsRequestSchema,
} from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { QueryMethod } from '../../../src/fga/query.ts';
import type { Chance } from '../../support/chance.ts';
import { frame, SERVICE } from '../../support/grpc.ts';
import {
  END_HEADERS,
  END_STREAM,
  fields,
  grpcFields,
  h2Frame,
  type Pairs,
  settings,
  TYPE,
  uint32,
} from '../../support/h2-frames.ts';

export interface Plain {
  readonly method: QueryMethod;
  readonly message: Buffer;
}

const USER = 'user:anne';
const OBJECT = 'document:1';
const KEY = { user: USER, relation: 'viewer', object: OBJECT };
const CONTEXTUAL = {
  ...KEY,
  user: 'user:cara',
  condition: { name: 'soon', context: { x: 1, deep: [{ a: null }] } },
};

/** A sound question of every query method, to be spoilt. */
export function plainQuestions(storeId: string): Plain[] {
  const one = (method: QueryMethod, schema: DescMessage, body: JsonObject): Plain => ({
    method,
    message: Buffer.from(toBinary(schema, fromJson(schema, { store_id: storeId, ...body }))),
  });
  const list = { type: 'document', relation: 'viewer', user: USER, context: { x: 3 } };
  return [
    one('Check', CheckRequestSchema, { tuple_key: KEY }),
    one('Check', CheckRequestSchema, {
      tuple_key: KEY,
      contextual_tuples: { tuple_keys: [CONTEXTUAL] },
      context: { x: 3, text: 'é', list: [true, { k: 'v' }] },
      consistency: 'MINIMIZE_LATENCY',
    }),
    one('BatchCheck', BatchCheckRequestSchema, {
      checks: [
        { tuple_key: KEY, correlation_id: 'a' },
        { tuple_key: { ...KEY, user: 'user:nobody' }, correlation_id: 'b', context: { x: 1 } },
      ],
    }),
    one('ListObjects', ListObjectsRequestSchema, list),
    one('StreamedListObjects', StreamedListObjectsRequestSchema, list),
    one('ListUsers', ListUsersRequestSchema, {
      object: { type: 'document', id: '1' },
      relation: 'viewer',
      user_filters: [{ type: 'user' }],
      context: { x: 3 },
    }),
    one('Expand', ExpandRequestSchema, { tuple_key: { relation: 'viewer', object: OBJECT } }),
  ];
}

/** One to four changes: bytes flipped, dropped, doubled, moved, made large. */
export function spoilt(bytes: Buffer, chance: Chance): Buffer {
  let out: Buffer = Buffer.from(bytes);
  for (let times = 1 + chance.below(4); times > 0; times--) out = spoiltOnce(out, chance);
  return out;
}

function spoiltOnce(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length + 1);
  const length = 1 + chance.below(8);
  const [before, piece, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  switch (chance.below(7)) {
    case 0:
      return Buffer.concat([before, randomBytes(length, chance), after]);
    case 1:
      return Buffer.concat([before, randomBytes(length, chance), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, piece, piece, after]);
    case 4:
      return before.length === 0 ? after : before;
    case 5:
      return Buffer.concat([before, flipped(piece, chance), after]);
    default:
      return Buffer.concat([before, chance.pick(EXTREMES), after]);
  }
}

const EXTREMES: readonly Buffer[] = [
  '00',
  'ff',
  'ffffffff0f',
  'ffffffffffffffffff01',
  '80',
  '7f',
  '0b',
  '0c',
  'c0af',
  'eda080',
].map((hex) => Buffer.from(hex, 'hex'));

function flipped(bytes: Buffer, chance: Chance): Buffer {
  const out = Buffer.from(bytes);
  for (const [at, byte] of out.entries()) out[at] = byte ^ (1 << chance.below(8));
  return out;
}

function randomBytes(length: number, chance: Chance): Buffer {
  return Buffer.from(Array.from({ length }, () => chance.below(256)));
}

const ODD_FIELDS: Pairs = [
  ['grpc-timeout', '1S'],
  ['grpc-timeout', 'x'],
  ['grpc-encoding', 'gzip'],
  ['x-bin', '%%'],
  ['content-type', 'text/plain'],
  ['authorization', 'Bearer x'],
  [':path', '/x'],
  ['te', 'gzip'],
  ['X', 'upper'],
];

/** A conversation that begins well: calls, messages, and between them whatever chance brings. */
export function randomFrames(questions: readonly Plain[], chance: Chance): Buffer[] {
  const frames: Buffer[] = [settings()];
  let stream = 1;
  for (let left = 1 + chance.below(20); left > 0; left--) {
    const dice = chance.next();
    if (dice < 0.5) {
      frames.push(...call(stream, chance.pick(questions), chance));
      stream += 2;
    } else frames.push(anyFrame(chance, stream));
  }
  return chance.next() < 0.3 ? [spoilt(Buffer.concat(frames), chance)] : frames;
}

function call(stream: number, { method, message }: Plain, chance: Chance): Buffer[] {
  const more = chance.next() < 0.2 ? [chance.pick(ODD_FIELDS)] : [];
  const path =
    chance.next() < 0.9 ? `${SERVICE}${method}` : chance.pick(['/', '/a/b', `${SERVICE}Write`, '']);
  const body = frame(chance.next() < 0.7 ? spoilt(message, chance) : message);
  const sent = chance.next() < 0.2 ? spoilt(body, chance) : body;
  const head = h2Frame(TYPE.headers, END_HEADERS, stream, fields(grpcFields(path, more)));
  const cut = chance.below(sent.length + 1);
  const ends = chance.next() < 0.9 ? END_STREAM : 0;
  return [
    head,
    h2Frame(TYPE.data, 0, stream, sent.subarray(0, cut)),
    h2Frame(TYPE.data, ends, stream, sent.subarray(cut)),
  ];
}

function anyFrame(chance: Chance, stream: number): Buffer {
  const type = chance.next() < 0.9 ? chance.below(11) : chance.below(256);
  const id = chance.next() < 0.7 ? chance.below(stream + 3) : chance.pick([0, 0x7fff_ffff, 0xffff_ffff, 2]);
  const payload = chance.next() < 0.5 ? uint32(chance.below(2 ** 31)) : randomBytes(chance.below(64), chance);
  const lie = chance.next() < 0.05 ? chance.below(0xff_ffff) : payload.length;
  return h2Frame(type, chance.below(256), id >>> 0, payload, lie);
}
