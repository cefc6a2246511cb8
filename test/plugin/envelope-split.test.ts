import fc from 'fast-check';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import type { Commit, ModelUpdated, Part } from '../../src/fga/change.ts';
import { openEnvelope, sealEntry, sealMessage } from '../../src/plugin/envelope.ts';
import { subjectOf } from '../../src/plugin/subject.ts';
import { model, one } from './messages.ts';

const MAX = 1_000_000;

describe('splitting', () => {
  it('keeps every message within the limit, every tuple, and the list of parts true', () => {
    const sizes = fc.array(fc.nat(6_000), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 12_000, max: 40_000 }), (lengths, max) => {
        const entry = transactionOf(lengths);
        const sealed = sealEntry(entry, max);
        for (const { bytes, headers } of sealed)
          expect(bytes.length + headerBytes(headers)).toBeLessThanOrEqual(max);
        const opened = sealed.map(({ subject, bytes }) => openEnvelope(subject, bytes));
        const parts = opened.flatMap((read) => (read?.kind === 'part' ? [read] : []));
        const last = opened.at(-1);
        expect(parts.map((read) => read.index)).toEqual(parts.map((_, at) => at));
        expect(last?.kind === 'commit' && last.parts).toEqual(
          parts.map(({ operation: op, objectType, tuples }) => ({
            operation: op,
            objectType,
            count: tuples.length,
          })),
        );
        expect(parts.flatMap((read) => read.tuples)).toEqual(entry.parts.flatMap((read) => read.tuples));
        expect(sealEntry(entry, max)).toEqual(sealed);
      }),
      { numRuns: 50 },
    );
  });

  it('leaves a model out that does not fit', () => {
    const noise = Array.from({ length: 2_000 }, () => ulid());
    const sent: ModelUpdated = {
      ...one(model),
      modelId: 'M',
      model: { id: 'M', schema_version: '1.1', type_definitions: noise.map((text) => ({ type: text })) },
    };
    expect(openEnvelope(subjectOf(sent), sealMessage(sent, MAX).bytes)).toEqual(sent);
    const small = openEnvelope(subjectOf(sent), sealMessage(sent, 10_000).bytes);
    const { model: _model, ...rest } = sent;
    expect(small).toEqual(rest);
  });

  it('says which message is too large when nothing can be split', () => {
    expect(() => sealEntry(transactionOf([50_000]), 20_000)).toThrow(/part message of .* over the limit/);
  });
});

function transactionOf(lengths: readonly number[]) {
  const at = { storeId: ulid(), epoch: ulid(), revision: 1, commitId: ulid() };
  const tuples = lengths.map((length, index) => ({
    ...{ user: `user:${index}`, relation: 'viewer', object: 'doc:1' },
    condition: { name: 'large', context: { text: 'x'.repeat(length) } },
  }));
  const parts: Part[] = [{ kind: 'part', ...at, index: 0, operation: 'write', objectType: 'doc', tuples }];
  const end: Commit = {
    ...{ kind: 'commit', ...at, previousCommitId: '', origin: 'capture', touched: [] },
    ...{ committedAtMs: 1, publisher: 'test', checkpoint: '' },
    parts: [{ operation: 'write', objectType: 'doc', count: tuples.length }],
  };
  return { kind: 'transaction', parts, commit: end } as const;
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce((sum, [key, value]) => sum + key.length + value.length + 4, 0);
}
