/** Access for a time: grants that begin, last and end; on-call shifts. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const temporal: Sample = {
  name: 'temporal access',
  model: `
model
  schema 1.1
type user
type shift
  relations
    define on_call: [user with between]
type document
  relations
    define owner: [user]
    define viewer: [user, user with for_a_while, user:* with between]
    define responder: [shift#on_call]
    define can_read: viewer or owner or responder

condition for_a_while(current_time: timestamp, grant_time: timestamp, grant_duration: duration) {
  current_time < grant_time + grant_duration
}

condition between(current_time: timestamp, from: timestamp, until: timestamp) {
  current_time >= from && current_time < until
}
`,
  tuples: (chance) => [
    ...times(600, (n) => tuple(oneOf('user', 150, chance), 'owner', id('document', n))),
    ...times(600, () => tuple(oneOf('user', 150, chance), 'viewer', oneOf('document', 600, chance))),
    ...times(900, () => {
      const context = { grant_time: day(chance.below(28)), grant_duration: `${1 + chance.below(200)}h` };
      const condition = { name: 'for_a_while', context };
      return tuple(oneOf('user', 150, chance), 'viewer', oneOf('document', 600, chance), condition);
    }),
    ...times(60, (n) => tuple('user:*', 'viewer', id('document', n * 9), between(n % 28))),
    ...times(300, (n) =>
      tuple(oneOf('user', 150, chance), 'on_call', oneOf('shift', 40, chance), between(n % 28)),
    ),
    ...times(200, () =>
      tuple(`${oneOf('shift', 40, chance)}#on_call`, 'responder', oneOf('document', 600, chance)),
    ),
  ],
  context: (chance) => ({ current_time: day(chance.below(28)) }),
};

function between(from: number): { name: string; context: { from: string; until: string } } {
  return { name: 'between', context: { from: day(from), until: day(Math.min(from + 3, 28)) } };
}

/** `n` days after the first of the month. */
function day(n: number): string {
  return `2025-03-${String(n + 1).padStart(2, '0')}T09:30:00Z`;
}
