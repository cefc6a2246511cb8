/** Software plans: features by plan, seats by organization, add-ons, and a trial that ends. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const entitlements: Sample = {
  name: 'entitlements',
  model: `
model
  schema 1.1
type user
type organization
  relations
    define member: [user]
    define suspended: [user]
    define active: member but not suspended
type plan
  relations
    define subscriber: [organization, organization with in_trial]
    define subscriber_member: active from subscriber
type feature
  relations
    define associated_plan: [plan]
    define granted: [user, organization#active]
    define access: granted or subscriber_member from associated_plan

condition in_trial(now: timestamp, started: timestamp, lasts: duration) {
  now < started + lasts
}
`,
  tuples: (chance) => [
    ...times(900, () => tuple(oneOf('user', 300, chance), 'member', oneOf('organization', 60, chance))),
    ...times(60, () => tuple(oneOf('user', 300, chance), 'suspended', oneOf('organization', 60, chance))),
    ...times(45, (n) => tuple(id('organization', n), 'subscriber', oneOf('plan', 5, chance))),
    ...times(30, (n) => {
      const context = { started: `2025-0${1 + (n % 6)}-01T00:00:00Z`, lasts: `${24 * (10 + n)}h` };
      return tuple(id('organization', 30 + n), 'subscriber', oneOf('plan', 5, chance), {
        name: 'in_trial',
        context,
      });
    }),
    ...times(200, (n) => tuple(id('plan', n % 5), 'associated_plan', id('feature', n))),
    ...times(300, () => tuple(oneOf('user', 300, chance), 'granted', oneOf('feature', 200, chance))),
    ...times(150, () =>
      tuple(`${oneOf('organization', 60, chance)}#active`, 'granted', oneOf('feature', 200, chance)),
    ),
  ],
  context: (chance) => ({ now: `2025-0${1 + chance.below(8)}-15T12:00:00Z` }),
};
