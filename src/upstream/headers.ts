/**
 * Headers on their way through. Lists are raw, as node and undici give them: name, value, name, value, …; order, case
 * and repeated names are kept. Only what belongs to one hop is taken out (RFC 9110 section 7.6.1).
 */

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** `Host` becomes the upstream's own; `Expect` was answered by this hop, which has a 100 Continue of its own. */
const NOT_SENT_ON: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'expect']);

/** What an inner sidecar said about its own answer; this hop says it anew (design section 6). */
const INNER_VIEW: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'rsfga-served-by',
  'rsfga-staleness-ms',
  'rsfga-declined',
  'rsfga-revision',
]);

const LOOKED_AT_IN_REQUESTS = lengthsOf([...NOT_SENT_ON, 'content-length']);
const LOOKED_AT_IN_ANSWERS = lengthsOf([...INNER_VIEW, 'content-length', 'openfga-authorization-model-id']);

export interface RequestHead {
  readonly headers: string[];
  /** Whether the message is framed as having a body (RFC 9112 section 6.3). */
  readonly hasBody: boolean;
}

export function requestHead(raw: readonly string[], without?: string): RequestHead {
  const headers: string[] = [];
  let named: readonly string[] = [];
  let hasBody = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = lowerCase(name, LOOKED_AT_IN_REQUESTS);
    if (lower === 'connection') named = [...named, ...namedIn(value)];
    else if (lower === 'transfer-encoding' || (lower === 'content-length' && value !== '0')) hasBody = true;
    if (!NOT_SENT_ON.has(lower)) headers.push(name, value);
  }
  return { headers: leaveOut(headers, without === undefined ? named : [...named, without]), hasBody };
}

export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  /** End-to-end headers of the upstream, without what an inner sidecar said about itself. */
  readonly headers: string[];
  /** `Openfga-Authorization-Model-Id`: the model that upstream resolved. */
  readonly modelId: string | undefined;
  /** `Rsfga-Revision` of an inner sidecar. */
  readonly revision: string | undefined;
  /** Declared length of the body; undefined for a stream. */
  readonly length: number | undefined;
}

/** `raw` is the list beside undici's parsed headers: bytes of Latin-1. */
export function answerHead(status: number, statusText: string, raw: unknown): AnswerHead {
  const list = latin1List(raw);
  const headers: string[] = [];
  let named: readonly string[] = [];
  let modelId: string | undefined;
  let revision: string | undefined;
  let length: number | undefined;
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = list[i] ?? '';
    const value = list[i + 1] ?? '';
    const lower = lowerCase(name, LOOKED_AT_IN_ANSWERS);
    if (lower === 'connection') named = [...named, ...namedIn(value)];
    else if (lower === 'openfga-authorization-model-id') modelId = value;
    else if (lower === 'rsfga-revision') revision = value;
    else if (lower === 'content-length') length = Number(value);
    if (!INNER_VIEW.has(lower)) headers.push(name, value);
  }
  const reason = SAYABLE.test(statusText) ? statusText : '';
  return { status, statusText: reason, headers: leaveOut(headers, named), modelId, revision, length };
}

/** As node says a reason: with any other it throws, and the answer would be lost. */
const SAYABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Every forwarded header passes here: most names are let by for their length, which costs no new string. */
function lowerCase(name: string, lookedAt: Uint8Array): string {
  return lookedAt[name.length] === 1 ? name.toLowerCase() : '';
}

function lengthsOf(names: readonly string[]): Uint8Array {
  const lengths = new Uint8Array(64);
  for (const name of names) lengths[name.length] = 1;
  return lengths;
}

function latin1List(raw: unknown): string[] {
  if (!Array.isArray(raw)) throw new TypeError('the raw headers of an answer are a list');
  return raw.map((item: unknown) => (Buffer.isBuffer(item) ? item.toString('latin1') : String(item)));
}

/** Names that a `Connection` header lists, lower case. */
function namedIn(value: string): string[] {
  if (value === 'keep-alive' || value === 'close') return [];
  return value.split(',').map((name) => name.trim().toLowerCase());
}

function leaveOut(headers: string[], named: readonly string[]): string[] {
  if (named.length === 0) return headers;
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!named.includes(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
