/** Bank transfers: account owners and delegates with limits, bankers of a branch, accounts frozen. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const banking: Sample = {
  name: 'banking',
  model: `
model
  schema 1.1
type user
type employee
type branch
  relations
    define account_manager: [employee]
    define teller: [employee] or account_manager
type customer
  relations
    define managed_at: [branch]
    define representative: [user]
type account
  relations
    define owner: [user, customer#representative]
    define delegate: [user with within_limit]
    define bank: [branch]
    define frozen: [branch#account_manager, user:*]
    define viewer: [user] or owner or delegate or teller from bank
    define can_transfer: (owner or delegate) but not frozen
    define can_close: owner or account_manager from bank

condition within_limit(amount: double, limit: double, currencies: list<string>, currency: string) {
  amount <= limit && currency in currencies
}
`,
  tuples: (chance) => [
    ...times(30, (n) => tuple(id('employee', n), 'account_manager', id('branch', n % 10))),
    ...times(80, (n) => tuple(id('employee', 30 + n), 'teller', oneOf('branch', 10, chance))),
    ...times(150, (n) => tuple(oneOf('branch', 10, chance), 'managed_at', id('customer', n))),
    ...times(250, () => tuple(oneOf('user', 400, chance), 'representative', oneOf('customer', 150, chance))),
    ...times(500, (n) => tuple(oneOf('branch', 10, chance), 'bank', id('account', n))),
    ...times(500, (n) => tuple(oneOf('user', 400, chance), 'owner', id('account', n))),
    ...times(200, () =>
      tuple(`${oneOf('customer', 150, chance)}#representative`, 'owner', oneOf('account', 500, chance)),
    ),
    ...times(400, () => {
      const context = { limit: 100 * (1 + chance.below(50)), currencies: chance.pick(CURRENCIES) };
      const condition = { name: 'within_limit', context };
      return tuple(oneOf('user', 400, chance), 'delegate', oneOf('account', 500, chance), condition);
    }),
    ...times(40, () => tuple('user:*', 'frozen', oneOf('account', 500, chance))),
  ],
  context: (chance) => ({ amount: chance.below(5000) + 0.25, currency: chance.pick(['EUR', 'USD', 'CHF']) }),
};

const CURRENCIES = [['EUR'], ['EUR', 'USD'], ['USD', 'CHF', 'EUR'], []] as const;
