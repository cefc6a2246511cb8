/** What no single field of a topology can see. */

import type { Broken } from '../config/broken.ts';
import { EVERY_STORE } from '../config/config.ts';
import type { TopologyFields } from './fields.ts';
import { GUEST_DOMAIN, guestAccount, leaseBucket, SYSTEM_ACCOUNT, variableOf } from './login.ts';

type Sound = { readonly [Key in keyof TopologyFields]?: TopologyFields[Key] | undefined };

/** The same rules in words, for docs/reference/topology.md. */
export const TOPOLOGY_RULES = [
  "Logins have different names, also those of edges and of leaf nodes (`leaf-NAME`), and different environment variables (`-` and `_` are one there). None is called `route`. No leaf node has the name of an edge at the hub or of a reader: their accounts would be one. `account` is not `SYS`, and no JetStream has the domain `rsfga`. `products_bucket` is not the bucket of the lease, `STREAM_LEASE`. An nkey is one login's.",
  'Servers and leaf nodes have different names, products different ids. `"*"` stands alone in its product.',
  'With several servers in the hub each has `cluster`; with `leaves` each has `leafnodes`.',
  'With `hub.tls`, a hub of several servers has `hub.tls.ca`, and leaf nodes have `hub_ca`.',
  '`edges[].products` and `edges[].at` name what is there. An edge names products that overlap in no store, or only `"*"`.',
  'Who reads a bucket of snapshots may follow all that those who write to it may follow.',
] as const;

export function brokenTopology(fields: Sound): readonly Broken[] {
  return [
    ...names(fields),
    ...accounts(fields),
    ...domains(fields),
    ...lease(fields),
    ...hubAndLeaves(fields),
    ...everyStore(fields),
    ...edges(fields),
    ...buckets(fields),
  ];
}

interface Named {
  readonly path: readonly (string | number)[];
  readonly name: string;
}

function names(fields: Sound): Broken[] {
  const {
    centrals = [],
    operators = [],
    readers = [],
    edges: followers = [],
    leaves = [],
    hub,
    products = [],
  } = fields;
  const users = Object.entries({ centrals, operators, readers }).flatMap(([key, list]) =>
    list.map(({ user }, i) => ({ path: [key, i, 'user'], name: user })),
  );
  const logins = [
    // Of the servers of the hub, among each other.
    { path: ['hub'], name: 'route' },
    ...users,
    ...followers.map(({ id }, i) => ({ path: ['edges', i, 'id'], name: id })),
    ...leaves.map((leaf, i) => ({ path: ['leaves', i, 'name'], name: `leaf-${leaf.name}` })),
  ];
  const keys = Object.entries({ centrals, operators, readers, edges: followers, leaves }).flatMap(
    ([key, list]) =>
      list.flatMap(({ nkey }, i) => (nkey === undefined ? [] : [{ path: [key, i, 'nkey'], name: nkey }])),
  );
  const servers = [
    ...(hub?.servers ?? []).map((one, i) => ({ path: ['hub', 'servers', i, 'name'], name: one.name })),
    ...leaves.map((one, i) => ({ path: ['leaves', i, 'name'], name: one.name })),
  ];
  const ids = products.map(({ id }, i) => ({ path: ['products', i, 'id'], name: id }));
  return [
    ...twice(logins, variableOf, 'a login with this name or this environment variable'),
    ...twice(servers, variableOf, 'a server with this name or this environment variable'),
    ...twice(ids, (one) => one, 'a product with this id'),
    ...twice(keys, (one) => one, 'a login with this nkey'),
  ];
}

/** nats-server takes two of one name, and forgets the first with all of its logins. */
function accounts({ account = '', edges: followers = [], readers = [], leaves = [] }: Sound): Broken[] {
  const of = (key: string, i: number, field: string, name: string) => ({
    path: [key, i, field],
    name: guestAccount({ account }, name),
  });
  const guests = [
    ...readers.map(({ user }, i) => of('readers', i, 'user', user)),
    ...followers.flatMap(({ id, at }, i) => (at === undefined ? [of('edges', i, 'id', id)] : [])),
  ];
  const all = [
    { path: ['hub'], name: SYSTEM_ACCOUNT },
    { path: ['account'], name: account },
    // Two edges, or two leaf nodes, of one name are told elsewhere.
    ...distinct(guests),
    ...distinct(leaves.map(({ name }, i) => of('leaves', i, 'name', name))),
  ];
  return twice(all, (one) => one, 'an account of this name');
}

/** A JetStream of that domain would be asked in the place of the main account's. */
function domains({ hub, leaves = [] }: Sound): Broken[] {
  const all = [
    ...(hub === undefined ? [] : [{ path: ['hub', 'domain'], name: hub.domain }]),
    ...leaves.flatMap(({ name, jetstream }, i) => (jetstream ? [{ path: ['leaves', i, 'name'], name }] : [])),
  ];
  const message = `the domain ${GUEST_DOMAIN} names the calls of edges to the hub, and can be no JetStream's`;
  return all.flatMap(({ path, name }) => (name === GUEST_DOMAIN ? [{ path, message }] : []));
}

/** Whoever changes products could take it. */
function lease({ stream = '', products_bucket: products }: Sound): Broken[] {
  if (products !== leaseBucket(stream)) return [];
  return [{ path: ['products_bucket'], message: 'this is the bucket of the lease of the centrals' }];
}

function distinct(all: readonly Named[]): readonly Named[] {
  return [...new Map(all.map((one) => [one.name, one])).values()];
}

function twice(all: readonly Named[], keyOf: (name: string) => string, what: string): Broken[] {
  const seen = new Set<string>();
  return all.flatMap(({ path, name }) => {
    const key = keyOf(name);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ path, message: `there is already ${what}: ${name}` }];
  });
}

function hubAndLeaves({ hub, leaves = [] }: Sound): Broken[] {
  if (hub === undefined) return [];
  const several = hub.servers.length > 1;
  const needs = (key: 'cluster' | 'leafnodes', because: string): Broken[] =>
    hub.servers.flatMap((server, i) =>
      server[key] === undefined
        ? [{ path: ['hub', 'servers', i], message: `${key} is missing: ${because}` }]
        : [],
    );
  const secured = leaves.flatMap((leaf, i): Broken[] => {
    const path = ['leaves', i];
    const lacks = hub.tls !== undefined && leaf.hub_ca === undefined;
    return lacks ? [{ path, message: 'hub_ca is missing: the hub speaks TLS' }] : [];
  });
  const noCa = several && hub.tls !== undefined && hub.tls.ca === undefined;
  return [
    ...(several ? needs('cluster', 'the hub has several servers') : []),
    ...(leaves.length > 0 ? needs('leafnodes', 'there are leaf nodes') : []),
    ...(noCa
      ? [{ path: ['hub', 'tls'], message: 'ca is missing: the servers of the hub check each other' }]
      : []),
    ...secured,
  ];
}

function everyStore({ products = [] }: Sound): Broken[] {
  return products.flatMap(({ stores }, i) => {
    if (stores.length < 2 || !stores.includes(EVERY_STORE)) return [];
    return [
      { path: ['products', i, 'stores'], message: '"*" stands beside named stores', allowed: '"*" alone' },
    ];
  });
}

function edges({ edges: followers = [], products, leaves }: Sound): Broken[] {
  const known = new Map(products?.map((product) => [product.id, product]));
  return followers.flatMap(({ products: wanted, at }, i): Broken[] => {
    const nowhere = at !== undefined && leaves !== undefined && !leaves.some(({ name }) => name === at);
    const unknown = wanted.flatMap((id, j) =>
      products === undefined || known.has(id)
        ? []
        : [{ path: ['edges', i, 'products', j], message: `there is no product ${JSON.stringify(id)}` }],
    );
    const stores = wanted.flatMap((id) => known.get(id)?.stores ?? []);
    const overlap =
      new Set(stores).size < stores.length || (stores.includes(EVERY_STORE) && stores.length > 1);
    const message = 'a store stands in two of its products';
    return [
      ...(nowhere
        ? [{ path: ['edges', i, 'at'], message: `there is no leaf node ${JSON.stringify(at)}` }]
        : []),
      ...unknown,
      ...(overlap ? [{ path: ['edges', i, 'products'], message }] : []),
    ];
  });
}

/** A bucket cannot be read in part. */
function buckets({ edges: followers = [], products = [] }: Sound): Broken[] {
  const mayOf = (edge: NonNullable<Sound['edges']>[number]) =>
    products
      .filter(({ id }) => edge.products.includes(id))
      .flatMap(({ stores, object_types: types = [EVERY_STORE] }) =>
        stores.flatMap((store) => types.map((type) => ({ store, type }))),
      );
  const writers = followers.filter(({ snapshots }) => snapshots?.write === 'yes');
  return followers.flatMap((reader, i): Broken[] => {
    const may = mayOf(reader);
    const covers = (one: { store: string; type: string }) =>
      may.some(
        ({ store, type }) =>
          [one.store, EVERY_STORE].includes(store) && [one.type, EVERY_STORE].includes(type),
      );
    const beyond = writers.find(
      (writer) => writer.snapshots?.bucket === reader.snapshots?.bucket && !mayOf(writer).every(covers),
    );
    if (beyond === undefined) return [];
    const message = `it would read what ${beyond.id} writes to this bucket, and may not follow all of it`;
    return [{ path: ['edges', i, 'snapshots'], message, allowed: 'a bucket of its own, or none' }];
  });
}
