/** Every field of a topology file, once: the NATS servers of a fleet, who logs in to them, and what each edge may follow. */
import type * as z from 'zod';
import { address, group, list, oneOf, text } from '../plugin/schema.ts';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const NAME_EXPECTED = 'a name of letters, digits, _ and -, at most 64';
const SIZE = /^\d+(KB|MB|GB|TB)$/;

const name = (says: string) => text(says, NAME_EXPECTED, NAME);
const size = (says: string) => text(says, 'a size such as 256MB or 20GB', SIZE);
const file = (says: string) =>
  text(says, 'a path on the machine of the nats-server, with / and without quotes', /^[^"'\\\s]+$/);

const tls = (says: string) =>
  group(says, {
    cert: file('PEM file of its certificate.'),
    key: file('PEM file of its key.'),
    ca: file('PEM file of the authorities that are trusted.').optional(),
    verify: oneOf('Whether clients and leaf nodes must show a certificate, too.', ['yes', 'no']).prefault(
      'no',
    ),
  });

/** Public keys are no secret. */
const nkey = text(
  'Public nkey to log in with, in the place of a password.',
  'a public user nkey: U and 55 letters and digits',
  /^U[A-Z2-7]{55}$/,
).optional();

const login = group('One login.', { user: name('Its name.'), nkey });

const logins = (says: string) =>
  list(says, login, 'a list of logins, such as [ { user: central } ]').prefault([]);

const server = group('One nats-server of the hub.', {
  name: name('Its name in the cluster.'),
  host: text(
    'How other servers reach it. Default: its name.',
    'a host name or address without a port',
    /^[A-Za-z0-9._:-]+$/,
  ).optional(),
  client: address('Where sidecars connect.', 1).prefault('0.0.0.0:4222'),
  cluster: address(
    'Where the other servers of the hub connect. Needed where there are several.',
    1,
  ).optional(),
  leafnodes: address('Where leaf nodes connect. Needed where there are `leaves`.', 1).optional(),
  monitor: address('Monitoring over HTTP, without a login: keep it on loopback.', 1).optional(),
});

const jetstream = {
  store_dir: file('Folder of its data.').prefault('/data'),
  max_file: size(
    'Disk that JetStream may reserve. The stream asks for 4 GB, snapshots and products come beside it.',
  ).prefault('8GB'),
  max_memory: size('Memory that JetStream may reserve.').prefault('256MB'),
};

const hub = group('The NATS servers at the centre: they hold the stream.', {
  cluster: name('Name of their cluster.').prefault('central'),
  domain: name('JetStream domain of the hub.').prefault('hub'),
  ...jetstream,
  servers: list('The servers.', server, 'a list of servers, at least one').min(1, {
    error: 'a list of servers, at least one',
  }),
  tls: tls('TLS of all their listeners.').optional(),
});

const leaf = group('A nats-server of a region or of a site, attached to the hub as a leaf node.', {
  name: name('Its name; it logs in to the hub as `leaf-NAME`.'),
  nkey,
  client: address('Where its edges connect.', 1).prefault('127.0.0.1:4222'),
  monitor: address('Monitoring over HTTP, without a login: keep it on loopback.', 1).optional(),
  jetstream: group(
    'A JetStream of its own, in a domain named after it. RSFGA Edge does not need it.',
    jetstream,
  ).optional(),
  tls: tls('TLS of its client listener.').optional(),
  hub_ca: file('PEM file of the authority that signed the certificates of the hub.').optional(),
});

const product = group('A name for some stores.', {
  id: text('Its id.', 'a name of letters, digits, . _ and -, at most 64', /^[A-Za-z0-9._-]{1,64}$/),
  stores: list(
    'Its stores. `"*"`, alone in the list, is every store.',
    text(
      'One store.',
      'a store id (26 capital letters and digits), or "*"',
      /^([ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}|\*)$/,
    ),
    'a list of store ids, at least one',
  ).min(1, { error: 'a list of store ids, at least one' }),
  object_types: list(
    'Only the tuples of these object types. Without it: all.',
    text('One object type.', 'the name of an object type, such as document', /^[^:#@*\s]{1,254}$/),
    'a list of object types, at least one',
  )
    .min(1, { error: 'a list of object types, at least one' })
    .optional(),
});

const edge = group('One edge, or another sidecar that follows.', {
  id: name('Its `edge_id`: also its login.'),
  nkey,
  products: list(
    'The products that it may follow.',
    text('One product.'),
    'a list of product ids, at least one',
  ).min(1, {
    error: 'a list of product ids, at least one',
  }),
  at: name('The leaf node that it connects to. Default: the hub.').optional(),
  snapshots: group('Its bucket of snapshots. All that a bucket holds can be read by everyone who has it.', {
    bucket: name('Name of the bucket: `snapshots.bucket` of the edge.').prefault('RSFGA_SNAPSHOTS'),
    write: oneOf('Whether it may write snapshots, too.', ['yes', 'no']).prefault('no'),
  }).optional(),
});

export const topologyFields = group('The NATS servers of a fleet, and who may do what there.', {
  account: name('The account of all sidecars, the same on every server.').prefault('RSFGA'),
  stream: text(
    'The stream of changes: `changelog.nats.stream` of the sidecars.',
    `${NAME_EXPECTED}, that begins with neither KV_ nor OBJ_ as those of buckets do`,
    /^(?!KV_|OBJ_)[A-Za-z0-9_-]{1,64}$/,
  ).prefault('RSFGA_CHANGES'),
  products_bucket: name(
    'The bucket of products, where sidecars have `registry: nats-kv`. Without it nobody reads one.',
  ).optional(),
  secrets: file(
    'File beside the configuration of each server with its passwords, a line `NAME: "…"` for each that it needs and for no other, in the place of its environment. A reload takes up new ones.',
  ).optional(),
  hub,
  leaves: list('Leaf nodes.', leaf, 'a list of leaf nodes').prefault([]),
  centrals: logins('Logins of central sidecars: they may publish changes.'),
  operators: logins(
    'Logins for commands: products are applied, stores copied again, remembered answers dropped.',
  ),
  readers: logins('Logins for monitoring: they see how far everyone is, and no changes.'),
  products: list('What edges may follow, by name.', product, 'a list of products').prefault([]),
  edges: list('Who follows what.', edge, 'a list of edges').prefault([]),
});

export type TopologyFields = z.output<typeof topologyFields>;
