/** config.schema.json and docs/reference/config.md, from the fields in src/config and the plugins' options. */
import type { SchemaNode } from '../src/config/explain.ts';
import { configJsonSchema } from '../src/config/load.ts';
import { RULES } from '../src/config/rules.ts';
import { PLUGINS } from '../src/plugin/registry.ts';
import { code, type GeneratedFile, heading, table } from './gen-text.ts';

export function configFiles(): readonly GeneratedFile[] {
  const schema = configJsonSchema();
  return [
    { path: 'config.schema.json', text: `${JSON.stringify(withHead(schema), null, 2)}\n` },
    { path: 'docs/reference/config.md', text: configPage(schema) },
  ];
}

/** Stands in the page; a test parses it. */
export const EXAMPLE = `role: edge
edge_id: tokyo-1
listen: { http: 127.0.0.1:8080, grpc: 127.0.0.1:8081, admin: 127.0.0.1:8090 }
upstream: { http: http://127.0.0.1:18080, grpc: 127.0.0.1:18081, api_token: \${OPENFGA_API_TOKEN} }
changelog:
  nats: { servers: [ nats://127.0.0.1:4222 ], stream: RSFGA_CHANGES }
store: { lmdb: { path: ./data } }
products:
  - id: global-app
    stores: [ 01J0000000000000000000000A ]
    tier: critical
    max_staleness: 10s
    on_stale: forward
  - id: everything-else
    stores: [ "*" ]
    tier: cold
`;

function withHead(schema: SchemaNode): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'RSFGA Edge configuration',
    ...schema,
  };
}

function configPage(schema: SchemaNode): string {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) => section(key, node, schema));
  return [
    ...heading('Configuration'),
    'One YAML file. `rsfga-edge check-config FILE` lists every mistake in it at once, with line, column and what is allowed;',
    'unknown keys are mistakes. Editors check it against `config.schema.json`.',
    '',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the page shows it as it is written in YAML
    '- `${NAME}` in a value is filled in from the environment; a variable that is not set is a mistake. `$${` stands for `${`.',
    '- Durations are a number and a unit: `500ms`, `10s`, `5m`, `1h`, `7d`. Addresses are `host:port`.',
    '- Relative paths count from the folder of the file.',
    '- A plugin is chosen by its name: as a key with its options (`changelog: { nats: { … } }`), or as a bare word for none (`tier: critical`).',
    '',
    '```yaml',
    EXAMPLE.trimEnd(),
    '```',
    '',
    ...sections.flat(),
    '## Rules between fields',
    '',
    ...RULES.map((rule) => `- ${rule}`),
    '',
    '## Not built yet in this version',
    '',
    'These are refused with those words.',
    '',
    ...table(['key or word', 'what it will be'], laterRows(schema, '')),
    '',
  ].join('\n');
}

/** One key of a schema with its fields, as a chapter of a page. */
export function section(key: string, node: SchemaNode, root: SchemaNode): string[] {
  const required = root.required?.includes(key) ?? false;
  const rows = fieldRows(key, node);
  const facts = [
    `Allowed: ${node['x-expected'] ?? ''}.`,
    defaultText(node) || (required ? 'Must be given.' : 'Optional.'),
  ];
  const fields = rows.length === 0 ? [] : [...table(['key', 'what it is', 'allowed', 'default'], rows), ''];
  return [
    `## \`${key}\``,
    '',
    node.description ?? '',
    '',
    facts.join(' '),
    '',
    ...pluginLines(key),
    ...fields,
  ];
}

function pluginLines(key: string): string[] {
  const socket = key === 'default_tier' || key === 'products' ? 'tier' : key;
  if (!Object.hasOwn(PLUGINS, socket)) return [];
  const specs = Object.entries(PLUGINS[socket as keyof typeof PLUGINS]);
  const title = key === 'products' ? ['Tiers:', ''] : [];
  return [...title, ...specs.map(([name, { summary }]) => `- \`${name}\`: ${summary}`), ''];
}

/** The fields below a path, flattened: `listen.http`, `products[].id`, `changelog.nats.servers`. */
function fieldRows(path: string, node: SchemaNode): string[][] {
  const forms = [node, ...(node.anyOf ?? [])];
  const inner = forms.flatMap((form) =>
    Object.entries(form.properties ?? {}).map(([name, child]) => ({ name, child, form })),
  );
  const own = inner.flatMap(({ name, child, form }) => {
    const at = `${path}.${name}`;
    const must = form.required?.includes(name) && !isPluginName(path, name) ? 'must be given' : '';
    const row = [code(at), child.description ?? '', child['x-expected'] ?? '', defaultWord(child) || must];
    const grouped = child.properties !== undefined;
    const empty = grouped && Object.keys(child.properties ?? {}).length === 0;
    return [...(empty ? [] : [row]), ...fieldRows(at, child)];
  });
  return [...own, ...(node.items?.properties === undefined ? [] : fieldRows(`${path}[]`, node.items))];
}

function isPluginName(path: string, name: string): boolean {
  return Object.hasOwn(PLUGINS, path) && Object.hasOwn(PLUGINS[path as keyof typeof PLUGINS], name);
}

function defaultText(node: SchemaNode): string {
  const word = defaultWord(node);
  return word === '' ? '' : `Default: ${word}.`;
}

/** Groups have defaults of their own, field by field. */
function defaultWord(node: SchemaNode): string {
  const value = node.default;
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return '';
  return code(Array.isArray(value) ? '[]' : String(value));
}

function laterRows(node: SchemaNode, path: string): string[][] {
  const own = Object.entries(node['x-later'] ?? {}).map(([key, says]) => [
    code(path === '' ? key : `${path}: ${key}`),
    says,
  ]);
  const forms = [node, ...(node.anyOf ?? [])];
  const below = forms.flatMap((form) =>
    Object.entries(form.properties ?? {}).flatMap(([key, child]) =>
      laterRows(child, path === '' ? key : `${path}.${key}`),
    ),
  );
  const alternatives = (node.anyOf ?? []).flatMap((form) => laterRows({ ...form, properties: {} }, path));
  const items = node.items === undefined ? [] : laterRows(node.items, `${path}[]`);
  return [...own, ...alternatives, ...below, ...items];
}
