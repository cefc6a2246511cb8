import { describe, expect, test } from 'vitest';
import { inCidr, parseIpAddress, sameAddress } from '../../../src/engine/cel/ip-address.ts';

function address(text: string): NonNullable<ReturnType<typeof parseIpAddress>> {
  const parsed = parseIpAddress(text);
  if (!parsed) throw new Error(`no address ${text}`);
  return parsed;
}

describe('addresses, as Go’s netip parses them', () => {
  test.each([
    '1.2.3.4',
    '::',
    '::1',
    '2001:db8::',
    '1:2:3:4:5:6:7:8',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7::',
  ])('%s is one', (text) => {
    expect(parseIpAddress(text)).toBeDefined();
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.04',
    '1.2.3.256',
    '1.2.3.4 ',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7:8::',
    '%eth0',
  ])('%j is none', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  test('are the same however they are written', () => {
    expect(sameAddress(address('::1'), address('0:0:0:0:0:0:0:1'))).toBe(true);
    expect(sameAddress(address('1.2.3.4'), address('::ffff:1.2.3.4'))).toBe(true);
    expect(sameAddress(address('1.2.3.4'), address('1.2.3.5'))).toBe(false);
  });
});

describe('ranges', () => {
  test.each([
    ['192.168.0.1', '192.168.0.0/24', true],
    ['192.168.1.1', '192.168.0.0/24', false],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['::1', '::/0', true],
    ['::1', '0.0.0.0/0', false],
    ['1.2.3.4', '::/0', false],
    ['fe80::1%eth0', 'fe80::/10', false],
    ['1.2.3.4', '1.2.3.4/33', undefined],
    ['1.2.3.4', '1.2.3.4/032', undefined],
    ['1.2.3.4', '1.2.3.4', undefined],
    ['fe80::1', 'fe80::%eth0/10', undefined],
  ])('%s in %s: %s', (ip, cidr, expected) => {
    expect(inCidr(address(ip), cidr)).toBe(expected);
  });
});
