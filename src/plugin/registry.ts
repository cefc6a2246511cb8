/**
 * The plugins that this version brings: their names as they stand in the YAML, and their options. `plugins/index.ts`
 * pairs each name with the code behind it; a new plugin is one entry here, one file and one line there.
 */
import { choice, type OutsideSpecs, openChoice } from './choice.ts';
import { count, duration, group, type LaterKeys, list, path, secret, text } from './schema.ts';
import { secretOr } from './secret-or.ts';
import { CLIENT_TLS } from './tls-files.ts';

/** A change log carries transactions from the centre to the edges. */
const CHANGELOGS = {
  nats: {
    summary: 'NATS JetStream: the production change log.',
    options: group('Where the stream is and how it is made.', {
      servers: list(
        'Servers to connect to; the others of the cluster are learnt from them.',
        text(
          'One server.',
          'a NATS URL without a login, such as nats://127.0.0.1:4222 or tls://nats.example.com:4222',
          /^(nats|tls):\/\/[^\s/@]+$/,
        ),
        'a list of NATS URLs, at least one, such as [ nats://127.0.0.1:4222 ]',
      ).min(1, { error: 'a list of NATS URLs, at least one' }),
      stream: text(
        'Name of the JetStream stream. Created when it is not there.',
        'a stream name: letters, digits, _ and -',
        /^[A-Za-z0-9_-]{1,64}$/,
      ).prefault('RSFGA_CHANGES'),
      replicas: count('Copies of the stream in the NATS cluster, when it is created.', {
        min: 1,
        max: 5,
      }).prefault(1),
      credentials: path('A .creds file to log in with.').optional(),
      nkey: path('A file with an NKey seed (`SU…`) to log in with.').optional(),
      token: secret('A token to log in with.').optional(),
      user: text('User to log in as, with `password`.').optional(),
      password: secret('Its password.').optional(),
      inbox_prefix: text(
        'First word of the subjects on which answers come; `_INBOX` without it. Give each login its own, so that nobody hears the answers of others.',
        'a subject without wildcards, such as _INBOX_tokyo',
        /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
      ).optional(),
      domain: text(
        "JetStream domain of the stream. Behind a leaf node, and with `rsfga` in an account that imports JetStream's calls (`rsfga-edge nats-config`).",
        'a name of letters, digits, _ and -, at most 64',
        /^[A-Za-z0-9_-]{1,64}$/,
      ).optional(),
      edges: path(
        'Whoever publishes: the topology (see `rsfga-edge nats-config`) that says which stores each edge may follow. Without it: any.',
      ).optional(),
      tls: group(
        'Certificates for the connections to NATS. Where this stands, a server without TLS is refused.',
        CLIENT_TLS,
      ).optional(),
    }),
  },
  memory: {
    summary: 'In this process, lost when it ends: for the quick start and for tests.',
    options: group('No options.', {}),
  },
  upstream: {
    summary: "No broker: follows the upstream's own ReadChanges. Cannot be published to.",
    options: group('No options.', {}),
  },
} as const;

/** A store holds the tuples and models that an edge keeps. */
const STORES = {
  lmdb: {
    summary: 'On disk; a restart serves at once.',
    options: group('Where the data lies.', {
      path: path('Folder of the database. Created when it is not there.').prefault('./data'),
    }),
  },
  memory: {
    summary: 'In memory: fetched anew at every start.',
    options: group('No options.', {}),
  },
} as const;

/** Where products lie in NATS unless a configuration says otherwise. */
export const DEFAULT_SHELF = { bucket: 'rsfga_products', key: 'products' } as const;

/** A registry says which products there are, also while the sidecar runs. */
const REGISTRIES = {
  file: {
    summary: 'A YAML file of its own, with the keys `products` and `default_tier`; watched.',
    options: group('Which file.', { path: path('The file. May also stand right after `file:`.') }),
    short: 'path',
  },
  'nats-kv': {
    summary: 'A NATS KV bucket, which `rsfga-edge products apply` writes: one place for every edge.',
    options: group('Where in NATS. The servers and the login are those of `changelog.nats`.', {
      bucket: text(
        'Name of the bucket.',
        'a bucket name: letters, digits, _ and -, at most 64',
        /^[A-Za-z0-9_-]{1,64}$/,
      ).prefault(DEFAULT_SHELF.bucket),
      key: text(
        'Name of the entry: edges with different products use different ones.',
        'a name of letters, digits, _ and -, at most 64',
        /^[A-Za-z0-9_-]{1,64}$/,
      ).prefault(DEFAULT_SHELF.key),
    }),
  },
} as const;

/** A tier says what an edge keeps of a store and what it answers from it. */
const TIERS = {
  critical: {
    summary: 'Every tuple and model is kept; queries are answered here, the rest is forwarded.',
    options: group('No options.', {}),
  },
  hot: {
    summary:
      'The tuples of the listed object types are kept; a query is answered here when nothing else can be read for it.',
    options: group('What is kept.', {
      object_types: list(
        'Object types whose tuples are kept. A type becomes local once it is copied.',
        text('One object type.', 'the name of an object type, such as document', /^[^:#@*\s]{1,254}$/),
        'a list of object types, at least one, such as [ document, folder, group ]',
      ).min(1, { error: 'a list of object types, at least one, such as [ document, folder, group ]' }),
    }),
  },
  warm: {
    summary:
      'No tuples; what the upstream answered, for as long as nothing that it may have read has changed.',
    options: group('How answers are remembered.', {
      ttl: duration('An answer is remembered at most this long.', { min: 100, max: 86_400_000 }).prefault(
        '60s',
      ),
      max_entries: count('Answers kept in this process. A Redis is bounded by its own `maxmemory`.', {
        min: 1,
        max: 10_000_000,
      }).prefault(100_000),
      store: secretOr(
        'Where the answers are kept instead of in this process: a Redis, or another Keyv store that a module brings. They are sealed there.',
        secret(
          'A Redis, `redis://host:6379` or `rediss://…`.',
          'a URL such as redis://127.0.0.1:6379, best taken from the environment',
          /^rediss?:\/\/[^\s]+$/,
        ),
        group(
          'A Keyv storage adapter. Its code runs in this process; only the configuration file itself may name one.',
          {
            module: text(
              'The module; its default export is an adapter, or a class or function that makes one.',
              'a path such as ./cache.js (a relative one counts from the folder of this file), or the name of an installed npm package',
            ),
            uri: secret('What the class or function is given.').optional(),
          },
        ),
      ).optional(),
    }),
  },
  cold: {
    summary: 'Nothing is kept; everything is forwarded.',
    options: group('No options.', {}),
  },
} as const;

export const PLUGINS = { changelog: CHANGELOGS, store: STORES, tier: TIERS, registry: REGISTRIES } as const;

export type Socket = keyof typeof PLUGINS;

/** Plugin names that a later version brings. */
export const LATER_PLUGINS: Readonly<Record<Socket, LaterKeys>> = {
  changelog: { kafka: 'the Kafka change log', dual: 'publishing to NATS and Kafka at once' },
  store: {},
  registry: {},
  tier: {},
};

/** Where the YAML names tiers that this version does not bring. */
export const TIERS_KEY = 'plugins.tier';

export function changelogField(says: string) {
  return choice(says, CHANGELOGS, LATER_PLUGINS.changelog);
}

export function storeField(says: string) {
  return choice(says, STORES, LATER_PLUGINS.store);
}

export function registryField(says: string) {
  return choice(says, REGISTRIES, LATER_PLUGINS.registry);
}

/** `outside`: those that the configuration itself names. */
export function tierField(says: string, outside: OutsideSpecs = {}) {
  return openChoice(says, TIERS, { key: TIERS_KEY, outside });
}
