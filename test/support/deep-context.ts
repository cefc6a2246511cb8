/** Field 6 of a CheckRequest: a context whose value is a list in a list in a list …, by hand. */
export function deepContext(depth: number): Buffer {
  const heads: Buffer[] = [];
  let length = 0;
  // From the inside out: Value.list_value (6) and ListValue.values (1).
  for (let i = 0; i < depth; i++) {
    for (const tag of [0x0a, 0x32]) {
      const head = Buffer.concat([Buffer.from([tag]), varint(length)]);
      heads.push(head);
      length += head.length;
    }
  }
  const value = Buffer.concat(heads.reverse());
  return field(0x32, field(0x0a, Buffer.concat([field(0x0a, Buffer.from('a')), field(0x12, value)])));
}

function field(tag: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
