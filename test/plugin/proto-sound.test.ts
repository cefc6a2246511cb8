import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  CheckRequestSchema,
  WriteAuthorizationModelRequestSchema,
  WriteRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { decodeWrite } from '../../src/capture/decode-write.ts';
import { isSound } from '../../src/plugin/proto-sound.ts';
import { deepContext } from '../support/deep-context.ts';

const STORE = '01J0000000000000000000000A';
const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

describe('bytes that mean the same to everyone', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    [
      'a plain question',
      toBinary(CheckRequestSchema, create(CheckRequestSchema, { storeId: STORE, tupleKey: KEY })),
    ],
    [
      'a context of every kind',
      toBinary(
        CheckRequestSchema,
        create(CheckRequestSchema, {
          tupleKey: KEY,
          context: { n: 1.5, s: 'é', b: true, nothing: null, list: [1, ['x']], deep: { er: {} } },
        }),
      ),
    ],
    ['unknown fields of every wire type', bytes('f80f01 f90f0000000000000000 fa0f0161 fd0f00000000')],
  ])('%s', (_what, message) => {
    expect(isSound(CheckRequestSchema, message)).toBe(true);
  });

  test('a model', () => {
    const model = create(WriteAuthorizationModelRequestSchema, {
      storeId: STORE,
      schemaVersion: '1.1',
      typeDefinitions: [{ type: 'user' }, { type: 'document', relations: { viewer: {} } }],
    });
    const message = toBinary(WriteAuthorizationModelRequestSchema, model);
    expect(isSound(WriteAuthorizationModelRequestSchema, message)).toBe(true);
  });
});

describe('bytes that do not', () => {
  test.each([
    ['a known field of another wire type', '0801'],
    ['a field that runs over the end of its message', '1203 0a0561'],
    ['a number that runs over the end of its message, as 32 bits', '1202 6501 61626364'],
    ['a length beyond the end', '0a7f61'],
    ['a length that is negative', '0affffffff0f'],
    ['a tag of field 0', '0001'],
    ['a tag that is cut', '80'],
    ['a number of eleven bytes', '28 ffffffffffffffffffff01'],
    ['a number of more than 64 bits', '28 ffffffffffffffffff02'],
    ['a group', 'fb0f fc0f'],
    ['a wire type that is none', 'fe0f'],
    ['an entry of a map whose value is a number', '3204 0a02 1001'],
  ])('%s', (_what, hex) => {
    expect(isSound(CheckRequestSchema, bytes(hex))).toBe(false);
  });

  test('nesting without an end', () => {
    expect(isSound(CheckRequestSchema, deepContext(40))).toBe(true);
    expect(isSound(CheckRequestSchema, deepContext(60))).toBe(false);
  });
});

test('a Write that upstream reads as one tuple and a lenient reader as another is captured as neither', () => {
  const hidden = toBinary(
    WriteRequestSchema,
    create(WriteRequestSchema, { writes: { tupleKeys: [{ ...KEY, user: 'user:eve' }] } }),
  );
  // Field 2 as a number: Go skips it, and reads what follows; a reader that minds no wire type takes it for a length.
  const inner = hidden.subarray(2);
  const crafted = Buffer.concat([Buffer.from([0x10, inner.length]), inner]);
  expect(fromBinary(WriteRequestSchema, crafted).writes?.tupleKeys[0]?.user).toBe('user:eve');
  expect(decodeWrite(crafted, 'protobuf')).toBeUndefined();
  expect(decodeWrite(hidden, 'protobuf')?.delta.writes).toHaveLength(1);
});
