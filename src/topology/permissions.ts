/**
 * What each login may do on NATS: all that its sidecar or command needs, and nothing else. The tests drop each line in its
 * turn and see that something fails (`test/e2e/least-lines.long.test.ts`), and try what must be refused
 * (`test/e2e/least-privilege.real.test.ts`).
 */
import { EVERY_STORE } from '../config/config.ts';
import { ALL_CHANGES, headSubjects } from '../plugin/subject.ts';
import { GUEST_API, inboxOf, leaseBucket } from './login.ts';
import { type Edge, grantsOf, type Leaf, snapshotBuckets, type Topology } from './topology.ts';

/** Subjects that are needed for one reason. */
export interface Right {
  readonly why: string;
  readonly subjects: readonly string[];
  /** Stays within the account of the login; all others go to the main account, or come from there. */
  readonly own?: true;
}

export interface Permissions {
  readonly publish: readonly Right[];
  readonly subscribe: readonly Right[];
}

const CONTROL = 'rsfga.control';
const API = '$JS.API';
export function centralPermissions(topology: Topology, user: string): Permissions {
  const { stream } = topology;
  const lease = leaseBucket(stream);
  const consumer = (...calls: string[]) => calls.map((call) => `${API}.CONSUMER.${call}.${stream}.`);
  return {
    publish: [
      // Answers to wherever one is asked from would let anybody have a central publish anywhere.
      {
        why: 'Answers to centrals and to other accounts.',
        subjects: [...topology.centrals.map((one) => `${inboxOf(one.user)}.>`), '_R_.>'],
      },
      { why: 'Changes.', subjects: [ALL_CHANGES] },
      {
        why: 'Hand-overs to the central that publishes, and questions to it.',
        subjects: [`${CONTROL}.capture`, `${CONTROL}.barrier`],
      },
      {
        why: 'The stream: made, checked, given atomic batches; its last words read.',
        subjects: ['INFO', 'CREATE', 'UPDATE', 'MSG.GET'].map((call) => `${API}.STREAM.${call}.${stream}`),
      },
      {
        why: 'The lease: which central publishes.',
        subjects: [
          ...['INFO', 'CREATE', 'MSG.GET'].map((call) => `${API}.STREAM.${call}.KV_${lease}`),
          `$KV.${lease}.publisher`,
        ],
      },
      {
        why: 'A passing consumer of its own, for a head that hides behind bytes that are no message.',
        subjects: [
          `${API}.CONSUMER.CREATE.${stream}`,
          ...consumer('INFO', 'MSG.NEXT', 'DELETE').map((subject) => `${subject}*`),
        ],
      },
      {
        why: 'The consumers of edges, made at the place that an edge asks for.',
        subjects: consumer('DURABLE.CREATE').map((subject) => `${subject}*`),
      },
      ...bucketsMade(topology),
      ...productsRead(topology, API),
    ],
    subscribe: [
      { why: 'Its own answers.', subjects: [`${inboxOf(user)}.>`] },
      {
        why: 'Hand-overs, questions of edges, consumers for them.',
        subjects: [`${CONTROL}.capture`, `${CONTROL}.barrier`, `${CONTROL}.consumer.*`],
      },
      { why: 'That the lease changed.', subjects: [`$KV.${lease}.publisher`] },
      { why: 'Remembered answers to drop.', subjects: [`${CONTROL}.invalidate.*`] },
      ...productsHints(topology),
    ],
  };
}

export function edgePermissions(topology: Topology, edge: Edge): Permissions {
  const { stream } = topology;
  const { id } = edge;
  const api = GUEST_API;
  return {
    publish: [
      { why: 'Questions to the sequencer.', subjects: [`${CONTROL}.barrier`] },
      {
        why: 'Whether another process goes by its name, and the answer to one that asks.',
        subjects: [`${CONTROL}.claim.${id}`, `${inboxOf(id)}.>`],
        own: true,
      },
      { why: 'Which stream it is, and how far.', subjects: [`${api}.STREAM.INFO.${stream}`] },
      { why: 'The last word about each of its stores; no tuples.', subjects: headReads(topology, edge, api) },
      {
        why: 'Its own consumer: asked for at the centre, which decides what it is; looked at and read here.',
        subjects: [
          `${CONTROL}.consumer.${id}`,
          `${api}.CONSUMER.INFO.${stream}.edge-${id}`,
          `${api}.CONSUMER.MSG.NEXT.${stream}.edge-${id}`,
          `$JS.ACK.${stream}.edge-${id}.>`,
          `$JS.ACK.*.*.${stream}.edge-${id}.>`,
        ],
      },
      ...productsRead(topology, api),
      ...snapshotRights(edge, api),
    ],
    subscribe: [
      {
        why: 'Its own answers, and questions about its name.',
        subjects: [`${inboxOf(id)}.>`, `${CONTROL}.claim.${id}`],
        own: true,
      },
      { why: 'Stores to copy again.', subjects: [`${CONTROL}.sync.${id}`] },
      { why: 'Remembered answers to drop.', subjects: [`${CONTROL}.invalidate.*`] },
      ...productsHints(topology),
    ],
  };
}

/** At the hub: what the edges behind the leaf node need, and nothing for anybody else there. */
export function leafPermissions(topology: Topology, leaf: Leaf): Permissions {
  const behind = topology.edges
    .filter(({ at }) => at === leaf.name)
    .map((edge) => edgePermissions(topology, edge));
  return {
    publish: merged(behind.flatMap(({ publish }) => publish)),
    subscribe: merged(behind.flatMap(({ subscribe }) => subscribe)),
  };
}

/** Applies products, has stores copied again, has remembered answers dropped. In the main account, since what it publishes goes to all. */
export function operatorPermissions(topology: Topology, user: string): Permissions {
  const { products_bucket: bucket } = topology;
  const products =
    bucket === undefined
      ? []
      : [
          {
            why: 'Products: looked at and changed.',
            subjects: [
              ...['INFO', 'MSG.GET'].map((call) => `${API}.STREAM.${call}.KV_${bucket}`),
              `$KV.${bucket}.*`,
              `${CONTROL}.products`,
            ],
          },
        ];
  return {
    publish: [
      {
        why: 'Stores to copy again; remembered answers to drop.',
        subjects: [`${CONTROL}.sync.*`, `${CONTROL}.invalidate.*`],
      },
      ...products,
    ],
    subscribe: [{ why: 'Its own answers.', subjects: [`${inboxOf(user)}.>`] }],
  };
}

/** Sees how far the stream and its followers are; no changes. */
export function readerPermissions(topology: Topology, user: string): Permissions {
  const { stream } = topology;
  return {
    publish: [
      { why: 'How far the stream is.', subjects: [`${GUEST_API}.STREAM.INFO.${stream}`] },
      {
        why: 'How far its followers are.',
        subjects: [`${GUEST_API}.CONSUMER.LIST.${stream}`, `${GUEST_API}.CONSUMER.INFO.${stream}.*`],
      },
      ...productsRead(topology, GUEST_API),
    ],
    subscribe: [
      { why: 'Its own answers.', subjects: [`${inboxOf(user)}.>`], own: true },
      { why: 'What the server warns of.', subjects: ['$JS.EVENT.ADVISORY.>'] },
    ],
  };
}

/** `MSG.GET` of the stream itself would read every store: NATS cannot limit it. */
function headReads(topology: Topology, { id }: Edge, api: string): readonly string[] {
  const stores = new Set(grantsOf(topology, id).map(({ storeId }) => storeId));
  return [...stores].flatMap((storeId) =>
    headsOf(storeId).map((subject) => `${api}.DIRECT.GET.${topology.stream}.${subject}`),
  );
}

function headsOf(storeId: string): readonly string[] {
  return storeId === EVERY_STORE
    ? ['rsfga.changes.*.tx.>', 'rsfga.changes.*.model.>']
    : headSubjects(storeId);
}

/**
 * For everybody else: whoever makes a stream also says which other streams flow into it, and on which subjects the server
 * publishes what it holds once more. NATS cannot limit that.
 */
function bucketsMade(topology: Topology): readonly Right[] {
  const { products_bucket: products } = topology;
  const streams = [
    ...snapshotBuckets(topology).map((bucket) => `OBJ_${bucket}`),
    ...(products === undefined ? [] : [`KV_${products}`]),
  ];
  const subjects = streams.flatMap((name) =>
    ['INFO', 'CREATE'].map((call) => `${API}.STREAM.${call}.${name}`),
  );
  return subjects.length === 0 ? [] : [{ why: 'Buckets for those who may not make any.', subjects }];
}

function productsRead({ products_bucket: bucket }: Topology, api: string): readonly Right[] {
  if (bucket === undefined) return [];
  return [{ why: 'The products.', subjects: [`${api}.STREAM.MSG.GET.KV_${bucket}`] }];
}

function productsHints({ products_bucket: bucket }: Topology): readonly Right[] {
  return bucket === undefined
    ? []
    : [{ why: 'That there are new products.', subjects: [`${CONTROL}.products`] }];
}

/** No right to make a consumer: a push consumer can be told to deliver to any subject. */
function snapshotRights({ snapshots }: Edge, api: string): readonly Right[] {
  if (snapshots === undefined) return [];
  const { bucket, write } = snapshots;
  const read = { why: 'Snapshots, read.', subjects: [`${api}.DIRECT.GET.OBJ_${bucket}`] };
  if (write === 'no') return [read];
  const calls = ['INFO', 'MSG.GET', 'PURGE'].map((call) => `${api}.STREAM.${call}.OBJ_${bucket}`);
  return [read, { why: 'Snapshots, written.', subjects: [...calls, `$O.${bucket}.>`] }];
}

/** Rights for the same reason become one. */
function merged(rights: readonly Right[]): readonly Right[] {
  const byWhy = new Map<string, Right>();
  for (const right of rights) {
    const subjects = new Set([...(byWhy.get(right.why)?.subjects ?? []), ...right.subjects]);
    byWhy.set(right.why, { ...right, subjects: [...subjects] });
  }
  return [...byWhy.values()];
}
