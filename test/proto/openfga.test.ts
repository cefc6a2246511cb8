/** The generated messages read and write OpenFGA's JSON: its names, its enums, its leniency (contract section 1.3). */
import { fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { AuthorizationModelSchema } from '../../proto/gen/openfga/v1/authorization_model_pb.ts';
import { CheckRequestSchema, WriteRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';

const LENIENT = { ignoreUnknownFields: true };

describe('openfga messages', () => {
  it('read a Write as a client sends it, fields that nobody knows included', () => {
    const body = {
      writes: {
        tuple_keys: [
          {
            user: 'user:anne',
            relation: 'viewer',
            object: 'doc:1',
            condition: { name: 'c', context: { a: [1, null] } },
            timestamp: 'x',
          },
          { user: 'user:bob', relation: 'viewer', object: 'doc:1', condition: null },
        ],
        on_duplicate: 'ignore',
      },
      deletes: {
        tuple_keys: [{ user: 'user:carl', relation: 'viewer', object: 'doc:1', condition: { name: 'c' } }],
      },
      authorization_model_id: '',
      from_the_future: { any: 'thing' },
    };
    const read = fromJson(WriteRequestSchema, body, LENIENT);
    expect(read.writes?.tupleKeys[0]?.condition).toMatchObject({ name: 'c', context: { a: [1, null] } });
    expect(read.writes?.tupleKeys[1]?.condition).toBeUndefined();
    expect(read.writes?.onDuplicate).toBe('ignore');
    expect(read.deletes?.tupleKeys.map((key) => key.user)).toEqual(['user:carl']);
  });

  it('refuse what is no Write', () => {
    for (const body of [[], 'text', { writes: [] }, { writes: { tuple_keys: [{ user: 1 }] } }])
      expect(() => fromJson(WriteRequestSchema, body, LENIENT)).toThrow();
  });

  it('write two words with an underscore, but for the two names that OpenFGA writes otherwise', () => {
    const json = {
      id: 'M',
      schema_version: '1.1',
      type_definitions: [
        {
          type: 'doc',
          relations: {
            viewer: {
              union: {
                child: [
                  { this: {} },
                  { computedUserset: { relation: 'owner' } },
                  {
                    tupleToUserset: {
                      tupleset: { relation: 'parent' },
                      computedUserset: { relation: 'viewer' },
                    },
                  },
                ],
              },
            },
          },
          metadata: {
            relations: { viewer: { directly_related_user_types: [{ type: 'user', wildcard: {} }] } },
          },
        },
      ],
      conditions: {
        c: {
          name: 'c',
          expression: 'true',
          parameters: {
            x: { type_name: 'TYPE_NAME_LIST', generic_types: [{ type_name: 'TYPE_NAME_STRING' }] },
          },
        },
      },
    };
    expect(toJson(AuthorizationModelSchema, fromJson(AuthorizationModelSchema, json))).toEqual(json);
  });

  it('put their fields where OpenFGA has them on the wire', () => {
    const json = {
      store_id: 'S',
      tuple_key: { object: 'o' },
      trace: true,
      consistency: 'HIGHER_CONSISTENCY',
    };
    const bytes = toBinary(CheckRequestSchema, fromJson(CheckRequestSchema, json));
    expect(Buffer.from(bytes).toString('hex')).toBe('0a0153' + '12031a016f' + '2801' + '38c801');
  });
});
