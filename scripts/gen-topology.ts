/** topology.schema.json and docs/reference/topology.md, from the fields in src/topology. */
import { TOPOLOGY_RULES } from '../src/topology/rules.ts';
import { topologyJsonSchema } from '../src/topology/topology.ts';
import { section } from './gen-config.ts';
import { type GeneratedFile, heading } from './gen-text.ts';

export function topologyFiles(): readonly GeneratedFile[] {
  const schema = topologyJsonSchema();
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'RSFGA Edge topology',
  };
  const text = [
    ...heading('Topology'),
    'One YAML file for the NATS servers of a fleet: `rsfga-edge nats-config` makes their configurations from it, and central',
    'sidecars read it (`changelog.nats.edges`) to know which stores an edge may follow. Every mistake in it is listed at once.',
    '',
    '- It holds no secrets, and nothing is filled in from the environment: passwords are variables of nats-server,',
    '  `LOGIN_NATS_PASSWORD` in capitals with `_` for `-`; `nats-config` says which ones each server needs.',
    '- Paths and addresses are those of the machine of the nats-server.',
    '- The inbox prefix of a login is `_INBOX_` and its name: `changelog.nats.inbox_prefix` of its sidecar.',
    '',
    '```yaml',
    TOPOLOGY_EXAMPLE.trimEnd(),
    '```',
    '',
    ...Object.entries(schema.properties ?? {}).flatMap(([key, node]) => section(key, node, schema)),
    '## Rules between fields',
    '',
    ...TOPOLOGY_RULES.map((rule) => `- ${rule}`),
    '',
  ].join('\n');
  return [
    { path: 'topology.schema.json', text: `${JSON.stringify({ ...head, ...schema }, null, 2)}\n` },
    { path: 'docs/reference/topology.md', text },
  ];
}

/** Stands in the page; a test parses it. */
export const TOPOLOGY_EXAMPLE = `hub:
  store_dir: /data
  max_file: 20GB
  servers:
    - { name: nats-1, client: 0.0.0.0:4222, leafnodes: 0.0.0.0:7422, monitor: 127.0.0.1:8222 }
leaves:
  - { name: tokyo-site, client: 127.0.0.1:4222 }
centrals: [ { user: central } ]
operators: [ { user: ops } ]
readers: [ { user: monitoring } ]
products_bucket: rsfga_products
products:
  - { id: global-app, stores: [ 01J0000000000000000000000A ] }
  - { id: acme-corp, stores: [ 01J0000000000000000000000B ], object_types: [ document, folder ] }
edges:
  - { id: frankfurt, products: [ global-app, acme-corp ] }
  - { id: tokyo-1, products: [ acme-corp ], at: tokyo-site }
`;
