/**
 * Bytes that a client should not send, as data: what is tried against the HTTP listener. `$S` is a store, `$A` the line of a
 * good credential (or nothing), `$G` a Check that the store answers with yes, `$N` its length.
 *
 * Each is followed on its connection by a harmless canary; `smuggling.real.test.ts` says what may come of it.
 */

export interface Attack {
  readonly name: string;
  /** Latin-1: each character is one byte. */
  readonly bytes: string;
  /** More is announced than comes: the client hangs up instead of sending the canary. */
  readonly cut?: true;
  /** The connection ends with it, so nothing follows. */
  readonly alone?: true;
  /** Upstream refuses it for its spelling, and node reads it; why that gives nobody anything. */
  readonly harmless?: string;
  /** Upstream itself answers one way or another; why. Then only upstream may answer. */
  readonly varies?: string;
}

const HOST = 'Host: a.test\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const PATH = '/stores/$S/check';
/** A second request, of an attacker who wants it taken for another client's. */
const INNER = `GET /stores?smuggled=yes HTTP/1.1\r\n${HOST}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const LENGTH = 'Content-Length: $N\r\n';

/** A Check that is well formed but for what is given. */
interface Parts {
  readonly line?: string;
  readonly host?: string;
  readonly framing?: string;
  readonly more?: string;
  readonly body?: string;
}

function check(
  name: string,
  { line, host = HOST, framing = LENGTH, more = '', body = '$G' }: Parts = {},
): Attack {
  const first = line ?? `POST ${PATH} HTTP/1.1`;
  return { name, bytes: `${first}\r\n${host}$A${JSON_TYPE}${framing}${more}\r\n${body}` };
}

function target(path: string): Attack {
  return check(`the target ${printable(path)}`, { line: `POST ${path} HTTP/1.1` });
}

function header(name: string, more: string): Attack {
  return check(name, { more });
}

function lengthOf(value: string): Attack {
  return check(`Content-Length: ${printable(value)}`, { framing: `Content-Length:${value}\r\n` });
}

function encoding(lines: string): Attack {
  return check(`framed by ${printable(lines)}`, { framing: lines, body: `$X\r\n$G\r\n0\r\n\r\n` });
}

function cut(attack: Attack): Attack {
  return { ...attack, cut: true };
}

function alone(attack: Attack): Attack {
  return { ...attack, alone: true };
}

function harmless(why: string, attack: Attack): Attack {
  return { ...attack, harmless: why };
}

const ONE_READING = 'white space that node skips: it has one reading only, and is not sent on';
const ZEROS = 'the number is the same, and is not sent on';

export function printable(bytes: string): string {
  return JSON.stringify(bytes).slice(1, 60).replace(/"$/, '');
}

const FRAMING: readonly Attack[] = [
  check('nothing wrong'),
  check('chunks', { framing: CHUNKED, body: '$X\r\n$G\r\n0\r\n\r\n' }),
  check('CL.TE', { framing: `Content-Length: 5\r\n${CHUNKED}`, body: `0\r\n\r\n${INNER}` }),
  check('TE.CL', { framing: `${CHUNKED}Content-Length: 3\r\n`, body: `1\r\nZ\r\n0\r\n\r\n${INNER}` }),
  check('CL.TE that agree', { framing: `${LENGTH}${CHUNKED}`, body: '$X\r\n$G\r\n0\r\n\r\n' }),
  check('CL.0', {
    line: 'GET /healthz HTTP/1.1',
    framing: `Content-Length: ${INNER.length}\r\n`,
    body: INNER,
  }),
  check('a body that nobody announced', { framing: '', body: INNER }),
  check('two equal lengths', { framing: `${LENGTH}${LENGTH}` }),
  check('two lengths', { framing: `Content-Length: 0\r\n${LENGTH}`, body: INNER }),
  check('two lengths, the larger first', { framing: `${LENGTH}Content-Length: 0\r\n` }),
  check('a list of equal lengths', { framing: 'Content-Length: $N, $N\r\n' }),
  check('a list of lengths', { framing: 'Content-Length: 0, $N\r\n' }),
  ...[' +$N', ' -$N', ' 0x$X', ' $N.0', ' 0$N', '  $N\t', ' $N ', ' 1e2', ' ', ' $N;a=b', ' \x0b$N'].map(
    lengthOf,
  ),
  ...[' 18446744073709551616', ' 9223372036854775808', ' -0'].map(lengthOf),
  check('a length with a space before the colon', { framing: 'Content-Length : $N\r\n' }),
  check('a length that is folded', { framing: 'Content-Length:\r\n $N\r\n' }),
  ...[
    'Transfer-Encoding: Chunked\r\n',
    'Transfer-Encoding: chunked \r\n',
    'Transfer-Encoding:chunked\r\n',
    'Transfer-Encoding:\tchunked\r\n',
    'Transfer-Encoding : chunked\r\n',
    ' Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding:\r\n chunked\r\n',
    'Transfer-Encoding: xchunked\r\n',
    'Transfer-Encoding: chunkedx\r\n',
    'Transfer-Encoding: "chunked"\r\n',
    'Transfer-Encoding: chunked;q=1\r\n',
    'Transfer-Encoding: identity\r\n',
    'Transfer-Encoding: \r\n',
    'Transfer-Encoding: identity, chunked\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
    'Transfer-Encoding: chunked, chunked\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
    'Transfer-Encoding: ,chunked\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: \x0bchunked\r\n',
    'Transfer-Encoding: chunked\x00\r\n',
    'Transfer_Encoding: chunked\r\n',
    'X: y\nTransfer-Encoding: chunked\r\n',
    'X: y\rTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n',
    'TE: chunked\r\nTransfer-Encoding: chunked\r\n',
    'Trailer: Authorization\r\nTransfer-Encoding: chunked\r\n',
  ].map(encoding),
  check('Connection: content-length', { more: 'Connection: content-length\r\n' }),
  check('HTTP/1.0 with chunks', {
    line: `POST ${PATH} HTTP/1.0`,
    framing: `${CHUNKED}Connection: keep-alive\r\n`,
    body: '$X\r\n$G\r\n0\r\n\r\n',
  }),
  check('HTTP/1.0 with chunks and a length', {
    line: `POST ${PATH} HTTP/1.0`,
    framing: `${CHUNKED}Content-Length: 5\r\nConnection: keep-alive\r\n`,
    body: `0\r\n\r\n${INNER}`,
  }),
  check('HTTP/1.0 that keeps alive', {
    line: `POST ${PATH} HTTP/1.0`,
    more: 'Connection: keep-alive\r\n',
  }),
  alone(check('HTTP/1.0 without a host', { line: `POST ${PATH} HTTP/1.0`, host: '' })),
];

function chunks(name: string, body: string, more = ''): Attack {
  return check(`chunks: ${name}`, { framing: CHUNKED, more, body });
}

const CHUNKS: readonly Attack[] = [
  chunks('an extension', '$X;a=b\r\n$G\r\n0\r\n\r\n'),
  chunks('a quoted extension', '$X;a="b\\"c"\r\n$G\r\n0\r\n\r\n'),
  chunks('a bare LF in an extension', `$X;a\n$G\r\n0\r\n\r\n`),
  chunks('a CR in an extension', `$X;a\rb\r\n$G\r\n0\r\n\r\n`),
  chunks('an endless extension', `$X;${'a'.repeat(20_000)}\r\n$G\r\n0\r\n\r\n`),
  chunks('a space behind the size', '$X \r\n$G\r\n0\r\n\r\n'),
  chunks('a space before the size', ' $X\r\n$G\r\n0\r\n\r\n'),
  chunks('0x', '0x$X\r\n$G\r\n0\r\n\r\n'),
  chunks('a plus', '+$X\r\n$G\r\n0\r\n\r\n'),
  chunks('a minus', '-1\r\n$G\r\n0\r\n\r\n'),
  chunks('no size', '\r\n$G\r\n0\r\n\r\n'),
  chunks('zeros before the size', '00000000$X\r\n$G\r\n0\r\n\r\n'),
  harmless(ZEROS, chunks('many zeros before the size', `${'0'.repeat(64)}$X\r\n$G\r\n0\r\n\r\n`)),
  chunks('2^64', `10000000000000000\r\n$G\r\n0\r\n\r\n`),
  chunks('bare LF', '$X\n$G\n0\n\n'),
  chunks('bare LF behind the size', '$X\n$G\r\n0\r\n\r\n'),
  chunks('a chunk that is longer than it says', `2\r\n$G\r\n0\r\n\r\n`),
  chunks('zeros as the last one', '$X\r\n$G\r\n000\r\n\r\n'),
  chunks('trailers', '$X\r\n$G\r\n0\r\nAuthorization: Bearer x\r\nX-HTTP-Method-Override: GET\r\n\r\n'),
  chunks('a length as a trailer', '$X\r\n$G\r\n0\r\nContent-Length: 9\r\n\r\n'),
  chunks('a trailer with a bare LF', `$X\r\n$G\r\n0\r\nA: b\n\r\n${INNER}`),
  chunks('a trailer without a colon', '$X\r\n$G\r\n0\r\nnonsense\r\n\r\n'),
  cut(chunks('2^63 - 1', '7fffffffffffffff\r\n$G')),
  cut(chunks('that do not end', '$X\r\n$G\r\n')),
  cut(check('a body that is shorter than it says', { framing: 'Content-Length: 1000\r\n' })),
];

const LINES: readonly Attack[] = [
  check('bare LF throughout', {
    line: `POST ${PATH} HTTP/1.1\nHost: a.test\nContent-Length: $N\n\n$G`,
    host: '',
    framing: '',
  }),
  header('a header that ends in a bare LF', 'X: y\nZ: w\r\n'),
  header('a header with a bare CR', 'X: y\rZ: w\r\n'),
  header('a header with a NUL', 'X: y\x00z\r\n'),
  header('a header with a DEL', 'X: y\x7fz\r\n'),
  header('a header with a control character', 'X: y\x01z\r\n'),
  header('a header that is folded', 'X: y\r\n z\r\n'),
  header('a header that is folded by a tab', 'X: y\r\n\tz\r\n'),
  header('a header that is folded by nothing', 'X: y\r\n \r\n'),
  header('a space before the colon', 'X : y\r\n'),
  header('no name', ': y\r\n'),
  header('no colon', 'nonsense\r\n'),
  header('a name with a space', 'X Y: z\r\n'),
  header('a name that is no token', 'X(Y): z\r\n'),
  header('a name with a byte over 127', 'X\xe9: z\r\n'),
  header('a name with a NUL', 'X\x00: z\r\n'),
  header('a value that is no UTF-8', 'X: \xff\xfe\r\n'),
  header('an empty value', 'X:\r\n'),
  header('a name of 4 000 bytes', `${'x'.repeat(4_000)}: y\r\n`),
  check('a first header that is folded', { host: ` X: y\r\n${HOST}` }),
  check('HTTP/0.9', { line: `GET /stores`, host: '', framing: '', body: '' }),
  check('HTTP/0.9 by name', { line: `POST ${PATH} HTTP/0.9` }),
  ...[
    'HTTP/2.0',
    'HTTP/1.2',
    'HTTP/1.10',
    'HTTP/3.0',
    'http/1.1',
    'HTTP/1',
    'HTTP/1.1 ',
    'HTTP /1.1',
    'HTTP/01.1',
    'ICE/1.0',
    'RTSP/1.0',
  ].map((version) => check(`the version ${version}`, { line: `POST ${PATH} ${version}` })),
  harmless(ONE_READING, check('two spaces in the request line', { line: `POST  ${PATH} HTTP/1.1` })),
  harmless(ONE_READING, check('two spaces before the version', { line: `POST ${PATH}  HTTP/1.1` })),
  check('a tab in the request line', { line: `POST\t${PATH}\tHTTP/1.1` }),
  check('a space in the target', { line: `POST ${PATH} x HTTP/1.1` }),
  harmless(ONE_READING, check('an empty line first', { line: `\r\nPOST ${PATH} HTTP/1.1` })),
  harmless(ONE_READING, check('three empty lines first', { line: `\r\n\r\n\r\nPOST ${PATH} HTTP/1.1` })),
  harmless(ONE_READING, check('a bare LF first', { line: `\nPOST ${PATH} HTTP/1.1` })),
  check('a space first', { line: ` POST ${PATH} HTTP/1.1` }),
  ...[
    'post',
    'Post',
    'PO ST',
    'POST\x00',
    'GET',
    'HEAD',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'PURGE',
    'QUERY',
    'SOURCE',
    'FOO',
    'M-SEARCH',
  ].map((method) => check(`the method ${printable(method)}`, { line: `${method} ${PATH} HTTP/1.1` })),
  { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { name: 'TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', cut: true },
  { name: 'CONNECT to another host', bytes: 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n' },
  { name: 'OPTIONS *', bytes: `OPTIONS * HTTP/1.1\r\n${HOST}\r\n` },
];

const TARGETS: readonly Attack[] = [
  `//stores/$S/check`,
  '/stores//$S/check',
  '/stores/$S//check',
  '/stores/$S/check/',
  '/./stores/$S/check',
  '/stores/./$S/check',
  '/stores/$S/./check',
  '/stores/x/../$S/check',
  '/../stores/$S/check',
  '/stores/%2e/$S/check',
  '/stores/x/%2e%2e/$S/check',
  '/stores%2f$S%2fcheck',
  '/stores/$S%2fcheck',
  '/stores/$S%5ccheck',
  '/stores\\$S\\check',
  '/stores/$S/chec%6b',
  '/stores/$S/%63heck',
  '/stores/$S/check%00',
  '/stores/$S/check%20',
  '/stores/$S/check%0d%0aX:%20y',
  '/stores/$S/check;a=b',
  '/stores;a=b/$S/check',
  '/stores/$S;a=b/check',
  '/stores/$S/check?',
  '/stores/$S/check?a=b',
  '/stores/$S/check?consistency=HIGHER_CONSISTENCY',
  '/stores/$S/check?authorization_model_id=01J00000000000000000000000',
  '/stores/$S/check?tuple_key.user=user:eve',
  '/stores/$S/check??',
  '/stores/$S/check?%zz',
  '/stores/$S/check#x',
  '/stores/$S/check?#x',
  '/stores/$S/check&a',
  '/stores/$S/check:check',
  '/stores/$S:check',
  '/stores/$S/CHECK',
  '/Stores/$S/check',
  '/stores/$S/check/../write',
  '/stores/$S/write/../check',
  '/stores/%zz/check',
  '/stores/$S/check%',
  '/stores/\xff\xfe/check',
  '/stores/$S/check\xff',
  '/stores/$S/check%c0%af',
  '/stores/$S/%c0%ae%c0%ae/check',
  '/stores/$S/check\x01',
  '/stores/$S/check\x7f',
  '/stores/$S/check\x00',
  `/stores/$S/${'x'.repeat(20_000)}`,
  `/stores/${'x/'.repeat(5_000)}check`,
  '/stores/{store_id}/check',
  '/stores/*/check',
  '/stores//check',
  '/stores/ /check',
  '/stores/01J0000000000000000000000/check',
  '/stores/01J000000000000000000000000/check',
  '/stores/IIIIIIIIIIIIIIIIIIIIIIIIII/check',
  '/stores/ZZZZZZZZZZZZZZZZZZZZZZZZZZ/check',
  '/stores/$s/check',
  'stores/$S/check',
  '*',
  '',
  'http://a.test/stores/$S/check',
  'http://evil.test/stores/$S/check',
  'HTTP://a.test/stores/$S/check',
  'https://a.test/stores/$S/check',
  'ftp://a.test/stores/$S/check',
  'http:///stores/$S/check',
  'http://a.test@evil.test/stores/$S/check',
  'http://[::1]/stores/$S/check',
  'http://[::1/stores/$S/check',
  'http:/stores/$S/check',
  'a.test:80',
  '//evil.test/stores/$S/check',
  '/\\evil.test/stores/$S/check',
  'javascript:alert(1)',
  'unix:/stores/$S/check',
].map(target);

const HEADERS: readonly Attack[] = [
  check('no Host', { host: '' }),
  check('an empty Host', { host: 'Host:\r\n' }),
  check('two Hosts', { host: 'Host: a.test\r\nHost: b.test\r\n' }),
  check('two equal Hosts', { host: 'Host: a.test\r\nHost: a.test\r\n' }),
  ...[
    'a.test/b',
    'a b',
    'a.test:x',
    'a@b',
    '[::1',
    'a,b',
    'a\\b',
    '%00',
    'a"b',
    '<a>',
    'a.test#b',
    'a?b',
    'a.test:80:80',
    '\xff',
    '{a}',
  ].map((value) => check(`Host: ${printable(value)}`, { host: `Host: ${value}\r\n` })),
  header(
    'X-Forwarded-Host',
    'X-Forwarded-Host: evil.test\r\nX-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n',
  ),
  header('X-Original-URL', 'X-Original-URL: /stores\r\nX-Rewrite-URL: /stores\r\n'),
  ...['GET', 'DELETE', 'PUT', 'get', 'NONSENSE', ''].map((method) =>
    header(`X-HTTP-Method-Override: ${method}`, `X-HTTP-Method-Override: ${method}\r\n`),
  ),
  header('X-HTTP-Method', 'X-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n'),
  header(
    'a form that overrides the method',
    'X-HTTP-Method-Override: GET\r\nContent-Type: application/x-www-form-urlencoded\r\n',
  ),
  check('a form that would delete the store', {
    line: 'POST /stores/01J00000000000000000000000 HTTP/1.1',
    more: 'X-HTTP-Method-Override: DELETE\r\nContent-Type: application/x-www-form-urlencoded\r\n',
    framing: 'Content-Length: 0\r\n',
    body: '',
  }),
  check('a form where a GET is meant', {
    line: 'POST /stores HTTP/1.1',
    framing: 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n',
    more: 'X-HTTP-Method-Override: GET\r\n',
    body: 'page_size=1&a=bb',
  }),
  ...[
    'X: y',
    'X: \xff',
    'Trace-Bin: !!!!',
    'Trace-Bin: AAAA',
    'Grpc-Timeout: 1n',
    'Timeout: 1n',
    'Te: trailers',
    'Host: evil.test',
    'Content-Type: application/grpc',
    'User-Agent: x',
    'Openfga-Store-Id: x',
    'Connection: close',
    ': y',
  ].map((line) => header(`Grpc-Metadata-${printable(line)}`, `Grpc-Metadata-${line}\r\n`)),
  ...['1n', '0m', '1S', '-1S', 'soon', '99999999H', ''].map((value) =>
    header(`Grpc-Timeout: ${value}`, `Grpc-Timeout: ${value}\r\n`),
  ),
  {
    ...header('Grpc-Metadata-Authorization', 'Grpc-Metadata-Authorization: Bearer other\r\n'),
    varies: "of two credentials the one counts that comes first out of Go's map of headers",
  },
  header('Grpcgateway-Authorization', 'Grpcgateway-Authorization: Bearer other\r\n'),
  header('Grpc-Encoding', 'Grpc-Encoding: gzip\r\nGrpc-Accept-Encoding: gzip\r\n'),
  header('Te: trailers', 'TE: trailers\r\n'),
  header('Cookie', 'Cookie: \xff=\xff\r\n'),
  ...[
    'authorization',
    'host',
    'content-type',
    'keep-alive, x',
    'transfer-encoding',
    '\xff',
    ',,,',
    'rsfga-min-revision',
  ].map((names) => header(`Connection: ${printable(names)}`, `Connection: ${names}\r\n`)),
  alone(header('Connection: close, authorization', 'Connection: close, authorization\r\n')),
  header('Proxy-Connection', 'Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=9999\r\n'),
  header(
    'Upgrade: h2c',
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  ),
  header('Upgrade: websocket', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n'),
  header('Upgrade without Connection', 'Upgrade: h2c\r\n'),
  check('Upgrade and a body that nobody announced', {
    more: 'Connection: Upgrade\r\nUpgrade: h2c\r\n',
    framing: '',
    body: INNER,
  }),
  header('Expect: 100-continue', 'Expect: 100-continue\r\n'),
  header('Expect: 100-Continue', 'Expect: 100-Continue\r\n'),
  header('Expect: 100-continue, twice', 'Expect: 100-continue\r\nExpect: 100-continue\r\n'),
  header('Expect: a list', 'Expect: 100-continue, x\r\n'),
  header('Expect: x', 'Expect: x\r\n'),
  header('an empty Expect', 'Expect:\r\n'),
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/grpc',
    'application/grpc-web',
    'text/event-stream',
    'application/octet-stream',
    '*',
    '',
    ';',
    'application/json; charset=utf-16',
  ].map((type) => header(`Content-Type: ${type}`, `Content-Type: ${type}\r\n`)),
  ...['gzip', 'identity', 'br', 'x'].map((coding) =>
    header(`Content-Encoding: ${coding}`, `Content-Encoding: ${coding}\r\n`),
  ),
  check('a body in gzip', {
    more: 'Content-Encoding: gzip\r\n',
    framing: 'Content-Length: 22\r\n',
    body: '\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00',
  }),
  ...['gzip', '*', 'identity;q=0'].map((coding) =>
    header(`Accept-Encoding: ${coding}`, `Accept-Encoding: ${coding}\r\n`),
  ),
  ...['text/event-stream', 'application/octet-stream', 'nonsense'].map((type) =>
    header(`Accept: ${type}`, `Accept: ${type}\r\n`),
  ),
  header('Range', 'Range: bytes=0-1\r\nIf-None-Match: *\r\nIf-Modified-Since: x\r\n'),
  header('Max-Forwards', 'Max-Forwards: 0\r\nVia: 1.1 x\r\n'),
  header('an Origin', 'Origin: https://evil.test\r\n'),
  header('an Origin that is none', 'Origin: \xff"\r\n'),
  header('Rsfga headers of a client', 'Rsfga-Served-By: local\r\nRsfga-Revision: x\r\nRsfga-Declined: x\r\n'),
  header('Rsfga-Min-Revision that is none', 'Rsfga-Min-Revision: \xff;;;\r\n'),
  header('a prototype', '__proto__: x\r\nconstructor: x\r\n'),
];

export const CORPUS = {
  framing: FRAMING,
  chunks: CHUNKS,
  lines: LINES,
  targets: TARGETS,
  headers: HEADERS,
} as const;
