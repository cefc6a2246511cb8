/** Every field of the YAML file, once: names, meaning, defaults, ranges. Design section 8 is the contract for the names. */
import type * as z from 'zod';
import type { OutsideSpecs } from '../plugin/choice.ts';
import { ENDPOINT_NAMES } from '../plugin/endpoints.ts';
import { changelogField, registryField, storeField, tierField } from '../plugin/registry.ts';
import {
  address,
  count,
  duration,
  fraction,
  group,
  list,
  oneOf,
  origin,
  path,
  secret,
  text,
  wordOr,
} from '../plugin/schema.ts';
import { authField } from './auth-fields.ts';
import { limitsField } from './limit-fields.ts';
import { pluginsField } from './plugin-fields.ts';
import { productsField } from './product-fields.ts';
import { tlsField, upstreamTls } from './tls-fields.ts';

const HOUR_MS = 3_600_000;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

const server = {
  http: origin('Base URL of its HTTP API.'),
  grpc: address('Its gRPC port.', 1).optional(),
};

const upstream = group('The server to forward to.', {
  ...server,
  tls: upstreamTls(),
  api_token: secret(
    "Bearer token of the sidecar's own calls. Clients' credentials are passed on as they came.",
  ).optional(),
  lag: duration(
    'How far its answers may lag behind a Write: 0s for a primary without caches. With `primary` set, queries of a store ' +
      'go there for so long (at least 1s) after a Write that passed through here.',
    {
      max: HOUR_MS,
    },
  ).prefault('0s'),
  primary: group('Where Writes, strong reads and bootstraps go when `http` and `grpc` name a replica.', {
    ...server,
    tls: upstreamTls(
      ' Default: those of `upstream.tls` without `server_name`, where both `http` are `https://` or neither is.',
    ),
  }).optional(),
});

export const captureFields = group('How Writes become changes.', {
  on_publish_failure: oneOf(
    'While the change log cannot be reached: `accept` lets Writes through and delivers later; `reject` answers 503 ' +
      'before the upstream sees them.',
    ['accept', 'reject'],
  ).prefault('accept'),
  wait: oneOf(
    '`published`: a Write is answered once its change is in the log, with `Rsfga-Revision`; `none`: at once.',
    ['published', 'none'],
  ).prefault('published'),
  wait_timeout: duration('The longest such wait; then the answer goes out without a revision.', {
    max: 60_000,
  }).prefault('1s'),
});

const reconcile = group("Walks of the upstream's changelog: they find what capture missed.", {
  interval: duration('Between two walks of a busy store.', { min: 50, max: HOUR_MS }).prefault('1s'),
  overlap: duration('How far back a walk starts again, for entries that arrive late or out of order.', {
    max: HOUR_MS,
  }).prefault('30s'),
  max_rps: count('Requests per second that walks of idle stores may use.', { min: 1, max: 10_000 }).prefault(
    50,
  ),
});

const consistency = group('What a caller may ask for beyond the default.', {
  higher: oneOf(
    '`HIGHER_CONSISTENCY` at a local tier: `forward` asks the primary; `local` answers here after a barrier.',
    ['forward', 'local'],
  ).prefault('forward'),
  wait: duration('The longest wait for `Rsfga-Min-Revision` or a barrier.', { max: 60_000 }).prefault('1s'),
});

const snapshots = group(
  'Copies of whole stores in a NATS Object Store: a new edge starts from the newest one and reads the primary only ' +
    'where there is none.',
  {
    every: duration(
      'How often this sidecar writes one of each store that it keeps. Absent: only on `rsfga-edge snapshot`.',
      { min: 1_000 },
    ).optional(),
    bucket: text(
      'The bucket. Made by the first sidecar that writes to it.',
      'a bucket name: letters, digits, _ and -',
      ID,
    ).prefault('RSFGA_SNAPSHOTS'),
  },
);

const listen = group('Where this sidecar listens.', {
  http: address("The OpenFGA HTTP API: clients' API URL. Port 0 takes a free one.", 0).prefault(
    '127.0.0.1:8080',
  ),
  grpc: address(
    'The OpenFGA gRPC API. Needs `upstream.grpc`, and `upstream.primary.grpc` where there is a primary.',
    0,
  ).optional(),
  admin: address('Health, metrics and the status page. Off loopback only with `admin.token`.', 0).prefault(
    '127.0.0.1:8090',
  ),
});

const audit = group('Comparing what is kept here with the upstream, in the background.', {
  every: duration('From the end of one audit to the next. Not set: only `rsfga-edge audit` compares.', {
    min: 1_000,
  }).optional(),
  repair: oneOf('`yes` mends what differs; `no` only reports it.', ['yes', 'no']).prefault('yes'),
  max_rps: count('Requests per second that it may use.', { min: 1, max: 10_000 }).prefault(20),
});

const shadow = group('Comparing local answers with the upstream, after they were sent.', {
  share: fraction('The share of local answers that is also asked upstream. 0: none.').prefault(0),
  folder: path('Where what differed is stored, to be asked again. Created when it is needed.').prefault(
    './shadow',
  ),
  keep: count('How many such files are kept; the oldest go.', { min: 1, max: 10_000 }).prefault(100),
});

/** Later keys of the whole file. */
const LATER = {
  migration: 'moving from Kafka to NATS',
  kafka: 'the Kafka change log',
  dual: 'publishing to NATS and Kafka at once',
};

/** `outside`: the tiers that the file itself names under `plugins.tier`. */
export const fieldsWith = (outside: OutsideSpecs) =>
  group(
    'A configuration of RSFGA Edge.',
    {
      role: oneOf(
        'A preset: it only sets defaults. `central` stands beside the primary server and captures Writes; `regional` ' +
          'beside a replica; `edge` beside the application.',
        ['central', 'regional', 'edge'],
      ),
      edge_id: text(
        'Lasting name of this follower, different on every edge. Default: made from the host name.',
        'a name of letters, digits, _ and -, at most 64',
        ID,
      ).optional(),
      node_id: text(
        'Name of this process among the sidecars. Default: host name and HTTP port.',
        'a name of letters, digits, . _ : and -, at most 128',
        /^[A-Za-z0-9._:-]{1,128}$/,
      ).optional(),
      region: text(
        'Where this sidecar runs: products with `regions` are kept only where theirs are.',
        'a name of letters, digits, _ and -',
        ID,
      ).optional(),
      listen: listen.prefault({}),
      tls: tlsField,
      upstream: wordOr(
        'The OpenFGA-compatible server. `embedded` is one in this process, in memory, for the quick start.',
        'embedded',
        upstream,
      ),
      auth: authField,
      changelog: changelogField(
        'How changes travel. Default: `upstream` for the roles edge and regional; a central must name one.',
      ).optional(),
      store: storeField(
        'Where tuples are kept. Default: `lmdb` in ./data for the roles edge and regional, `memory` for central.',
      ).optional(),
      plugins: pluginsField(),
      products: productsField(outside),
      registry: registryField(
        'Where the products stand instead of in `products`. Without it: in this file, which is watched.',
      ).optional(),
      default_tier: tierField('For stores that no product names.', outside).prefault('cold'),
      capture: captureFields
        .optional()
        .describe(
          'How Writes become changes. On with the role central, with `changelog: memory`, and wherever this key stands.',
        ),
      reconcile: reconcile.prefault({}),
      consistency: consistency.prefault({}),
      audit: audit.prefault({}),
      snapshots: snapshots.prefault({}),
      shadow: shadow.prefault({}),
      admin: group('The admin listener.', {
        token: secret(
          'Bearer token that all but /healthz and /readyz ask for. Audit, explain, resync and snapshot need it always.',
        ).optional(),
        disable: list(
          'Endpoints to switch off.',
          oneOf('One endpoint, by its name.', ENDPOINT_NAMES),
          'a list of endpoint names, such as [ page, explain ]',
        ).prefault([]),
      }).prefault({}),
      limits: limitsField(),
      workers: count('Serving processes.', {
        min: 1,
        max: 1,
        expected: '1 (more serving processes are not built yet in this version)',
      }).prefault(1),
    },
    LATER,
  );

export const configFields = fieldsWith({});

/** What the YAML holds after the check: names as in the file, durations in ms, addresses parsed. */
export type Fields = z.output<typeof configFields>;
