/** gRPC calls that are wrong, odd, or only look wrong; none of them changes anything. Several are answered by OpenFGA. */
import { deepContext } from '../support/deep-context.ts';
import { frame, SERVICE } from '../support/grpc.ts';
import type { Pairs } from '../support/h2-frames.ts';

export interface OddCall {
  readonly name: string;
  /** Default: Check. */
  readonly path?: string;
  /** Added to a plain call's fields. */
  readonly more?: Pairs;
  /** In the place of all fields. */
  readonly all?: Pairs;
  /** The bytes of the request, from a good message's. Default: one plain frame. */
  readonly bytes?: (message: Buffer) => Buffer;
  /** Sent after the bytes as trailers. */
  readonly trailers?: Pairs;
  /**
   * `refused here`: RFC 9113 calls it malformed, so node resets the call; OpenFGA takes it. `taken here`: node leaves out what is
   * no field of HTTP/2 (or trims it) and goes on; OpenFGA ends the connection.
   */
  readonly differs?: 'refused here' | 'taken here';
  /** OpenFGA ends the connection while it answers: now and then the answer is out before. */
  readonly byChance?: boolean;
}

function metadata(name: string, ...more: Pairs): OddCall {
  return { name, more };
}

function content(name: string, bytes: (message: Buffer) => Buffer, more: Pairs = []): OddCall {
  return { name, bytes, more };
}

function at(name: string, path: string): OddCall {
  return { name, path };
}

const PSEUDO: Pairs = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', `${SERVICE}Check`],
  [':authority', 'test'],
];
const GRPC: Pairs = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

function heads(name: string, all: Pairs): OddCall {
  return { name, all };
}

function replaced(name: string, value: string): Pairs {
  return [...PSEUDO.map((pair) => (pair[0] === name ? ([name, value] as const) : pair)), ...GRPC];
}

function flagged(message: Buffer, flag: number): Buffer {
  const bytes = frame(message);
  bytes[0] = flag;
  return bytes;
}

function lying(message: Buffer, length: number): Buffer {
  const bytes = frame(message);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function longer(message: Buffer, extra: string): Buffer {
  return frame(Buffer.concat([message, Buffer.from(extra, 'hex')]));
}

const CALLS: readonly OddCall[] = [
  { name: 'nothing odd' },
  content('no message', () => Buffer.alloc(0)),
  content('an empty message', () => frame(Buffer.alloc(0))),
  content('half a head of a message', (m) => frame(m).subarray(0, 3)),
  content('half a message', (m) => frame(m).subarray(0, 20)),
  content('a length that is one less', (m) => lying(m, m.length - 1)),
  content('a length that is one more', (m) => lying(m, m.length + 1)),
  content('a length of 4 GB', (m) => lying(m, 0xffff_ffff)),
  content('two messages', (m) => Buffer.concat([frame(m), frame(m)])),
  content('a message and three bytes', (m) => Buffer.concat([frame(m), Buffer.alloc(3)])),
  content('a compressed flag without a codec', (m) => flagged(m, 1)),
  content('a compressed flag with gzip, not compressed', (m) => flagged(m, 1), [['grpc-encoding', 'gzip']]),
  content('a flag that is none', (m) => flagged(m, 2)),
  content('a flag that is none at all', (m) => flagged(m, 255)),
  metadata('a codec that nobody has', ['grpc-encoding', 'nonsense']),
  metadata('gzip named, nothing compressed', ['grpc-encoding', 'gzip']),
  metadata('identity named', ['grpc-encoding', 'identity']),
  content('an unknown field', (m) => longer(m, 'fa0701' + '61')),
  content('a field number of 0', (m) => longer(m, '000161')),
  content('a group that does not end', (m) => longer(m, '7b')),
  content('an end of no group', (m) => longer(m, '7c')),
  content('a wire type of 7', (m) => longer(m, '0f')),
  content('a varint of eleven bytes', (m) => longer(m, `28${'ff'.repeat(10)}01`)),
  content('a length beyond the message', (m) => longer(m, '0aff01')),
  content('a length that is negative', (m) => longer(m, '0affffffffffffffffff01')),
  content('text that is no UTF-8', (m) => longer(m, '1205' + '0a03' + '75ff3a')),
  content('the tuple key twice, in two halves', (m) => longer(m, '12080a06757365723a7a')),
  content('a NaN in the context', (m) => longer(m, '320f0a0d0a01611208' + '11000000000000f87f')),
  content('a store id twice', (m) => longer(m, `0a1a${Buffer.from('0'.repeat(26)).toString('hex')}`)),
  content('nesting of 5 000', (m) => frame(Buffer.concat([m, deepContext(5_000)]))),
  content('nesting of 20 000', (m) => frame(Buffer.concat([m, deepContext(20_000)]))),
  content('700 000 bytes', (m) => longer(m, '00'.repeat(700_000))),
  ...[
    'abc',
    '1',
    'S',
    '-1S',
    '1.5S',
    '123456789S',
    '1s',
    '00000001H',
    '99999999H',
    '0S',
    '1n',
    ' 1S',
    '',
  ].map((value) => metadata(`a deadline of "${value}"`, ['grpc-timeout', value])),
  metadata('two deadlines', ['grpc-timeout', '10S'], ['grpc-timeout', '1n']),
  metadata('two deadlines, the second none', ['grpc-timeout', '10S'], ['grpc-timeout', 'abc']),
  metadata('binary metadata', ['x-data-bin', 'AAECAw==']),
  metadata('binary metadata without padding', ['x-data-bin', 'AAECAw']),
  metadata('binary metadata that is none', ['x-data-bin', '!!!!']),
  metadata('binary metadata of half a byte', ['x-data-bin', 'A']),
  metadata('a trace that is no base64', ['grpc-trace-bin', '*']),
  metadata('two values of binary metadata', ['x-data-bin', 'AAEC,AAEC']),
  metadata('a status from the client', ['grpc-status', '5']),
  metadata('a message from the client', ['grpc-message', '%zz']),
  metadata('reserved metadata', ['grpc-internal-encoding-request', 'gzip']),
  metadata('a previous attempt', ['grpc-previous-rpc-attempts', '-3']),
  metadata('a content type twice', ['content-type', 'application/grpc']),
  metadata('a second content type that is none', ['content-type', 'text/html']),
  metadata('a second content type of another codec', ['content-type', 'application/grpc+json']),
  metadata('two credentials', ['authorization', 'Bearer a'], ['authorization', 'Bearer b']),
  metadata('two user agents', ['user-agent', 'a'], ['user-agent', 'b']),
  metadata('a content length that lies', ['content-length', '3']),
  metadata('a host beside the authority', ['host', 'elsewhere']),
  metadata('two hosts', ['host', 'a'], ['host', 'b']),
  metadata('an empty name of metadata', ['', 'x']),
  metadata('a name in capitals', ['X-Upper', 'x']),
  metadata('a name with a space', ['x y', 'x']),
  metadata('a line break in a value', ['x-a', 'a\r\nb']),
  metadata('a NUL in a value', ['x-a', 'a\0b']),
  metadata('bytes beyond ASCII in a value', ['x-a', 'é\xff']),
  metadata('a connection', ['connection', 'close']),
  metadata('an upgrade', ['upgrade', 'h2c']),
  metadata('a transfer encoding', ['transfer-encoding', 'chunked']),
  metadata('the settings of an upgrade', ['http2-settings', 'AAMAAABk']),
  metadata('an expectation', ['expect', '100-continue']),
  metadata('300 fields', ...Array.from({ length: 300 }, (_, i) => [`x-${i}`, 'v'] as const)),
  metadata('the gateway’s credential', ['grpc-metadata-authorization', 'Bearer x']),
  metadata('another method by name', ['x-http-method-override', 'GET']),
  ...[
    'application/grpc+proto',
    'application/grpc+json',
    'application/grpc;charset=utf-8',
    'application/grpcx',
    'application/grpc-web',
    'application/json',
    'APPLICATION/GRPC',
    '',
  ].map((type) => heads(`content type "${type}"`, [...PSEUDO, ['content-type', type], ['te', 'trailers']])),
  heads('no content type', [...PSEUDO, ['te', 'trailers']]),
  heads('no te', [...PSEUDO, ['content-type', 'application/grpc']]),
  heads('another te', [...PSEUDO, ['content-type', 'application/grpc'], ['te', 'gzip']]),
  ...['GET', 'PUT', 'HEAD', 'OPTIONS', 'post', 'CONNECT', ''].map((method) =>
    heads(`method "${method}"`, replaced(':method', method)),
  ),
  ...['https', 'ftp', ''].map((scheme) => heads(`scheme "${scheme}"`, replaced(':scheme', scheme))),
  ...['', 'evil/../x', 'a b', '[::1', 'user@host'].map((authority) =>
    heads(`authority "${authority}"`, replaced(':authority', authority)),
  ),
  heads('no authority', [...PSEUDO.filter(([name]) => name !== ':authority'), ...GRPC]),
  heads('no scheme', [...PSEUDO.filter(([name]) => name !== ':scheme'), ...GRPC]),
  heads('no path', [...PSEUDO.filter(([name]) => name !== ':path'), ...GRPC]),
  heads('no method', [...PSEUDO.filter(([name]) => name !== ':method'), ...GRPC]),
  heads('two paths', [...PSEUDO, [':path', `${SERVICE}Read`], ...GRPC]),
  heads('two methods', [...PSEUDO, [':method', 'GET'], ...GRPC]),
  heads('two authorities', [...PSEUDO, [':authority', 'b'], ...GRPC]),
  heads('a pseudo field after the others', [...PSEUDO.slice(0, 3), ...GRPC, [':authority', 'late']]),
  heads('an unknown pseudo field', [...PSEUDO, [':nonsense', 'x'], ...GRPC]),
  heads('a status in a request', [...PSEUDO, [':status', '200'], ...GRPC]),
  heads('a protocol', [...PSEUDO, [':protocol', 'websocket'], ...GRPC]),
  at('an unknown method', `${SERVICE}Nope`),
  at('an unknown service', '/no.Service/Check'),
  at('no service', '/Check'),
  at('a slash more', `/${SERVICE}Check`),
  at('a slash at the end', `${SERVICE}Check/`),
  at('a query', `${SERVICE}Check?x=1`),
  at('a fragment', `${SERVICE}Check#x`),
  at('an escaped letter', `${SERVICE}%43heck`),
  at('another case', `${SERVICE}check`),
  at('no slash before', `${SERVICE}Check`.slice(1)),
  at('only a slash', '/'),
  at('a star', '*'),
  at('a path of 10 000', `/${'x'.repeat(10_000)}`),
  at('authzen, which is off', '/authzen.v1.AuthZenService/Evaluation'),
  { name: 'trailers', trailers: [['x-late', 'y']], byChance: true },
  { name: 'trailers with a pseudo field', trailers: [[':path', '/x']] },
];

const REFUSED_HERE = [
  'a content length that lies',
  'an upgrade',
  'a transfer encoding',
  'another te',
  'scheme ""',
  'authority ""',
  'authority "evil/../x"',
  'authority "a b"',
  'authority "user@host"',
  'no authority',
  'no scheme',
  'a protocol',
];
const TAKEN_HERE = [
  'a deadline of " 1S"',
  'an empty name of metadata',
  'a name with a space',
  'a line break in a value',
  'a NUL in a value',
  'trailers',
];

export const ODD_CALLS: readonly OddCall[] = CALLS.map((call) => {
  if (REFUSED_HERE.includes(call.name)) return { ...call, differs: 'refused here' };
  return TAKEN_HERE.includes(call.name) ? { ...call, differs: 'taken here' } : call;
});
