import { describe, expect, test } from 'vitest';
import { answerHead, requestHead } from '../../src/upstream/headers.ts';

describe('the head of a request', () => {
  test.each([
    [['Content-Length', '5'], true],
    [['content-length', '0'], false],
    [['Transfer-Encoding', 'chunked'], true],
    [[], false],
  ])('%j says whether a body follows: %s', (raw, hasBody) => {
    expect(requestHead(raw).hasBody).toBe(hasBody);
  });

  test('may be told to leave out one more header', () => {
    const raw = ['Accept-Encoding', 'gzip', 'Accept', 'x'];
    expect(requestHead(raw, 'accept-encoding').headers).toEqual(['Accept', 'x']);
  });

  test('loses each header that any of its Connection lines names', () => {
    const raw = [
      'connection',
      'A, b',
      'a',
      '1',
      'B',
      '2',
      'C',
      '3',
      'CONNECTION',
      'c ,,keep-alive',
      'D',
      '4',
    ];
    expect(requestHead(raw).headers).toEqual(['D', '4']);
  });
});

describe('the head of an answer', () => {
  test('gives what the street wants to know and keeps the rest', () => {
    const raw = [
      'Content-Length',
      '2',
      'OPENFGA-Authorization-Model-Id',
      'M',
      'rsfga-revision',
      'E.7',
      'X-Latin',
      'caf\u00e9',
    ].map((text) => Buffer.from(text, 'latin1'));
    expect(answerHead(200, 'OK', raw)).toEqual({
      status: 200,
      statusText: 'OK',
      headers: ['Content-Length', '2', 'OPENFGA-Authorization-Model-Id', 'M', 'X-Latin', 'caf\u00e9'],
      modelId: 'M',
      revision: 'E.7',
      length: 2,
    });
  });

  test('loses a reason that cannot be said again', () => {
    expect(answerHead(200, 'caf\u00e9', []).statusText).toBe('caf\u00e9');
    expect(answerHead(200, 'O\u0001K', []).statusText).toBe('');
  });

  test('is refused where there is no raw list', () => {
    expect(() => answerHead(200, 'OK', {})).toThrow(TypeError);
  });
});
