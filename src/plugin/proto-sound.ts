/**
 * Whether the bytes of a message mean the same to everyone. Protobuf's libraries differ on what is not well formed: Go refuses
 * a field that runs over the end of its message and skips one of another wire type, ours reads on. A question or a Write that
 * two sides read differently must never be answered or captured by the reading of one.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** Of a message within a message within …; no sound question comes near. */
const MAX_DEPTH = 100;
/** Tags and lengths: what is longer is written in an odd way. */
const MAX_LENGTH_BYTES = 5;
const MAX_VARINT_BYTES = 10;

interface Shape {
  /** By field number. */
  readonly fields: ReadonlyMap<number, Field>;
}

interface Field {
  readonly wire: number;
  /** Of a message. */
  shape(): Shape | undefined;
}

const SHAPES = new Map<DescMessage, Shape>();

/** Fields that the schema does not know may be there, as long as they can be skipped; groups may not. */
export function isSound(schema: DescMessage, bytes: Uint8Array): boolean {
  return new Scan(bytes).message(shapeOf(schema), bytes.length, 0);
}

class Scan {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Ends at `end` exactly, or is not sound. */
  message(shape: Shape | undefined, end: number, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    while (this.#at < end) {
      const tag = this.#length(end);
      const number = tag === undefined ? 0 : tag >>> 3;
      if (tag === undefined || number === 0) return false;
      const wire = tag & 7;
      const field = shape?.fields.get(number);
      if (field !== undefined && field.wire !== wire) return false;
      if (!this.#value(wire, field, { end, depth })) return false;
    }
    return this.#at === end;
  }

  #value(wire: number, field: Field | undefined, within: { end: number; depth: number }): boolean {
    switch (wire) {
      case VARINT:
        return this.#varint(within.end);
      case FIXED64:
        return this.#skip(8, within.end);
      case FIXED32:
        return this.#skip(4, within.end);
      case BYTES: {
        const length = this.#length(within.end);
        if (length === undefined || this.#at + length > within.end) return false;
        const shape = field?.shape();
        return shape
          ? this.message(shape, this.#at + length, within.depth + 1)
          : this.#skip(length, within.end);
      }
      default:
        return false;
    }
  }

  #skip(length: number, end: number): boolean {
    this.#at += length;
    return this.#at <= end;
  }

  /** Below 2^31. */
  #length(end: number): number | undefined {
    let value = 0;
    for (let i = 0; i < MAX_LENGTH_BYTES && this.#at < end; i++) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value < 2 ** 31 ? value : undefined;
    }
    return undefined;
  }

  #varint(end: number): boolean {
    for (let i = 0; i < MAX_VARINT_BYTES && this.#at < end; i++) {
      const byte = this.#bytes[this.#at++] ?? 0;
      // The tenth byte holds the last of 64 bits.
      if (byte < 128) return i < MAX_VARINT_BYTES - 1 || byte <= 1;
    }
    return false;
  }
}

function shapeOf(schema: DescMessage): Shape {
  const known = SHAPES.get(schema);
  if (known) return known;
  const shape = { fields: new Map(schema.fields.map((field) => [field.number, fieldOf(field)])) };
  SHAPES.set(schema, shape);
  return shape;
}

function fieldOf(field: DescField): Field {
  // Made when it is needed: a Struct holds values that hold Structs.
  if (field.fieldKind === 'map') return { wire: BYTES, shape: once(() => entryOf(field)) };
  if (field.message) {
    const { message } = field;
    return { wire: BYTES, shape: () => shapeOf(message) };
  }
  // Lists of numbers may come packed or not: none of the schemas that are read here has one.
  return {
    wire: field.scalar === undefined ? VARINT : (WIRE[field.scalar] ?? VARINT),
    shape: () => undefined,
  };
}

/** By number of a scalar type (`ScalarType`); the others are varints. */
const WIRE: Readonly<Record<number, number>> = {
  1: FIXED64, // double
  2: FIXED32, // float
  6: FIXED64,
  7: FIXED32,
  9: BYTES, // string
  12: BYTES,
  15: FIXED32,
  16: FIXED64,
};

function entryOf(map: DescField & { fieldKind: 'map' }): Shape {
  const key: Field = { wire: WIRE[map.mapKey] ?? VARINT, shape: () => undefined };
  const { message, scalar } = map;
  const value: Field = message
    ? { wire: BYTES, shape: () => shapeOf(message) }
    : { wire: scalar === undefined ? VARINT : (WIRE[scalar] ?? VARINT), shape: () => undefined };
  return {
    fields: new Map([
      [1, key],
      [2, value],
    ]),
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
