/** What is measured: one row per kind of query, each with the requests that are sent in turn. */
import { SHAPE, type Sizes } from './dataset.ts';

export interface Row {
  readonly id: string;
  readonly says: string;
  /** Path below `/stores/{store_id}`. */
  readonly path: string;
  readonly bodies: (sizes: Sizes) => readonly object[];
  /** A bare server is a fair yardstick only where the answer is as small as its constant. */
  readonly againstBare?: true;
  /** Fewer than the others where OpenFGA would run into its own 3 s time-out. */
  readonly connections?: number;
  /** Needs more tuples than OpenFGA's memory store can hold at speed. */
  readonly largeOnly?: true;
}

const VARIANTS = 200;

export const ROWS: readonly Row[] = [
  {
    id: 'direct',
    says: 'Check of a direct relation, half of them denied',
    path: '/check',
    bodies: () =>
      variants((n) => check(`user:t-${n % SHAPE.teams}-${n % 2 ? n % SHAPE.teamSize : 1}`, 'reader', n)),
    againstBare: true,
  },
  {
    id: 'nested',
    says: 'Check over folder → division → team (three levels)',
    path: '/check',
    bodies: () => variants((n) => check(`user:t-${n % SHAPE.teams}-${n % SHAPE.teamSize}`, 'viewer', n)),
    againstBare: true,
  },
  {
    id: 'batch-50',
    says: 'BatchCheck of 50: one user, 50 documents, half nested and half direct',
    path: '/batch-check',
    bodies: () => variants((n) => batch(n)),
    connections: 8,
  },
  {
    id: 'list-objects-10',
    says: 'ListObjects with 10 results',
    path: '/list-objects',
    bodies: () => [{ type: 'document', relation: 'reader', user: 'user:few' }],
  },
  {
    id: 'list-objects-1000',
    says: 'ListObjects with 1 000 results',
    path: '/list-objects',
    bodies: () => [{ type: 'document', relation: 'reader', user: 'user:many' }],
  },
  {
    id: 'list-objects-and',
    says: 'ListObjects of an intersection: 1 000 documents and 10, 10 results',
    path: '/list-objects',
    bodies: () => [{ type: 'document', relation: 'cleared', user: 'user:many' }],
  },
  {
    id: 'list-users',
    says: 'ListUsers of a document: 20 users over folder, division and team',
    path: '/list-users',
    bodies: () => variants((n) => listUsers(n)),
  },
  {
    id: 'condition',
    says: 'Check of a direct relation with a condition on two timestamps',
    path: '/check',
    bodies: () => variants((n) => timed(n)),
  },
  {
    id: 'recursion-10',
    says: 'Check over 10 parent folders',
    path: '/check',
    bodies: () => [ask({ user: 'user:deep', relation: 'viewer', object: 'folder:chain-0' })],
  },
  {
    id: 'large-group',
    says: 'Check of a member of a large group',
    path: '/check',
    bodies: ({ largeGroup }) => variants((n) => member(`user:member-${(n * 7919) % largeGroup}`)),
    largeOnly: true,
  },
];

function variants<T>(make: (n: number) => T): readonly T[] {
  return Array.from({ length: VARIANTS }, (_, n) => make(n));
}

function ask(key: { user: string; relation: string; object: string }): object {
  return { tuple_key: key };
}

function check(user: string, relation: string, document: number): object {
  return ask({ user, relation, object: `document:d-${document}` });
}

function member(user: string): object {
  return ask({ user, relation: 'viewer', object: 'document:for-the-large-group' });
}

function timed(n: number): object {
  const now = n % 2 ? '2101-01-01T00:00:00Z' : '2050-01-01T00:00:00Z';
  return { ...check(`user:t-${n % SHAPE.teams}-0`, 'timed', n), context: { now } };
}

function batch(n: number): object {
  const user = `user:t-${n % SHAPE.teams}-${n % SHAPE.teamSize}`;
  const checks = Array.from({ length: 50 }, (_, i) => {
    const object = `document:d-${(n + i * 7) % SHAPE.documents}`;
    return { tuple_key: { user, relation: i % 2 ? 'viewer' : 'reader', object }, correlation_id: `${i}` };
  });
  return { checks };
}

function listUsers(n: number): object {
  return { object: { type: 'document', id: `d-${n}` }, relation: 'viewer', user_filters: [{ type: 'user' }] };
}
