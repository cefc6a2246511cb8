/** Requests that are wrong, odd, or only look wrong. Several of them are answered 200 by OpenFGA: those must be too. */
import type { Call } from '../support/api.ts';

export interface OddRequest extends Call {
  readonly name: string;
  /** `$` stands for `/stores/{store_id}`. */
  readonly path: string;
}

const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const GOOD = JSON.stringify({ tuple_key: KEY });
const TEN_MB = 'x'.repeat(10_000_000);

function withBody(name: string, body: string | Uint8Array): OddRequest {
  return { name, path: '$/check', body };
}

function elsewhere(name: string, path: string, more: Call = { body: GOOD }): OddRequest {
  return { name, path, ...more };
}

/** None of them changes anything. */
export const ODD_REQUESTS: readonly OddRequest[] = [
  withBody('10 MB of context', JSON.stringify({ tuple_key: KEY, context: { filler: TEN_MB } })),
  withBody(
    'just over the message limit',
    JSON.stringify({ tuple_key: KEY, context: { a: 'x'.repeat(616_448) } }),
  ),
  withBody('10 MB in a field that nobody knows', JSON.stringify({ tuple_key: KEY, filler: TEN_MB })),
  withBody('truncated JSON', '{"tuple_key":{"user":"user:anne"'),
  withBody('an empty body', ''),
  withBody('an array', '[]'),
  withBody('null', 'null'),
  withBody('bytes that are no text', new Uint8Array([0, 255, 254, 1])),
  withBody('XML', '<check/>'),
  withBody('a byte order mark', `\ufeff${GOOD}`),
  withBody('something after the JSON', `${GOOD} and more`),
  withBody(
    'a field twice',
    '{"tuple_key":{"user":"user:a","user":"user:b","relation":"viewer","object":"document:1"}}',
  ),
  withBody('a number for a text', '{"tuple_key":{"user":1,"relation":"viewer","object":"document:1"}}'),
  withBody(
    'other spellings of the fields',
    '{"tupleKey":{"user":"user:anne","relation":"viewer","object":"document:1"}}',
  ),
  withBody('a consistency that is none', JSON.stringify({ tuple_key: KEY, consistency: 'PERHAPS' })),
  withBody('a consistency by number', JSON.stringify({ tuple_key: KEY, consistency: 200 })),
  withBody(
    'a lone surrogate',
    '{"tuple_key":{"user":"user:\\ud800","relation":"viewer","object":"document:1"}}',
  ),
  withBody('a NUL', '{"tuple_key":{"user":"user:\\u0000","relation":"viewer","object":"document:1"}}'),
  withBody('brackets 20 000 deep', `{"tuple_key":${'['.repeat(20_000)}`),
  withBody('a context 12 000 deep', `{"context":${'{"a":'.repeat(12_000)}1${'}'.repeat(12_000)}}`),
  withBody('a tuple key of nothing', '{"tuple_key":{}}'),
  withBody(
    'a contextual tuple of nothing',
    JSON.stringify({ tuple_key: KEY, contextual_tuples: { tuple_keys: [{}] } }),
  ),
  elsewhere('text/plain', '$/check', { body: GOOD, headers: { 'content-type': 'text/plain' } }),
  elsewhere('a form', '$/check', {
    body: 'a=b',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  elsewhere('the request id of a client', '$/check', { body: GOOD, headers: { 'x-request-id': 'mine' } }),
  elsewhere('a query string', '$/check?user=user:x'),
  elsewhere('a slash at the end', '$/check/'),
  elsewhere('two slashes', '/$/check'),
  elsewhere('dots in the path', '/stores/../$/check'),
  elsewhere('an escaped path', '/stores/%2e%2e/check'),
  elsewhere('a GET', '$/check', { method: 'GET' }),
  elsewhere('another origin', '$/check', { body: GOOD, headers: { origin: 'https://app.test' } }),
  elsewhere('a truncated Write', '$/write', { body: '{"writes":{"tuple_keys":[' }),
  elsewhere('an empty Write', '$/write', { body: '{}' }),
  elsewhere('a Write of no tuples', '$/write', { body: '{"writes":{"tuple_keys":[]}}' }),
  elsewhere('a truncated model', '$/authorization-models', { body: '{"type_definitions":[' }),
  elsewhere('a store id that is none', '/stores/..%00/check'),
  elsewhere('an unknown path', '/unknown/path', { method: 'DELETE' }),
  elsewhere('the health of the upstream', '/healthz', { method: 'GET' }),
];
