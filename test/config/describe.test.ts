import { expect, test } from 'vitest';
import { describeConfig, secretsOf } from '../../src/config/describe.ts';
import type { SchemaNode } from '../../src/config/explain.ts';
import { configJsonSchema, parseConfig } from '../../src/config/load.ts';

const CONFIG = parseConfig(
  'role: edge\nupstream: { http: "http://h:1", api_token: api-secret }\nadmin: { token: admin-secret }\n' +
    'changelog: { nats: { servers: [ nats://h:1 ], user: u, password: nats-secret } }\n' +
    'default_tier: { warm: { store: "redis://:redis-secret@h" } }\n' +
    `products: [ { id: p, stores: [ "*" ], tier: { warm: { store: { module: ./c.js, uri: "db://uri-secret" } } } } ]\n` +
    'auth: { method: preshared, keys: [ key-secret ], limited: [ { key: lim-secret, products: [ p ] } ] }\n',
);

test('the configuration is shown whole, with its secrets masked', () => {
  const shown = describeConfig(CONFIG);
  expect(shown).toMatchObject({ upstream: { http: 'http://h:1', apiToken: '***' }, admin: { token: '***' } });
  expect(JSON.stringify(shown)).not.toContain('-secret');
});

test('the logger is told every secret value', () => {
  expect([...secretsOf(CONFIG)].sort()).toEqual([
    'admin-secret',
    'api-secret',
    'db://uri-secret',
    'key-secret',
    'lim-secret',
    'nats-secret',
    'redis-secret',
    'redis://:redis-secret@h',
  ]);
});

test('no field is declared secret without being masked', () => {
  expect([...new Set(secretNames(configJsonSchema()))].sort()).toEqual([
    'api_token',
    'key',
    'password',
    'store',
    'token',
    'uri',
  ]);
});

function secretNames(node: SchemaNode): string[] {
  const forms = [node, ...(node.anyOf ?? [])];
  const children = forms.flatMap((form) => Object.entries(form.properties ?? {}));
  const own = children.filter(([, child]) => child['x-secret'] === true).map(([name]) => name);
  return [
    ...own,
    ...children.flatMap(([, child]) => secretNames(child)),
    ...(node.items ? secretNames(node.items) : []),
  ];
}
