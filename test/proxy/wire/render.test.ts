import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/fga/answer.ts';
import { FgaError } from '../../../src/fga/error.ts';
import { renderAnswer, renderError, renderOutcome, renderStream } from '../../../src/proxy/wire/render.ts';

describe('renderAnswer', () => {
  const error = new FgaError('invalid_tuple', 'invalid tuple: "x"');
  const answers: readonly [Answer, string][] = [
    [{ method: 'Check', allowed: true }, '{"allowed":true,"resolution":""}'],
    [{ method: 'Check', allowed: false }, '{"allowed":false,"resolution":""}'],
    [
      {
        method: 'BatchCheck',
        result: new Map([
          ['2', { allowed: false }],
          ['1', { error }],
        ] as never),
      },
      '{"result":{"2":{"allowed":false},"1":{"error":{"input_error":"invalid_tuple","message":"invalid tuple: \\"x\\""}}}}',
    ],
    [{ method: 'ListObjects', objects: [] }, '{"objects":[]}'],
    [
      { method: 'ListUsers', users: [{ object: { type: 'user', id: 'a' } }, { wildcard: { type: 'user' } }] },
      '{"users":[{"object":{"type":"user","id":"a"}},{"wildcard":{"type":"user"}}]}',
    ],
    [
      { method: 'Expand', root: { name: 'd:1#r', leaf: { users: { users: ['user:a'] } } } },
      '{"tree":{"root":{"name":"d:1#r","leaf":{"users":{"users":["user:a"]}}}}}',
    ],
  ];
  it.each(answers)('%j', (answer, body) => {
    expect(renderAnswer(answer)).toBe(body);
  });

  it('sends a stream as one line for each object', () => {
    const lines = renderStream({ method: 'StreamedListObjects', objects: ['d:1', 'd:2'] });
    expect(lines).toEqual(['{"result":{"object":"d:1"}}\n', '{"result":{"object":"d:2"}}\n']);
  });

  it('gives a stream without objects the content type that upstream gives it', () => {
    const silent = renderOutcome({ method: 'StreamedListObjects', objects: [] });
    expect(silent).toEqual({ status: 200, contentType: 'application/grpc', body: '' });
  });
});

describe('renderError', () => {
  it('names an internal failure of a batch item as such', () => {
    const error = new FgaError('deadline_exceeded', 'late');
    const body = renderAnswer({ method: 'BatchCheck', result: new Map([['1', { error }]]) });
    expect(JSON.parse(body)).toEqual({
      result: { 1: { error: { internal_error: 'deadline_exceeded', message: 'late' } } },
    });
  });

  it('has two shapes: unary and stream', () => {
    const error = new FgaError('type_not_found', "type 'x' not found");
    expect(renderError(error, 'ListObjects')).toMatchObject({
      status: 400,
      body: '{"code":"type_not_found","message":"type \'x\' not found"}\n',
    });
    expect(JSON.parse(renderError(error, 'StreamedListObjects').body)).toEqual({
      error: { code: 3, message: "type 'x' not found", details: [] },
    });
  });
});
