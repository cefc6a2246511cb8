/** Code hosting: organizations, nested teams, repositories with five levels of permission. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const github: Sample = {
  name: 'code hosting',
  model: `
model
  schema 1.1
type user
type team
  relations
    define member: [user, team#member]
type organization
  relations
    define owner: [user]
    define member: [user, team#member] or owner
    define repo_admin: [user, organization#member]
    define repo_reader: [user, organization#member]
    define repo_writer: [user, organization#member]
type repo
  relations
    define owner: [organization]
    define admin: [user, team#member] or repo_admin from owner
    define maintainer: [user, team#member] or admin
    define writer: [user, team#member] or maintainer or repo_writer from owner
    define triager: [user, team#member] or writer
    define reader: [user, user:*, team#member] or triager or repo_reader from owner
    define can_archive: admin and owner from owner
`,
  tuples: (chance) => [
    ...times(120, (n) => tuple(id('user', n), 'member', oneOf('team', 30, chance))),
    ...times(24, (n) => tuple(`team:${n}#member`, 'member', id('team', n + 1 + chance.below(5)))),
    ...times(6, (n) => tuple(oneOf('user', 120, chance), 'owner', id('organization', n))),
    ...times(60, () => tuple(oneOf('user', 120, chance), 'member', oneOf('organization', 6, chance))),
    ...times(12, (n) => tuple(`team:${n}#member`, 'member', oneOf('organization', 6, chance))),
    ...times(3, (n) => tuple(`organization:${n}#member`, 'repo_reader', id('organization', n))),
    tuple('organization:4#member', 'repo_writer', 'organization:4'),
    ...times(400, (n) => tuple(oneOf('organization', 6, chance), 'owner', id('repo', n))),
    ...times(900, () => tuple(oneOf('user', 120, chance), chance.pick(LEVELS), oneOf('repo', 400, chance))),
    ...times(900, () =>
      tuple(`${oneOf('team', 30, chance)}#member`, chance.pick(LEVELS), oneOf('repo', 400, chance)),
    ),
    ...times(20, (n) => tuple('user:*', 'reader', id('repo', n * 7))),
  ],
};

const LEVELS = ['admin', 'maintainer', 'writer', 'triager', 'reader'] as const;
