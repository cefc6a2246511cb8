import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { HeadSchema, TupleChangeSchema } from '../../proto/gen/rsfga/edge/v1/change_pb.ts';
import { openEnvelope, sealMessage } from '../../src/plugin/envelope.ts';
import { parseTouched, subjectOf } from '../../src/plugin/subject.ts';
import { commit, message, one, part } from './messages.ts';

const MAX = 1_000_000;

describe('envelope', () => {
  it('gives back every message as it was', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const { subject, bytes } = sealMessage(sent, MAX);
        expect(openEnvelope(subject, bytes)).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a message on any subject but its own', () => {
    fc.assert(
      fc.property(message, message, (sent, other) => {
        const { bytes } = sealMessage(sent, MAX);
        fc.pre(subjectOf(sent) !== subjectOf(other));
        expect(openEnvelope(subjectOf(other), bytes)).toBeUndefined();
      }),
    );
  });

  it('takes no bytes for a message that are none', () => {
    const subjects = [
      'write.doc',
      'delete.doc',
      'tx.committed',
      'tx.anchor',
      'tx.marker',
      'model.updated',
      'tx.x',
      '',
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...subjects), (bytes, tail) => {
        expect(openEnvelope(`rsfga.changes.${ulid()}.${tail}`, bytes)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on damaged bytes', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 0, max: 255 }), (sent, at, value) => {
        const { subject, bytes } = sealMessage(sent, MAX);
        const damaged = Uint8Array.from(bytes);
        damaged[at % Math.max(1, damaged.length)] = value;
        openEnvelope(subject, damaged);
        openEnvelope(subject, damaged.subarray(0, at % (damaged.length + 1)));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a part that holds a tuple of another type', () => {
    const storeId = ulid();
    const bytes = toBinary(
      TupleChangeSchema,
      create(TupleChangeSchema, {
        storeId,
        head: create(HeadSchema, { epoch: ulid(), revision: 1n, commitId: ulid() }),
        operation: 1,
        objectType: 'doc',
        tupleKeys: [{ user: 'user:anne', relation: 'owner', object: 'vault:1' }],
      }),
    );
    expect(openEnvelope(`rsfga.changes.${storeId}.write.doc`, bytes)).toBeUndefined();
  });

  it('gives the same content the same id and other content another', () => {
    fc.assert(
      fc.property(message, message, (a, b) => {
        expect(sealMessage(a, MAX).messageId).toBe(sealMessage(structuredClone(a), MAX).messageId);
        expect(sealMessage(a, MAX).messageId).not.toBe(sealMessage(b, MAX).messageId);
      }),
    );
    const sent = one(part);
    const changed = {
      ...sent,
      tuples: [...sent.tuples, { user: 'user:x', relation: 'r', object: `${sent.objectType}:x` }],
    };
    expect(sealMessage(changed, MAX).messageId).not.toBe(sealMessage(sent, MAX).messageId);
  });

  it('names revision and touched pairs in the headers', () => {
    const sent = { ...one(commit), touched: [{ type: 'a.b', relation: 'viewer' }] };
    const { headers } = sealMessage(sent, MAX);
    expect(headers['Rsfga-Revision']).toBe(`${sent.epoch}.${sent.revision}`);
    expect(parseTouched(headers['Rsfga-Touched'])).toEqual(sent.touched);
    const wide = Array.from({ length: 100 }, (_, at) => ({ type: `${at}`.padEnd(200, '名'), relation: 'r' }));
    expect(parseTouched(sealMessage({ ...sent, touched: wide }, MAX).headers['Rsfga-Touched'])).toBe(
      'everything',
    );
  });
});
