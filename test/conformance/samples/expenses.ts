/** Approvals up the line: reports are approved by any manager of the submitter, but not by oneself. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const expenses: Sample = {
  name: 'approvals',
  model: `
model
  schema 1.1
type employee
  relations
    define manager: [employee]
    define can_manage: manager or can_manage from manager
type department
  relations
    define parent: [department]
    define controller: [employee] or controller from parent
type report
  relations
    define submitter: [employee]
    define department: [department]
    define conflict: [employee]
    define approver: (can_manage from submitter or controller from department) but not conflict
    define viewer: submitter or approver
    define double_check: can_manage from submitter and controller from department
`,
  tuples: (chance) => [
    ...times(400, (n) => tuple(id('employee', Math.floor(n / 3)), 'manager', id('employee', n + 1))),
    ...times(40, (n) => tuple(id('department', Math.floor(n / 3)), 'parent', id('department', n + 1))),
    ...times(60, () => tuple(oneOf('employee', 60, chance), 'controller', oneOf('department', 41, chance))),
    ...times(700, (n) => tuple(oneOf('employee', 400, chance), 'submitter', id('report', n))),
    ...times(700, (n) => tuple(oneOf('department', 41, chance), 'department', id('report', n))),
    ...times(500, () => tuple(oneOf('employee', 60, chance), 'conflict', oneOf('report', 700, chance))),
  ],
};
