/** Many organizations on one service: roles defined by each tenant, assigned to users and groups. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const multiTenant: Sample = {
  name: 'multi-tenant roles',
  model: `
model
  schema 1.1
type user
type system
  relations
    define super_admin: [user]
type group
  relations
    define member: [user, group#member]
type role
  relations
    define assignee: [user, group#member]
type organization
  relations
    define system: [system]
    define admin: [user, role#assignee] or super_admin from system
    define member: [user, group#member] or admin
    define can_create_project: [role#assignee] or admin
    define banned: [user]
    define can_enter: member but not banned
type project
  relations
    define organization: [organization]
    define editor: [user, role#assignee] or admin from organization
    define viewer: [user, role#assignee] or editor
    define can_view: viewer and can_enter from organization
    define can_delete: editor and admin from organization
`,
  tuples: (chance) => [
    ...times(2, (n) => tuple(id('user', n), 'super_admin', 'system:main')),
    ...times(30, (n) => tuple('system:main', 'system', id('organization', n))),
    ...times(400, () => tuple(oneOf('user', 250, chance), 'member', oneOf('group', 60, chance))),
    ...times(40, (n) => tuple(`group:${n}#member`, 'member', id('group', n + 1 + chance.below(8)))),
    ...times(200, () => tuple(oneOf('user', 250, chance), 'assignee', oneOf('role', 90, chance))),
    ...times(90, (n) => tuple(`${oneOf('group', 60, chance)}#member`, 'assignee', id('role', n))),
    ...times(30, (n) => tuple(`role:${n * 3}#assignee`, 'admin', id('organization', n))),
    ...times(30, (n) => tuple(`role:${n * 3 + 1}#assignee`, 'can_create_project', id('organization', n))),
    ...times(60, () =>
      tuple(`${oneOf('group', 60, chance)}#member`, 'member', oneOf('organization', 30, chance)),
    ),
    ...times(50, () => tuple(oneOf('user', 250, chance), 'banned', oneOf('organization', 30, chance))),
    ...times(500, (n) => tuple(id('organization', n % 30), 'organization', id('project', n))),
    ...times(700, (n) =>
      tuple(
        `role:${(n % 30) * 3 + 2}#assignee`,
        chance.pick(['editor', 'viewer']),
        oneOf('project', 500, chance),
      ),
    ),
    ...times(400, () => tuple(oneOf('user', 250, chance), 'viewer', oneOf('project', 500, chance))),
  ],
};
