/**
 * Bytes of a request body → a JSON object, or "not understood", which means: forward it and let the upstream answer.
 *
 * OpenFGA reads bodies with Go's JSON decoder and then protojson. Both agree with `JSON.parse` on well-formed JSON, save
 * for what is refused here: duplicate keys (protojson refuses them, `JSON.parse` keeps the last), lone surrogates,
 * invalid UTF-8, numbers beyond a double, extreme nesting, and bodies near the upstream's message limit.
 */
import { isUtf8 } from 'node:buffer';
import { MAX_REQUEST_BYTES } from '../../fga/limits.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Thrown by the readers of this folder and caught in `parseQuery`; it never leaves the folder. */
export class NotUnderstood extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'NotUnderstood';
  }
}

/**
 * The limit counts protobuf bytes. Arrays of numbers grow the most from JSON to protobuf: `1,` takes 11 bytes, so a
 * sixth of the limit is always within it.
 */
const MAX_LOCAL_BODY = Math.floor(MAX_REQUEST_BYTES / 6);
const MAX_DEPTH = 64;
const NOTHING: Fields = Object.freeze({});

/** An empty body is an empty message (contract section 1.3). Throws `NotUnderstood`. */
export function readBody(body: Uint8Array): Fields {
  if (body.length === 0) return NOTHING;
  if (body.length > MAX_LOCAL_BODY) throw new NotUnderstood(`a body of ${body.length} bytes`);
  if (!isUtf8(body)) throw new NotUnderstood('invalid UTF-8');
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  const value = parsed(text);
  if (!isFields(value)) throw new NotUnderstood('a body that is no object');
  if (/\\u[dD][89a-fA-F]/.test(text)) throw new NotUnderstood('an escaped surrogate');
  if (countKeys(value, 0) !== countColons(body)) throw new NotUnderstood('a duplicate key');
  return value;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotUnderstood('malformed JSON');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Colons outside strings: one for each key as written. Bytes of multi-byte characters are never one of the three. */
function countColons(body: Uint8Array): number {
  let count = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) inString = !inString;
    else if (inString && byte === BACKSLASH) i++;
    else if (!inString && byte === COLON) count++;
  }
  return count;
}

/** Keys that survived parsing. */
function countKeys(value: unknown, depth: number): number {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new NotUnderstood('a number beyond a double');
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) throw new NotUnderstood(`nesting beyond ${MAX_DEPTH}`);
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item, depth + 1);
    return count;
  }
  for (const key in value) count += 1 + countKeys((value as Fields)[key], depth + 1);
  return count;
}
