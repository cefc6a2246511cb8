import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChangeMessage } from '../../src/fga/change.ts';
import { filterSubjects, subjectOf } from '../../src/plugin/subject.ts';
import { completed, delivered, filterProblems, isWithinStore } from '../../src/plugin/subject-filter.ts';

const A = '01J0000000000000000000000A';
const B = '01J0000000000000000000000B';
const TYPES = ['document', 'folder', 'a.b'];

/** NATS's own rule, written down a second time: each token of the filter in its place. */
function reaches(filter: string, subject: string): boolean {
  const pattern = filter.split('.').map((token) => {
    if (token === '*') return '[^.]+';
    return token === '>' ? '.+' : token.replace(/[^A-Za-z0-9]/g, '\\$&');
  });
  return new RegExp(`^${pattern.join('\\.')}$`).test(subject);
}

/** Its subject needs no more of a message than this. */
const some = (fields: object) => ({ storeId: A, ...fields }) as ChangeMessage;
const partOf = (operation: string, objectType: string) => some({ kind: 'part', operation, objectType });

const token = (words: readonly string[]) => fc.constantFrom(...words);
const filters = fc.array(
  fc
    .tuple(
      token([A, B, '*', '>']),
      token(['write', 'delete', '*', '>', 'tx', 'model']),
      token(['document', 'folder', 'a%2Eb', '*', '>', 'committed', 'updated']),
    )
    .map(([store, word, type]) => {
      const tail = store === '>' ? [store] : word === '>' ? [store, word] : [store, word, type];
      return ['rsfga.changes', ...tail].join('.');
    }),
  { minLength: 1, maxLength: 6 },
);

describe('filters without a mistake', () => {
  test('deliver both halves of exactly the types that are said to arrive, and every word about the history', () => {
    const words = ['commit', 'anchor', 'marker', 'model'].map((kind) => subjectOf(some({ kind })));
    let sound = 0;
    fc.assert(
      fc.property(filters, fc.subarray(TYPES, { minLength: 1 }), (subjects, types) => {
        if (filterProblems({ subjects, stores: [A], types }).length > 0) return;
        sound += 1;
        const found = completed(subjects, A).subjects;
        const arrives = (subject: string) => found.some((filter) => reaches(filter, subject));
        const whole = types.filter((type) =>
          (['write', 'delete'] as const).every((word) => arrives(subjectOf(partOf(word, type)))),
        );
        expect(delivered(subjects, A, types)).toEqual(whole);
        expect(whole.length).toBeGreaterThan(0);
        for (const word of words) expect(arrives(word), word).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(sound).toBeGreaterThan(50);
  });

  test('are said to deliver every type only if they deliver one that nobody named', () => {
    fc.assert(
      fc.property(filters, (subjects) => {
        if (filterProblems({ subjects, stores: [A], types: 'every' }).length > 0) return;
        const found = completed(subjects, A).subjects;
        for (const word of ['write', 'delete'] as const)
          expect(found.some((filter) => reaches(filter, subjectOf(partOf(word, 'unheard_of'))))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test('take the place of the computed ones, for their own store alone', () => {
    const { subjects, added } = completed([`rsfga.changes.*.*.document`], A);
    expect(added).toEqual(
      ['tx.committed', 'tx.anchor', 'tx.marker', 'model.updated'].map((word) => `rsfga.changes.${A}.${word}`),
    );
    expect(subjects).toEqual([...added, `rsfga.changes.${A}.*.document`].sort());
    const both = filterSubjects([{ storeId: A, objectTypes: ['document'], subjects }, { storeId: B }]);
    expect(both).toEqual([...subjects, `rsfga.changes.${B}.>`].sort());
  });

  test('what others contain is left out, and nothing is added to what has it', () => {
    const given = [`rsfga.changes.${A}.>`, `rsfga.changes.${A}.write.document`, 'rsfga.changes.>'];
    expect(completed(given, A)).toEqual({ subjects: [`rsfga.changes.${A}.>`], added: [] });
  });
});

describe('a mistake is named with its place and with what to write instead', () => {
  const problems = (
    subjects: readonly string[],
    types: readonly string[] | 'every' = ['document'],
    stores = [A],
  ) => filterProblems({ subjects, stores, types });
  const both = [`rsfga.changes.${A}.write.document`, `rsfga.changes.${A}.delete.document`];

  test.each<[string, string, string, string]>([
    ['braces', `rsfga.changes.${A}.{write,delete}.document`, 'NATS knows no {a,b}', both.join(' and ')],
    ['commas', both.join(', '), 'no list within one subject', both.join(' and ')],
    ['another root', `changes.${A}.>`, 'not below rsfga.changes', 'rsfga.changes.{store_id}.write'],
    ['the control channel', 'rsfga.control.>', 'not below rsfga.changes', 'rsfga.changes.{store_id}.write'],
    ['everything there is', '>', 'not below rsfga.changes', 'rsfga.changes.{store_id}.write'],
    ['an empty token', `rsfga.changes.${A}..document`, 'no subject filter of NATS', '%XX'],
    ['> before the end', `rsfga.changes.>.write.document`, 'no subject filter of NATS', 'at the end'],
    ['a plain dot of a type name', `rsfga.changes.${A}.write.a.b`, 'matches nothing', '.write.{object_type}'],
    ['half a wildcard', `rsfga.changes.${A}.write.doc*`, 'no subject filter of NATS', '* for one token'],
    ['a subject that ends too early', `rsfga.changes.${A}.write`, 'matches nothing', '.write.{object_type}'],
    ['a word that nobody publishes', `rsfga.changes.${A}.update.document`, 'matches nothing', '.delete.'],
    ['an escape that nobody writes', `rsfga.changes.${A}.*.a%2eb`, 'matches nothing', '%XX, in capitals'],
    ['another store', `rsfga.changes.${B}.>`, `names the store ${B}`, A],
  ])('%s', (_, subject, message, allowed) => {
    const [problem, ...more] = problems([`rsfga.changes.${A}.*.document`, subject]);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      index: 1,
      message: expect.stringContaining(message),
      allowed: expect.stringContaining(allowed),
    });
  });

  test('writes without deletes', () => {
    expect(problems(both.slice(0, 1))[0]).toMatchObject({
      index: 0,
      message: expect.stringContaining('nothing here delivers the deletes'),
      allowed: `also ${both[1]}`,
    });
    expect(problems([`rsfga.changes.*.write.>`, ...both])[0]).toMatchObject({ index: 0 });
  });

  test('filters that overlap in part', () => {
    const subjects = [
      `rsfga.changes.${A}.*.document`,
      `rsfga.changes.${A}.write.*`,
      `rsfga.changes.${A}.delete.*`,
    ];
    expect(problems(subjects)[0]).toMatchObject({ index: 1, message: expect.stringContaining('overlap') });
  });

  test('nothing that the tier keeps, in one of the stores', () => {
    expect(problems([`rsfga.changes.${A}.*.group`])).toMatchObject([
      {
        message: `nothing of ${A} would be delivered that this tier keeps (document)`,
        allowed: both.join(' and '),
      },
    ]);
    expect(problems([`rsfga.changes.${A}.*.document`], ['document'], [A, B])).toMatchObject([
      { message: expect.stringContaining(`nothing of ${B}`) },
    ]);
    expect(problems([`rsfga.changes.${A}.tx.committed`])).toHaveLength(1);
    expect(problems([`rsfga.changes.${A}.>`], ['document'], ['*'])).toMatchObject([
      { index: 0, allowed: '* for each of its stores' },
    ]);
  });

  test('some types where the tier keeps all', () => {
    expect(problems([`rsfga.changes.*.*.a%2Eb`], 'every')).toMatchObject([
      {
        message: expect.stringContaining('no object types but a.b'),
        allowed: expect.stringContaining('hot: { object_types: [ a.b ] }'),
      },
    ]);
    expect(problems(['rsfga.changes.>'], 'every', ['*'])).toEqual([]);
    expect(problems([`rsfga.changes.${A}.write.*`, `rsfga.changes.${A}.delete.>`], 'every')).toEqual([]);
  });
});

test('an edge may ask the centre for the subjects of the store that it names, and for no others', () => {
  for (const tail of ['>', '*.document', 'write.a%2Eb', 'tx.committed'])
    expect(isWithinStore(`rsfga.changes.${A}.${tail}`, A), tail).toBe(true);
  for (const subject of [
    `rsfga.changes.${B}.>`,
    'rsfga.changes.>',
    `rsfga.changes.*.x`,
    `rsfga.changes.${A}`,
    '>',
    '',
  ])
    expect(isWithinStore(subject, A), subject).toBe(false);
  expect(isWithinStore(`rsfga.changes.${A}.a b`, A)).toBe(false);
  expect(isWithinStore(`rsfga.control.${A}.x`, A)).toBe(false);
});
