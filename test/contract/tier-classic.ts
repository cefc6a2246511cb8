/** The world of seed 0: small, with the traps in it that a share of the tuples sets. An edge that keeps `document` alone. */
import type { Query } from '../../src/fga/query.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { STORE } from '../property/world.ts';
import { type ModelBody, modelFrom } from '../support/datasets.ts';

const MODEL = modelFrom(`model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder]
    define blocked: [group#member]
    define owner: [user]
    define public: [user:*]
    define editor: [user, group#member]
    define viewer: viewer from parent
    define reader: owner but not blocked
    define both: owner and viewer`);

const TUPLES = [
  ['document:1', 'parent', 'folder:a'],
  ['folder:a', 'viewer', 'user:anne'],
  ['document:1', 'owner', 'user:anne'],
  ['document:1', 'owner', 'user:bob'],
  // Without the groups, bob reads what he may not.
  ['document:1', 'blocked', 'group:banned#member'],
  ['group:banned', 'member', 'user:bob'],
  ['document:1', 'editor', 'group:staff#member'],
  ['group:staff', 'member', 'group:night#member'],
  ['group:night', 'member', 'user:carl'],
  ['document:1', 'public', 'user:*'],
] as const;

const USERS = ['user:anne', 'user:bob', 'user:carl', 'group:staff#member'];
const RELATIONS = ['parent', 'blocked', 'owner', 'public', 'editor', 'viewer', 'reader', 'both', 'none'];

export const CLASSIC: {
  readonly recipe: readonly [{ readonly model: ModelBody; readonly tuples: readonly Tuple[] }];
  readonly objectTypes: readonly string[];
  readonly queries: readonly Query[];
} = {
  recipe: [{ model: MODEL, tuples: TUPLES.map(([object, relation, user]) => ({ object, relation, user })) }],
  objectTypes: ['document'],
  queries: RELATIONS.flatMap(questions),
};

function questions(relation: string): Query[] {
  const scope = { storeId: STORE, consistency: 'unspecified', contextualTuples: [] } as const;
  const object = { type: 'document', id: '1' };
  return [
    ...USERS.map((user): Query => {
      return { ...scope, method: 'Check', tupleKey: { object: 'document:1', relation, user } };
    }),
    ...USERS.map((user): Query => ({ ...scope, method: 'ListObjects', type: 'document', relation, user })),
    { ...scope, method: 'ListUsers', object, relation, userFilter: { type: 'user' } },
    { ...scope, method: 'Expand', object: 'document:1', relation },
  ];
}
