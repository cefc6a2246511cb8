import { describe, expect, it } from 'vitest';
import {
  MAX_QUESTION_BYTES,
  parseQuestion,
  parseReply,
  piecesOf,
} from '../../../plugins/changelog/nats-question.ts';

const HEAD = { epoch: 'E', revision: 7, commitId: 'C' };

describe('questions over NATS', () => {
  it('travel in pieces that fit a message, none of the stores lost', () => {
    const storeIds = Array.from({ length: 2_500 }, (_, at) => `${at}`.padStart(64, '0'));
    const pieces = piecesOf({ ask: 'barrier', storeIds, marker: 'm'.repeat(64) });
    expect(pieces.flatMap((piece) => piece.storeIds)).toEqual(storeIds);
    for (const piece of pieces) {
      const text = JSON.stringify(piece);
      expect(text.length).toBeLessThan(MAX_QUESTION_BYTES);
      expect(parseQuestion(text)).toEqual(piece);
    }
    expect(piecesOf({ ask: 'barrier', storeIds: [] })).toHaveLength(1);
  });

  it.each([
    'no json',
    'null',
    '[]',
    '{}',
    '{"ask":"shutdown","storeIds":[]}',
    '{"ask":"barrier"}',
    '{"ask":"barrier","storeIds":"all"}',
    '{"ask":"barrier","storeIds":[1]}',
    '{"ask":"barrier","storeIds":[],"marker":7}',
    JSON.stringify({ ask: 'barrier', storeIds: ['x'.repeat(65)] }),
    '{"ask":"barrier","storeIds":["*"]}',
    '{"ask":"barrier","storeIds":["a.>"]}',
    '{"ask":"barrier","storeIds":["../stores"]}',
    '{"ask":"barrier","storeIds":[""]}',
    JSON.stringify({ ask: 'barrier', storeIds: Array.from({ length: 1_001 }, () => 'S') }),
  ])('refuse %s', (text) => {
    expect(() => parseQuestion(text)).toThrow();
  });

  it('take a reply for what it is, and nothing else for one', () => {
    expect(parseReply(JSON.stringify({ heads: { S: HEAD }, more: 1 }))).toEqual({ heads: { S: HEAD } });
    for (const heads of [
      undefined,
      [],
      { S: {} },
      { S: { ...HEAD, revision: 1.5 } },
      { S: { ...HEAD, epoch: 1 } },
    ])
      expect(() => parseReply(JSON.stringify({ heads }))).toThrow();
  });
});
