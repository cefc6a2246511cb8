/** What an edge at the hub tries and must not get. */
import { GUEST_API } from '../../src/topology/login.ts';
import type { Edge } from '../../src/topology/topology.ts';
import { type Attempt, fixed } from './attempt.ts';
import { LONDON_SNAPSHOTS, STREAM, TOKYO_SNAPSHOTS } from './limited-fleet.ts';

const API = GUEST_API;
const LEASE = `${STREAM}_LEASE`;
const consumer = (api: string, edge: Edge['id']) =>
  fixed(
    ...['INFO', 'MSG.NEXT', 'DELETE', 'DURABLE.CREATE', 'CREATE', 'RESET', 'PAUSE'].map(
      (call) => `${api}.CONSUMER.${call}.${STREAM}.edge-${edge}`,
    ),
  );

export const EDGE_ATTEMPTS: readonly Attempt[] = [
  {
    who: 'tokyo',
    tried: 'publish a change, also of its own store',
    by: 'publish',
    subjects: ({ a, b }) => [`rsfga.changes.${a}.write.document`, `rsfga.changes.${b}.tx.committed`],
  },
  {
    who: 'tokyo',
    tried: 'purge, delete, alter or restore the stream, or a message of it',
    by: 'publish',
    ...fixed(
      ...['PURGE', 'DELETE', 'UPDATE', 'MSG.DELETE', 'RESTORE', 'LEADER.STEPDOWN'].map(
        (call) => `${API}.STREAM.${call}.${STREAM}`,
      ),
    ),
  },
  {
    who: 'tokyo',
    tried: 'read the stream as a whole: any message by its number, a backup',
    by: 'publish',
    ...fixed(
      `${API}.STREAM.MSG.GET.${STREAM}`,
      `${API}.DIRECT.GET.${STREAM}`,
      `${API}.STREAM.SNAPSHOT.${STREAM}`,
    ),
  },
  {
    who: 'tokyo',
    tried: "read another product's subjects",
    by: 'publish',
    subjects: ({ b }) =>
      ['tx.>', 'model.>', 'write.document', '>'].map(
        (tail) => `${API}.DIRECT.GET.${STREAM}.rsfga.changes.${b}.${tail}`,
      ),
  },
  {
    who: 'tokyo',
    tried: 'listen to changes as they are published',
    by: 'subscribe',
    subjects: ({ a, b }) => ['rsfga.changes.>', `rsfga.changes.${a}.>`, `rsfga.changes.${b}.>`, '>'],
  },
  {
    who: 'tokyo',
    tried: "look at, read, delete or remake another edge's consumer",
    by: 'publish',
    ...consumer(API, 'london'),
  },
  {
    who: 'tokyo',
    tried: "acknowledge in another edge's place",
    by: 'publish',
    ...fixed(`$JS.ACK.${STREAM}.edge-london.1.1.1.1.1`, `$JS.ACK.hub.x.${STREAM}.edge-london.1.1.1.1.1.y`),
  },
  {
    who: 'tokyo',
    tried: 'make its own consumer by itself, with any filter or place to deliver to',
    by: 'publish',
    ...fixed(
      `${API}.CONSUMER.DURABLE.CREATE.${STREAM}.edge-tokyo`,
      `${API}.CONSUMER.CREATE.${STREAM}`,
      `${API}.CONSUMER.CREATE.${STREAM}.edge-tokyo.rsfga.changes.>`,
    ),
  },
  {
    who: 'tokyo',
    tried: "ask the centre in another edge's name",
    by: 'publish',
    ...fixed('rsfga.control.consumer.london'),
  },
  {
    who: 'tokyo',
    tried: 'ask the centre for a store that the topology does not give it',
    by: 'ask',
    ...fixed('rsfga.control.consumer.tokyo'),
    payload: ({ a, b }) => JSON.stringify({ after: 0, filters: [{ storeId: a }, { storeId: b }] }),
  },
  {
    who: 'tokyo',
    tried: 'ask the centre for every store',
    by: 'ask',
    ...fixed('rsfga.control.consumer.tokyo'),
    payload: () => JSON.stringify({ after: 0, filters: [{ storeId: '*' }] }),
  },
  {
    who: 'tokyo',
    tried: 'take, spoil or read the lease',
    by: 'publish',
    ...fixed(
      `$KV.${LEASE}.publisher`,
      `${API}.STREAM.MSG.GET.KV_${LEASE}`,
      `${API}.STREAM.PURGE.KV_${LEASE}`,
    ),
  },
  {
    who: 'tokyo',
    tried: 'change products',
    by: 'publish',
    ...fixed(
      '$KV.rsfga_products.products',
      `${API}.STREAM.PURGE.KV_rsfga_products`,
      'rsfga.control.products',
    ),
  },
  {
    who: 'tokyo',
    tried: "read or write another edge's snapshots, or make a consumer on its own",
    by: 'publish',
    ...fixed(
      `${API}.DIRECT.GET.OBJ_${LONDON_SNAPSHOTS}`,
      `$O.${LONDON_SNAPSHOTS}.M.x`,
      `${API}.STREAM.INFO.OBJ_${LONDON_SNAPSHOTS}`,
      `${API}.CONSUMER.CREATE.OBJ_${TOKYO_SNAPSHOTS}`,
    ),
  },
  {
    who: 'tokyo',
    tried: 'make a stream or bucket, list those that there are',
    by: 'publish',
    ...fixed(
      `${API}.STREAM.CREATE.MINE`,
      // With its own sources, and with subjects on which the server would publish again what it writes there.
      `${API}.STREAM.CREATE.OBJ_${TOKYO_SNAPSHOTS}`,
      `${API}.STREAM.NAMES`,
      `${API}.STREAM.LIST`,
      `${API}.CONSUMER.LIST.${STREAM}`,
      `${API}.INFO`,
    ),
  },
  {
    who: 'tokyo',
    tried: 'hand over a Write as if it were a central',
    by: 'publish',
    ...fixed('rsfga.control.capture'),
  },
  {
    who: 'tokyo',
    tried: 'take hand-overs, or questions to the centre, in its place',
    by: 'subscribe',
    ...fixed(
      'rsfga.control.capture',
      'rsfga.control.barrier',
      'rsfga.control.consumer.*',
      'rsfga.control.consumer.london',
    ),
  },
  {
    who: 'tokyo',
    tried: "forge an answer to another's question",
    by: 'publish',
    ...fixed('_INBOX_london.x.1', '_INBOX_central.x.1', '_INBOX.x.1'),
  },
  {
    who: 'tokyo',
    tried: "listen to others' answers",
    by: 'subscribe',
    ...fixed('_INBOX_london.>', '_INBOX_central.>', '_INBOX.>', '*.>'),
  },
  {
    who: 'tokyo',
    tried: "answer in another edge's name",
    by: 'subscribe',
    ...fixed('rsfga.control.claim.london', 'rsfga.control.claim.*', 'rsfga.control.sync.london'),
  },
  {
    who: 'tokyo',
    tried: 'have edges copy stores again, or drop what they remember',
    by: 'publish',
    ...fixed('rsfga.control.sync.london', 'rsfga.control.sync.tokyo', 'rsfga.control.invalidate.x'),
  },
  {
    who: 'tokyo',
    tried: 'hear what the server tells of',
    by: 'subscribe',
    ...fixed('$SYS.>', '$JS.EVENT.ADVISORY.>'),
  },
];
