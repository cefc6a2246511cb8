/** Request bodies and query strings in, protojson with unpopulated fields out (contract section 1.3). */
import {
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import type { FgaError } from '../../../src/fga/error.ts';
import { MAX_REQUEST_BYTES } from '../../../src/fga/limits.ts';
import { GatewayError } from './call.ts';

export type Fields = Readonly<Record<string, JsonValue>>;

/** An empty body is an empty message. Unknown fields are ignored. The wording of a refusal is not upstream's. */
export function readMessage<Desc extends DescMessage>(schema: Desc, body: Uint8Array): MessageShape<Desc> {
  const message = readPart(schema, readFields(body));
  // The limit counts the bytes that the gateway would send on.
  if (body.length > MAX_REQUEST_BYTES) refuseTooLarge(toBinary(schema, message).length);
  return message;
}

/** `size` is that of the protobuf message. */
export function refuseTooLarge(size: number): void {
  if (size <= MAX_REQUEST_BYTES) return;
  const message = `grpc: received message larger than max (${size} vs. ${MAX_REQUEST_BYTES})`;
  throw new GatewayError('resource_exhausted', message);
}

/** A message within a body that has no schema of its own. */
export function readPart<Desc extends DescMessage>(schema: Desc, value: JsonValue): MessageShape<Desc> {
  try {
    return fromJson(schema, value, { ignoreUnknownFields: true });
  } catch (cause) {
    throw malformed(cause);
  }
}

export function readFields(body: Uint8Array): Fields {
  if (body.length === 0) return {};
  const value = parsed(body);
  if (isFields(value)) return value;
  throw new GatewayError('validation_error', 'syntax error (line 1:1): unexpected token');
}

/** `''` when unset. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value === 'string') return value;
  throw new GatewayError('validation_error', `invalid value for string field ${name}: ${value}`);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `''` when unset. Throws where it is given twice. */
export function parameter(search: URLSearchParams, name: string): string {
  const [value = '', ...more] = search.getAll(name);
  if (more.length === 0) return value;
  const values = [value, ...more].join(', ');
  throw new GatewayError('validation_error', `too many values for field "${name}": ${values}`);
}

/** An `int32` of the query string. */
export function intParameter(search: URLSearchParams, name: string): number | undefined {
  const text = parameter(search, name);
  if (!search.has(name)) return undefined;
  const isNumber = /^[+-]?\d+$/.test(text);
  if (isNumber && Math.abs(Number(text)) < 2 ** 31) return Number(text);
  const why = isNumber ? 'value out of range' : 'invalid syntax';
  const fault = `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`;
  throw new GatewayError('validation_error', `parsing field "${name}": ${fault}`);
}

/** Milliseconds since 1970 of an RFC 3339 time in the query string. */
export function timeParameter(search: URLSearchParams, name: string): number | undefined {
  const text = parameter(search, name);
  if (!search.has(name)) return undefined;
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = isTime ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  const why = `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.999999999Z07:00"`;
  throw new GatewayError('validation_error', `parsing field "${name}": ${why}`);
}

/** RFC 3339 with 0 or 3 digits of a second. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** As Go's protojson with `EmitUnpopulated`: unset messages are `null`, unset members of a oneof are left out. */
export function emit<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Fields {
  return withNulls(schema, toJson(schema, message, { alwaysEmitImplicit: true }) as JsonValue) as Fields;
}

function withNulls(schema: DescMessage, value: JsonValue): JsonValue {
  if (!isFields(value) || schema.typeName.startsWith('google.protobuf.')) return value;
  const whole: Record<string, JsonValue> = { ...value };
  for (const field of schema.fields) {
    if (!field.message) continue;
    const inner = field.message;
    const held = whole[field.jsonName];
    if (held === undefined) {
      if (!field.oneof) whole[field.jsonName] = null;
    } else if (field.fieldKind === 'list' && Array.isArray(held)) {
      whole[field.jsonName] = held.map((item) => withNulls(inner, item));
    } else if (field.fieldKind === 'map' && isFields(held)) {
      const entries = Object.entries(held).map(([key, item]) => [key, withNulls(inner, item)]);
      whole[field.jsonName] = Object.fromEntries(entries) as Fields;
    } else {
      whole[field.jsonName] = withNulls(inner, held);
    }
  }
  return whole;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): FgaError {
  const { message } = cause as Error;
  const text = message.includes('Unexpected end') ? 'malformed JSON' : message;
  return new GatewayError('validation_error', text, { cause });
}
