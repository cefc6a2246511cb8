/**
 * OpenFGA's published correctness vulnerabilities (contract section 7), each as a conversation that goes wrong on a
 * server that has it.
 */
import { batch, check, listObjects, tuple, type Vulnerability } from './conversation.ts';

const CONDITIONED = `
model
  schema 1.1
type user
type document
  relations
    define viewer: [user with in_plan]
condition in_plan(plan: string, level: int) {
  plan == "paid" && level > 1
}`;

const GROUPS = `
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define viewer: [group#member]`;

export const VULNERABILITIES: readonly Vulnerability[] = [
  {
    id: 'CVE-2026-33729',
    about: 'answers for one tuple are not confused across request contexts',
    steps: [{ model: CONDITIONED, tuples: [tuple('user:anne viewer document:1', { name: 'in_plan' })] }],
    asks: [
      check('user:anne viewer document:1', true, { context: { plan: 'paid', level: 2 } }),
      check('user:anne viewer document:1', false, { context: { plan: 'free', level: 2 } }),
      check('user:anne viewer document:1', true, { context: { level: 2, plan: 'paid' } }),
      check('user:anne viewer document:1', false, { context: { plan: 'paid', level: 1 } }),
      check(
        'user:anne viewer document:1',
        { error: 'validation_error' },
        { context: { plan: 'paid,level:2' } },
      ),
      check(
        'user:anne viewer document:1',
        { error: 'validation_error' },
        { context: { plan: 'paid', level: 'x' } },
      ),
      check('user:anne viewer document:1', true, { context: { plan: 'paid', level: '2' } }),
      check('user:anne viewer document:1', { error: 'validation_error' }),
    ],
  },
  {
    id: 'CVE-2026-34972',
    about: 'items of one batch on the same tuple keep their own answers',
    steps: [{ model: CONDITIONED, tuples: [tuple('user:anne viewer document:1', { name: 'in_plan' })] }],
    asks: [
      batch('user:anne viewer document:1', [
        [true, { context: { plan: 'paid', level: 2 } }],
        [false, { context: { plan: 'paid', level: 0 } }],
        [false, { context: { plan: 'free', level: 2 } }],
        [true, { context: { plan: 'paid', level: 3 } }],
      ]),
      batch('user:bob viewer document:1', [
        [false, { context: { plan: 'paid', level: 2 } }],
        [
          true,
          {
            context: { plan: 'paid', level: 2 },
            tuples: [tuple('user:bob viewer document:1', { name: 'in_plan' })],
          },
        ],
        [
          false,
          {
            context: { plan: 'paid', level: 2 },
            tuples: [tuple('user:bob viewer document:2', { name: 'in_plan' })],
          },
        ],
      ]),
    ],
  },
  {
    id: 'CVE-2025-46331',
    about: 'what was false only because of a cycle on the way is not kept as false',
    steps: [
      {
        model: GROUPS,
        tuples: [
          tuple('group:b#member member group:a'),
          tuple('group:a#member member group:b'),
          tuple('user:anne member group:a'),
          tuple('group:b#member viewer document:1'),
          tuple('group:c#member member group:b'),
          tuple('user:bob member group:c'),
        ],
      },
    ],
    asks: [
      check('user:zoe member group:a', false),
      check('user:anne viewer document:1', true),
      check('user:anne member group:b', true),
      check('user:bob member group:a', true),
      check('user:bob viewer document:1', true),
      check('user:zoe viewer document:1', false),
      check('user:bob member group:b', true),
    ],
  },
  {
    id: 'CVE-2025-64751',
    about: 'an unconditioned wildcard tuple does not count where only a conditioned wildcard is allowed',
    steps: [
      {
        model:
          'model\n  schema 1.1\ntype user\ntype document\n  relations\n    define viewer: [user, user:*]',
        tuples: [tuple('user:* viewer document:1'), tuple('user:anne viewer document:2')],
      },
      {
        model: `model
  schema 1.1
type user
type document
  relations
    define viewer: [user, user:* with in_plan]
condition in_plan(plan: string) {
  plan == "paid"
}`,
        tuples: [tuple('user:* viewer document:3', { name: 'in_plan' })],
      },
    ],
    asks: [
      check('user:bob viewer document:1', false, { context: { plan: 'paid' } }),
      check('user:anne viewer document:2', true),
      check('user:bob viewer document:3', true, { context: { plan: 'paid' } }),
      check('user:bob viewer document:3', false, { context: { plan: 'free' } }),
      listObjects('document viewer user:bob', ['document:3'], { plan: 'paid' }),
      check(
        'user:bob viewer document:4',
        { error: 'invalid_tuple' },
        { tuples: [tuple('user:* viewer document:4')] },
      ),
    ],
  },
  {
    id: 'CVE-2025-48371',
    about: 'contextual tuples must pass the type restrictions, usersets too',
    steps: [{ model: GROUPS, tuples: [tuple('user:anne member group:a')] }],
    asks: [
      check(
        'user:anne viewer document:1',
        { error: 'invalid_tuple' },
        { tuples: [tuple('group:a viewer document:1')] },
      ),
      check(
        'user:anne viewer document:1',
        { error: 'invalid_tuple' },
        { tuples: [tuple('user:anne viewer document:1')] },
      ),
      check(
        'user:anne viewer document:1',
        { error: 'invalid_tuple' },
        {
          tuples: [tuple('document:2#viewer viewer document:1'), tuple('group:a#member viewer document:2')],
        },
      ),
      check(
        'user:anne viewer document:1',
        { error: 'invalid_tuple' },
        { tuples: [tuple('group:* viewer document:1')] },
      ),
      check('user:anne viewer document:1', true, { tuples: [tuple('group:a#member viewer document:1')] }),
    ],
  },
  {
    id: 'CVE-2024-56323',
    about: 'the condition of a contextual tuple is evaluated, and its own context wins',
    steps: [{ model: CONDITIONED, tuples: [] }],
    asks: [
      check('user:anne viewer document:1', false, {
        context: { plan: 'free', level: 2 },
        tuples: [tuple('user:anne viewer document:1', { name: 'in_plan' })],
      }),
      check('user:anne viewer document:1', true, {
        context: { plan: 'free', level: 2 },
        tuples: [tuple('user:anne viewer document:1', { name: 'in_plan', context: { plan: 'paid' } })],
      }),
      check(
        'user:anne viewer document:1',
        { error: 'invalid_tuple' },
        {
          context: { plan: 'paid', level: 2 },
          tuples: [tuple('user:anne viewer document:1')],
        },
      ),
      listObjects('document viewer user:anne', [], { plan: 'free', level: 2 }, [
        tuple('user:anne viewer document:1', { name: 'in_plan' }),
      ]),
    ],
  },
  {
    id: 'openfga#3148',
    about: 'neighbouring fields that join to the same text are different questions',
    steps: [
      {
        model: `model
  schema 1.1
type user
type a
  relations
    define bc: [user]
    define c: [user]
type ab
  relations
    define c: [user]
    define bc: [user]`,
        tuples: [tuple('user:1 bc a:b/1'), tuple('user:12 c ab:1')],
      },
    ],
    asks: [
      check('user:1 bc a:b/1', true),
      check('user:1 c a:b/1', false),
      check('user:1 bc ab:1', false),
      check('user:12 c ab:1', true),
      check('user:1 c ab:1', false),
      check('user:1 c ab:1', true, { tuples: [tuple('user:1 c ab:1')] }),
      check('user:1 c ab:1', false, { tuples: [tuple('user:1 c ab:11')] }),
    ],
  },
];
