/** Just enough of DER (X.690) to write certificates. */

const LONG = 0x80;

export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < LONG) return Buffer.from([length]);
  const digits = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([LONG | digits.length]), digits]);
}

export const sequence = (...members: readonly Uint8Array[]) => tlv(0x30, ...members);
export const set = (...members: readonly Uint8Array[]) => tlv(0x31, ...members);
export const boolean = (value: boolean) => tlv(0x01, Buffer.from([value ? 0xff : 0]));
/** 0 to 127. */
export const integer = (value: number) => tlv(0x02, Buffer.from([value]));
export const bits = (bytes: Uint8Array) => tlv(0x03, Buffer.from([0]), bytes);
export const octets = (bytes: Uint8Array) => tlv(0x04, bytes);
export const utf8 = (text: string) => tlv(0x0c, Buffer.from(text));
/** Inside of a `[n]` that holds other elements. */
export const tagged = (n: number, ...members: readonly Uint8Array[]) => tlv(0xa0 | n, ...members);
/** In the place of a plain element's own tag. */
export const implicit = (n: number, bytes: Uint8Array) => tlv(0x80 | n, bytes);

/** `2.5.29.17` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | LONG);
  return digits;
}

/** UTCTime, to the second. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}
