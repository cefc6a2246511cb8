/**
 * A topology → the configuration of each nats-server, as text. The accounts are the same on every server; a login stands
 * only where it is used. Passwords are variables of nats-server (`$TOKYO_NATS_PASSWORD`), which it takes from its environment.
 */
import { type Address, addressText } from '../config/config.ts';
import { block, indented, listLines, quoted, word } from './conf-text.ts';
import { guestAccount, leafUser, variableOf } from './login.ts';
import type { HubServer, Leaf, Topology } from './topology.ts';
import { hubAccounts, leafAccounts } from './users.ts';

export interface ServerConf {
  readonly server: string;
  /** What nats-server reads with `-c`. */
  readonly text: string;
}

/** Seconds from one try of a leaf node to reach the hub to the next. It tries without end. */
const RECONNECT_S = 1;
/** As whom the servers of the hub log in to each other. */
const ROUTE_USER = 'route';

/** One per server; `from` names the topology in the first line. */
export function serverConfs(topology: Topology, from: string): readonly ServerConf[] {
  const secrets = topology.secrets === undefined ? [] : [`include ${quoted(topology.secrets)}`];
  const conf = (server: string, lines: readonly string[]) => ({
    server,
    text: `${[head(from), ...secrets, ...lines].join('\n')}\n`,
  });
  return [
    ...topology.hub.servers.map((server) => conf(server.name, hubLines(topology, server))),
    ...topology.leaves.map((leaf) => conf(leaf.name, leafLines(topology, leaf))),
  ];
}

/** The environment variables with passwords that the server needs. */
export function variablesIn(text: string): readonly string[] {
  return [
    ...new Set(
      [...text.matchAll(/\$([A-Z][A-Z0-9_]*_NATS_(?:PASSWORD|URL|SEED))/g)].map(([, name]) => name ?? ''),
    ),
  ];
}

function head(from: string): string {
  return [
    `# Made from ${from}: change that file, then run rsfga-edge nats-config again.`,
    '# Passwords are variables, of the environment unless a file is included; begin them with a letter, since nats-server reads a value like 123 as a number.',
  ].join('\n');
}

function hubLines(topology: Topology, server: HubServer): string[] {
  const { hub } = topology;
  return [
    `server_name: ${word(server.name)}`,
    ...listening(server.client, server.monitor),
    ...tlsLines(hub.tls, hub.tls?.verify === 'yes'),
    '',
    ...block('jetstream', [`domain: ${word(hub.domain)}`, ...storage(hub)]),
    ...clusterLines(topology, server),
    ...leafListener(topology, server),
    '',
    ...hubAccounts(topology),
  ];
}

function leafLines(topology: Topology, leaf: Leaf): string[] {
  const own = leaf.jetstream;
  return [
    `server_name: ${word(leaf.name)}`,
    ...listening(leaf.client, leaf.monitor),
    ...tlsLines(leaf.tls, leaf.tls?.verify === 'yes'),
    '',
    ...(own ? [...block('jetstream', [`domain: ${word(leaf.name)}`, ...storage(own)]), ''] : []),
    ...block('leafnodes', [
      `reconnect: ${quoted(`${RECONNECT_S}s`)}`,
      'remotes: [',
      ...indented(remote(topology, leaf)),
      ']',
    ]),
    '',
    ...leafAccounts(topology, leaf),
  ];
}

function listening(client: Address, monitor: Address | undefined): string[] {
  return [
    `listen: ${quoted(addressText(client))}`,
    ...(monitor ? [`http: ${quoted(addressText(monitor))}`] : []),
  ];
}

function storage(of: { store_dir: string; max_memory: string; max_file: string }): string[] {
  return [
    `store_dir: ${quoted(of.store_dir)}`,
    `max_memory_store: ${of.max_memory}`,
    `max_file_store: ${of.max_file}`,
  ];
}

function clusterLines({ hub }: Topology, server: HubServer): string[] {
  if (server.cluster === undefined) return [];
  const others = hub.servers.filter(({ name, cluster }) => name !== server.name && cluster !== undefined);
  const routes = others.flatMap((one) => [
    `# nats://${ROUTE_USER}:PASSWORD@${one.host ?? one.name}:${one.cluster?.port}`,
    `$${routeVariable(one.name)}`,
  ]);
  const login = [`user: ${ROUTE_USER}`, `password: $${variableOf(ROUTE_USER)}`, 'timeout: 5'];
  return [
    '',
    ...block('cluster', [
      `name: ${word(hub.cluster)}`,
      `listen: ${quoted(addressText(server.cluster))}`,
      ...block('authorization', login),
      // Servers of a cluster check each other, whatever is asked of clients.
      ...tlsLines(hub.tls, true),
      ...listLines('routes', routes),
    ]),
  ];
}

function leafListener({ hub }: Topology, server: HubServer): string[] {
  if (server.leafnodes === undefined) return [];
  const tls = tlsLines(hub.tls, hub.tls?.verify === 'yes');
  return ['', ...block('leafnodes', [`listen: ${quoted(addressText(server.leafnodes))}`, ...tls])];
}

/** With a password the address is a variable as a whole: nats-server fills in none inside of a text. */
function remote(topology: Topology, leaf: Leaf): string[] {
  const { hub } = topology;
  const scheme = hub.tls ? 'tls' : 'nats-leaf';
  const urls = hub.servers.flatMap((one) =>
    one.leafnodes ? [quoted(`${scheme}://${one.host ?? one.name}:${one.leafnodes.port}`)] : [],
  );
  const hosts = hub.servers.map((one) => `${one.host ?? one.name}:${one.leafnodes?.port}`).join(', ');
  const login =
    leaf.nkey === undefined
      ? [
          `# ${scheme}://${leafUser(leaf.name)}:PASSWORD@HOST:PORT of ${hosts}`,
          `url: $${urlVariable(leaf.name)}`,
        ]
      : [`urls: [ ${urls.join(', ')} ]`, `nkey: $${seedVariable(leaf.name)}`];
  const tls = hub.tls && leaf.hub_ca ? block('tls', [`ca_file: ${quoted(leaf.hub_ca)}`]) : [];
  return ['{', ...indented([...login, `account: ${word(guestAccount(topology, leaf.name))}`, ...tls]), '}'];
}

/** `NATS_2_ROUTE_NATS_URL`, with the login in it. */
export function routeVariable(server: string): string {
  return variableOf(server).replace(/_NATS_PASSWORD$/, '_ROUTE_NATS_URL');
}

/** `TOKYO_LEAF_NATS_SEED`: the secret half of the leaf node's nkey. */
export function seedVariable(leaf: string): string {
  return variableOf(leaf).replace(/_NATS_PASSWORD$/, '_LEAF_NATS_SEED');
}

/** `TOKYO_LEAF_NATS_URL`, with the login in it. */
export function urlVariable(leaf: string): string {
  return variableOf(leaf).replace(/_NATS_PASSWORD$/, '_LEAF_NATS_URL');
}

function tlsLines(tls: Topology['hub']['tls'], verify: boolean): string[] {
  if (tls === undefined) return [];
  return block('tls', [
    `cert_file: ${quoted(tls.cert)}`,
    `key_file: ${quoted(tls.key)}`,
    ...(tls.ca === undefined ? [] : [`ca_file: ${quoted(tls.ca)}`]),
    ...(verify ? ['verify: true'] : []),
  ]);
}
