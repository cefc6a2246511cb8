/** Team chat: workspaces with guests and admins, public and private channels. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const chat: Sample = {
  name: 'team chat',
  model: `
model
  schema 1.1
type user
type workspace
  relations
    define legacy_admin: [user]
    define channels_admin: [user] or legacy_admin
    define member: [user] or legacy_admin or channels_admin
    define guest: [user]
type channel
  relations
    define parent_workspace: [workspace]
    define writer: [user, workspace#legacy_admin, workspace#channels_admin, workspace#member, workspace#guest]
    define commenter: [user, workspace#member, workspace#guest] or writer
    define muted: [user]
    define can_post: writer but not muted
    define viewer: [user, workspace#member] or commenter
    define can_rename: writer and channels_admin from parent_workspace
`,
  tuples: (chance) => [
    ...times(8, (n) => tuple(oneOf('user', 200, chance), 'legacy_admin', id('workspace', n))),
    ...times(24, () => tuple(oneOf('user', 200, chance), 'channels_admin', oneOf('workspace', 8, chance))),
    ...times(500, () => tuple(oneOf('user', 200, chance), 'member', oneOf('workspace', 8, chance))),
    ...times(90, () => tuple(oneOf('user', 200, chance), 'guest', oneOf('workspace', 8, chance))),
    ...times(300, (n) => tuple(id('workspace', n % 8), 'parent_workspace', id('channel', n))),
    ...times(120, (n) => tuple(`workspace:${n % 8}#member`, 'writer', id('channel', n))),
    ...times(60, (n) => tuple(`workspace:${n % 8}#guest`, 'commenter', id('channel', 120 + n))),
    ...times(60, (n) => tuple(`workspace:${n % 8}#channels_admin`, 'writer', id('channel', 200 + n))),
    ...times(700, () => tuple(oneOf('user', 200, chance), chance.pick(ROLES), oneOf('channel', 300, chance))),
    ...times(150, () => tuple(oneOf('user', 200, chance), 'muted', oneOf('channel', 300, chance))),
  ],
};

const ROLES = ['writer', 'commenter', 'viewer'] as const;
