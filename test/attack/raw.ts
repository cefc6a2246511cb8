/** Bytes out, answers in: a client without manners, and a strict reader of what came back. */
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Heard {
  readonly answers: readonly Answer[];
  /** What came behind the last whole answer. */
  readonly rest: string;
  /** The server ended the connection; else the client lost patience. */
  readonly ended: boolean;
}

/** A busy machine: only what never answers waits so long. */
const PATIENCE_MS = 5_000;

/** Latin-1 both ways. `enough` ends the waiting early; `hangUp` ends the client's side at once. */
export function send(
  port: number,
  bytes: string,
  options: { readonly enough?: (heard: string) => boolean; readonly hangUp?: boolean } = {},
): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let heard = '';
    const finish = (ended: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...readAnswers(heard, bytes.startsWith('HEAD ')), ended });
    };
    const timer = setTimeout(() => finish(false), PATIENCE_MS);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (options.enough?.(heard)) finish(false);
    });
    socket.on('end', () => finish(true));
    socket.on('error', () => finish(true));
    socket.write(bytes, 'latin1');
    if (options.hangUp) socket.end();
  });
}

/** As many whole answers as the bytes hold; 1xx are left out. `toHead`: the first has no body, whatever it says. */
export function readAnswers(
  bytes: string,
  toHead = false,
): { readonly answers: Answer[]; readonly rest: string } {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const [, code] = /^HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n/.exec(rest) ?? [];
    if (end < 0 || code === undefined) return { answers, rest };
    const headers = headersOf(rest.slice(0, end));
    const bare = toHead && answers.length === 0;
    const read = bodyOf(bare ? 204 : Number(code), headers, rest.slice(end + 4));
    if (read === undefined) return { answers, rest };
    if (Number(code) >= 200) answers.push({ status: Number(code), headers, body: read.body });
    rest = read.rest;
  }
}

function headersOf(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

function bodyOf(status: number, headers: Record<string, string>, bytes: string) {
  if (status < 200 || status === 204 || status === 304) return { body: '', rest: bytes };
  if (headers['transfer-encoding'] === 'chunked') return chunkedBody(bytes);
  const length = headers['content-length'];
  if (length === undefined) return { body: bytes, rest: '' };
  return bytes.length < Number(length)
    ? undefined
    : { body: bytes.slice(0, Number(length)), rest: bytes.slice(Number(length)) };
}

function chunkedBody(bytes: string): { readonly body: string; readonly rest: string } | undefined {
  let body = '';
  let at = 0;
  for (;;) {
    const [line, size = ''] = /^([0-9a-f]+)\r\n/i.exec(bytes.slice(at, at + 20)) ?? [];
    if (line === undefined) return undefined;
    const from = at + line.length;
    const to = from + Number.parseInt(size, 16);
    if (bytes.slice(to, to + 2) !== '\r\n') return undefined;
    if (from === to) return { body, rest: bytes.slice(to + 2) };
    body += bytes.slice(from, to);
    at = to + 2;
  }
}

/** A request as an upstream that takes nothing odd reads it. */
export interface Request {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const REQUEST_LINE = /^[A-Z-]+ \S+ HTTP\/1\.1$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: /;

/** Whole requests and what is behind them. Throws at anything that two servers could read in two ways. */
export function readRequests(bytes: string): { readonly requests: Request[]; readonly rest: string } {
  const requests: Request[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return { requests, rest };
    const [line = '', ...headers] = rest.slice(0, end).split('\r\n');
    if (!REQUEST_LINE.test(line)) throw new Error(`an odd request line: ${JSON.stringify(line)}`);
    const odd = headers.find((header) => !HEADER.test(header) || hasControls(header));
    if (odd !== undefined) throw new Error(`an odd header: ${JSON.stringify(odd)}`);
    const body = framed(headers, rest.slice(end + 4));
    if (body === undefined) return { requests, rest };
    requests.push({ line, headers, body: body.body });
    rest = body.rest;
  }
}

/** A tab is none. */
function hasControls(text: string): boolean {
  return Buffer.from(text, 'latin1').some((byte) => (byte < 32 && byte !== 9) || byte === 127);
}

function framed(headers: readonly string[], bytes: string) {
  const of = (name: string) => headers.filter((header) => header.toLowerCase().startsWith(`${name}:`));
  const [hosts, lengths, codings] = [of('host'), of('content-length'), of('transfer-encoding')];
  if (hosts.length !== 1) throw new Error(`${hosts.length} Hosts`);
  if (lengths.length + codings.length > 1)
    throw new Error(`two framings: ${[...lengths, ...codings].join()}`);
  if (codings[0] !== undefined) {
    if (!/: chunked$/i.test(codings[0])) throw new Error(`an odd coding: ${codings[0]}`);
    return chunkedBody(bytes);
  }
  const [, length = '0'] = /: (\d+)$/.exec(lengths[0] ?? '') ?? [];
  if (lengths[0] !== undefined && !/: \d+$/.test(lengths[0])) throw new Error(`an odd length: ${lengths[0]}`);
  return bytes.length < Number(length)
    ? undefined
    : { body: bytes.slice(0, Number(length)), rest: bytes.slice(Number(length)) };
}
