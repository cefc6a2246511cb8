/** What each login tries and must not get. The table of docs/security.md is this list. */
import { GUEST_API } from '../../src/topology/login.ts';
import { type Attempt, fixed, HOW, type Stores } from './attempt.ts';
import { STREAM, TOKYO_SNAPSHOTS } from './limited-fleet.ts';
import { EDGE_ATTEMPTS } from './refusals-edge.ts';

const API = GUEST_API;
const HUB = GUEST_API;
const LEASE = `${STREAM}_LEASE`;

const behindLeaf: readonly Attempt[] = [
  {
    who: 'london',
    tried: 'the same through its leaf node: the stream, other stores, other consumers',
    by: 'publish',
    subjects: ({ a, b }) => [
      `${HUB}.STREAM.MSG.GET.${STREAM}`,
      `${HUB}.STREAM.PURGE.${STREAM}`,
      `${HUB}.DIRECT.GET.${STREAM}.rsfga.changes.${a}.tx.>`,
      `${HUB}.DIRECT.GET.${STREAM}.rsfga.changes.${b}.write.document`,
      `${HUB}.CONSUMER.MSG.NEXT.${STREAM}.edge-tokyo`,
      `rsfga.changes.${b}.write.document`,
    ],
  },
  {
    who: 'london',
    tried: 'ask the centre for other object types of its store',
    by: 'ask',
    ...fixed('rsfga.control.consumer.london'),
    payload: ({ b }) =>
      JSON.stringify({ after: 0, filters: [{ storeId: b, objectTypes: ['document', 'folder'] }] }),
  },
  {
    who: 'london',
    tried: 'ask the centre for all of its store',
    by: 'ask',
    ...fixed('rsfga.control.consumer.london'),
    payload: ({ b }) => JSON.stringify({ after: 0, filters: [{ storeId: b }] }),
  },
];

const others: readonly Attempt[] = [
  {
    who: 'monitor',
    tried: 'read changes',
    by: 'publish',
    subjects: ({ a }) => [
      `${API}.STREAM.MSG.GET.${STREAM}`,
      `${API}.DIRECT.GET.${STREAM}`,
      `${API}.DIRECT.GET.${STREAM}.rsfga.changes.${a}.tx.>`,
      `${API}.CONSUMER.CREATE.${STREAM}`,
      `${API}.CONSUMER.MSG.NEXT.${STREAM}.edge-tokyo`,
    ],
  },
  {
    who: 'monitor',
    tried: "listen to changes and to others' answers",
    by: 'subscribe',
    ...fixed('rsfga.changes.>', '_INBOX_central.>', '_INBOX.>'),
  },
  {
    who: 'monitor',
    tried: 'change anything: changes, the stream, consumers, the lease, products, snapshots',
    by: 'publish',
    subjects: ({ a }) => [
      `rsfga.changes.${a}.write.document`,
      `${API}.STREAM.PURGE.${STREAM}`,
      `${API}.CONSUMER.DELETE.${STREAM}.edge-tokyo`,
      `$KV.${LEASE}.publisher`,
      '$KV.rsfga_products.products',
      `$O.${TOKYO_SNAPSHOTS}.M.x`,
      'rsfga.control.capture',
    ],
  },
  {
    who: 'ops',
    tried: 'read or publish changes, touch the stream, a consumer or the lease',
    by: 'publish',
    subjects: ({ a }) => [
      `rsfga.changes.${a}.write.document`,
      `$JS.API.STREAM.MSG.GET.${STREAM}`,
      `$JS.API.STREAM.PURGE.${STREAM}`,
      '$JS.API.STREAM.CREATE.KV_rsfga_products',
      `$JS.API.CONSUMER.DELETE.${STREAM}.edge-tokyo`,
      `$KV.${LEASE}.publisher`,
      'rsfga.control.capture',
      'rsfga.control.consumer.tokyo',
    ],
  },
];

export const ATTEMPTS: readonly Attempt[] = [...EDGE_ATTEMPTS, ...behindLeaf, ...others];

type OfStores = (stores: Stores) => string;

/** Questions that are allowed, whose answer may be asked for on any subject. */
export const DEPUTIES: readonly (readonly [what: string, subject: OfStores, payload: OfStores])[] = [
  ['the stream', () => `${API}.STREAM.INFO.${STREAM}`, () => ''],
  ['the head of a store', ({ a }) => `${API}.DIRECT.GET.${STREAM}.rsfga.changes.${a}.tx.>`, () => ''],
  ['its consumer', () => `${API}.CONSUMER.MSG.NEXT.${STREAM}.edge-tokyo`, () => '{"batch":1,"no_wait":true}'],
  ['the sequencer', () => 'rsfga.control.barrier', () => '{"ask":"barrier","storeIds":[]}'],
  ['the consumer desk', () => 'rsfga.control.consumer.tokyo', () => '{}'],
];

export const ELSEWHERE = ({ a, b }: Stores): readonly string[] => [
  `$JS.API.STREAM.PURGE.${STREAM}`,
  `$JS.API.STREAM.DELETE.${STREAM}`,
  `${API}.STREAM.PURGE.${STREAM}`,
  `$KV.${LEASE}.publisher`,
  `rsfga.changes.${a}.write.document`,
  `rsfga.changes.${b}.tx.committed`,
  'rsfga.control.sync.london',
];

/** The rows of the table, as they stand in docs/security.md. */
export function refusalRows(): readonly string[] {
  return ATTEMPTS.map(({ who, tried, by }) => `| ${who} | ${tried} | ${HOW[by]} |`);
}
