/** IP addresses and prefixes in the grammar of Go's `net/netip`. */

export class IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
  /** IPv6 zone, or `''`. */
  readonly zone: string;

  constructor(bits: 32 | 128, value: bigint, zone = '') {
    this.bits = bits;
    this.value = value;
    this.zone = zone;
  }
}

/** As OpenFGA's `ParseIPAddress`: an IPv4-mapped IPv6 address becomes IPv4. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const address = parseAddress(text);
  return address && unmapped(address);
}

/** Undefined: the prefix is malformed. */
export function inCidr(address: IpAddress, cidr: string): boolean | undefined {
  const slash = cidr.lastIndexOf('/');
  if (slash < 0) return undefined;
  const network = parseAddress(cidr.slice(0, slash));
  const length = cidr.slice(slash + 1);
  if (network?.zone !== '' || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  let bits = Number(length);
  if (bits > network.bits) return undefined;
  const base = unmapped(network);
  if (base.bits !== network.bits && bits < 96) return matches(network, bits, address);
  if (base.bits !== network.bits) bits -= 96;
  return matches(base, bits, address);
}

export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.bits === b.bits && a.value === b.value && a.zone === b.zone;
}

function matches(network: IpAddress, bits: number, address: IpAddress): boolean {
  if (address.zone !== '' || address.bits !== network.bits) return false;
  const drop = BigInt(network.bits - bits);
  return address.value >> drop === network.value >> drop;
}

const MAPPED = 0xffffn;

function unmapped(address: IpAddress): IpAddress {
  if (address.bits === 32 || address.value >> 32n !== MAPPED) return address;
  return new IpAddress(32, address.value & 0xffffffffn);
}

function parseAddress(text: string): IpAddress | undefined {
  for (const char of text) {
    if (char === '.') return parseV4(text);
    if (char === ':') return parseV6(text);
    if (char === '%') return undefined;
  }
  return undefined;
}

function parseV4(text: string): IpAddress | undefined {
  const fields = text.split('.');
  if (fields.length !== 4) return undefined;
  let value = 0n;
  for (const field of fields) {
    if (!/^(0|[1-9]\d{0,2})$/.test(field) || Number(field) > 255) return undefined;
    value = (value << 8n) | BigInt(field);
  }
  return new IpAddress(32, value);
}

function parseV6(text: string): IpAddress | undefined {
  const percent = text.indexOf('%');
  const zone = percent < 0 ? '' : text.slice(percent + 1);
  if (percent >= 0 && zone === '') return undefined;
  const body = percent < 0 ? text : text.slice(0, percent);
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '', true) : [];
  if (!head || !tail) return undefined;
  const known = head.length + tail.length;
  if (halves.length === 1 ? known !== 8 : known > 7) return undefined;
  const groups = [...head, ...new Array<number>(8 - known).fill(0), ...tail];
  return new IpAddress(
    128,
    groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n),
    zone,
  );
}

/** 16-bit groups; the last may be an IPv4 address where `last` says that the text ends the address. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const fields = text.split(':');
  for (const [index, field] of fields.entries()) {
    if (field.includes('.')) {
      const v4 = last && index === fields.length - 1 ? parseV4(field) : undefined;
      if (!v4) return undefined;
      groups.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(field)) groups.push(Number.parseInt(field, 16));
    else return undefined;
  }
  return groups;
}
