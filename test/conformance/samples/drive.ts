/** File sharing: groups, a folder tree ten levels deep, public documents. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const drive: Sample = {
  name: 'file sharing',
  model: `
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define owner: [user]
    define viewer: [user, user:*, group#member] or owner or viewer from parent
    define can_create_file: owner or can_create_file from parent
type doc
  relations
    define parent: [folder]
    define owner: [user]
    define can_change_owner: owner
    define viewer: [user, user:*, group#member]
    define can_read: viewer or owner or viewer from parent
    define can_share: owner or owner from parent
    define can_write: owner or owner from parent
`,
  tuples: (chance) => [
    ...times(150, (n) => tuple(id('user', n), 'member', oneOf('group', 25, chance))),
    ...times(20, (n) => tuple(`group:${n}#member`, 'member', id('group', n + 1 + chance.below(4)))),
    ...times(240, (n) =>
      tuple(id('folder', Math.floor((n + 1) / 3) - (n < 2 ? 0 : 1)), 'parent', id('folder', n + 2)),
    ),
    ...times(240, (n) => tuple(oneOf('user', 150, chance), 'owner', id('folder', n))),
    ...times(200, () =>
      tuple(`${oneOf('group', 25, chance)}#member`, 'viewer', id('folder', 20 + chance.below(220))),
    ),
    ...times(2, (n) => tuple('user:*', 'viewer', id('folder', 200 + n))),
    ...times(800, (n) => tuple(oneOf('folder', 240, chance), 'parent', id('doc', n))),
    ...times(800, (n) => tuple(oneOf('user', 150, chance), 'owner', id('doc', n))),
    ...times(400, () => tuple(oneOf('user', 150, chance), 'viewer', oneOf('doc', 800, chance))),
    ...times(30, () => tuple('user:*', 'viewer', oneOf('doc', 800, chance))),
  ],
};
