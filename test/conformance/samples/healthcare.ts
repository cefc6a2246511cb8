/** Patient records: care teams, consent, breaking the glass. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const healthcare: Sample = {
  name: 'patient records',
  model: `
model
  schema 1.1
type user
type ward
  relations
    define hospital: [hospital]
    define nurse: [user]
    define head: [user] or director from hospital
    define staff: nurse or head
type hospital
  relations
    define director: [user]
    define ethics_board: [user, ward#head]
type patient
  relations
    define holder: [user]
    define guardian: [user]
    define ward: [ward]
    define doctor: [user]
    define consented: [user, ward#staff, user:*]
    define withdrawn: [user, ward#staff]
    define care_team: doctor or staff from ward
    define may_treat: (care_team and consented) but not withdrawn
type record
  relations
    define patient: [patient]
    define author: [user]
    define sealed: [user:*, hospital#ethics_board]
    define emergency: [user with break_glass]
    define reader: ((may_treat from patient or author) but not sealed) or emergency or guardian from patient

condition break_glass(reason: string, minutes: int) {
  reason != "" && minutes < 30
}
`,
  tuples: (chance) => [
    ...times(24, (n) => tuple(id('hospital', n % 4), 'hospital', id('ward', n))),
    ...times(4, (n) => tuple(id('user', n), 'director', id('hospital', n))),
    ...times(24, (n) => tuple(`ward:${n}#head`, 'ethics_board', id('hospital', n % 4))),
    ...times(200, (n) => tuple(id('user', 10 + n), 'nurse', oneOf('ward', 24, chance))),
    ...times(24, (n) => tuple(id('user', 210 + n), 'head', id('ward', n))),
    ...times(300, (n) => tuple(oneOf('ward', 24, chance), 'ward', id('patient', n))),
    ...times(300, (n) => tuple(id('user', 240 + (n % 40)), 'doctor', id('patient', n))),
    ...times(200, (n) => tuple(`ward:${n % 24}#staff`, 'consented', oneOf('patient', 300, chance))),
    ...times(60, () => tuple('user:*', 'consented', oneOf('patient', 300, chance))),
    ...times(90, () => tuple(id('user', 10 + chance.below(270)), 'withdrawn', oneOf('patient', 300, chance))),
    ...times(80, () => tuple(id('user', 300 + chance.below(50)), 'guardian', oneOf('patient', 300, chance))),
    ...times(700, (n) => tuple(oneOf('patient', 300, chance), 'patient', id('record', n))),
    ...times(700, (n) => tuple(id('user', 240 + (n % 40)), 'author', id('record', n))),
    ...times(70, (n) => tuple('user:*', 'sealed', id('record', n * 10))),
    ...times(30, (n) => tuple(`hospital:${n % 4}#ethics_board`, 'sealed', oneOf('record', 700, chance))),
    ...times(200, () =>
      tuple(id('user', 10 + chance.below(200)), 'emergency', oneOf('record', 700, chance), {
        name: 'break_glass',
      }),
    ),
  ],
  context: (chance) => ({ reason: chance.pick(['', 'collapse']), minutes: chance.below(60) }),
};
