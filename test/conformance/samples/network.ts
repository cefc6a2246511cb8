/** Access by network address and by the kind of device. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const network: Sample = {
  name: 'access by address',
  model: `
model
  schema 1.1
type user
type organization
  relations
    define member: [user]
    define ip_based_access_policy: [organization#member with in_company_network]
    define trusted: [user with trusted_device]
type document
  relations
    define organization: [organization]
    define viewer: [user with in_company_network, organization#trusted] or ip_based_access_policy from organization

condition in_company_network(user_ip: ipaddress, cidr: string) {
  user_ip.in_cidr(cidr)
}

condition trusted_device(device: map<string>, user_ip: ipaddress) {
  device["kind"] == "managed" && !user_ip.in_cidr("203.0.113.0/24")
}
`,
  tuples: (chance) => [
    ...times(500, () => tuple(oneOf('user', 200, chance), 'member', oneOf('organization', 25, chance))),
    ...times(25, (n) =>
      tuple(`organization:${n}#member`, 'ip_based_access_policy', id('organization', n), inNetwork(n)),
    ),
    ...times(200, () =>
      tuple(oneOf('user', 200, chance), 'trusted', oneOf('organization', 25, chance), {
        name: 'trusted_device',
      }),
    ),
    ...times(700, (n) => tuple(oneOf('organization', 25, chance), 'organization', id('document', n))),
    ...times(700, (n) =>
      tuple(oneOf('user', 200, chance), 'viewer', oneOf('document', 700, chance), inNetwork(n)),
    ),
    ...times(300, () =>
      tuple(`${oneOf('organization', 25, chance)}#trusted`, 'viewer', oneOf('document', 700, chance)),
    ),
  ],
  context: (chance) => ({
    user_ip: chance.pick(ADDRESSES),
    device: { kind: chance.pick(['managed', 'own']) },
  }),
};

const NETWORKS = ['192.168.0.0/24', '10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0'] as const;
const ADDRESSES = ['192.168.0.7', '10.1.2.3', '2001:db8::1', '203.0.113.9', '::ffff:10.0.0.1'] as const;

function inNetwork(n: number): { name: string; context: { cidr: string } } {
  return { name: 'in_company_network', context: { cidr: NETWORKS[n % NETWORKS.length] ?? NETWORKS[0] } };
}
