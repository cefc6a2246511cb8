import fc from 'fast-check';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import {
  createWanted,
  filterSubjects,
  headSubjects,
  parseTouched,
  storeSubjects,
  subjectOf,
  subjectToken,
  touchedText,
} from '../../src/plugin/subject.ts';

const STORE = '01J0000000000000000000000A';
const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 254, unit: 'grapheme' }),
  fc.constantFrom('document', 'a.b', '*', '>', 'a>b', '%', '%h', '%2E', '.', ' ', 'é', '🙂', 'x'.repeat(254)),
);

describe('subjects', () => {
  it('leaves the names that NATS takes as they are', () => {
    expect(subjectToken('document')).toBe('document');
    expect(subjectToken('user_group-2')).toBe('user_group-2');
    const part = { ...somePart(), operation: 'write', objectType: 'document' } as const;
    expect(subjectOf(part)).toBe(`rsfga.changes.${STORE}.write.document`);
  });

  it('makes of any name one token that NATS treats as a literal', () => {
    fc.assert(
      fc.property(name, (type) => {
        expect(subjectToken(type)).toMatch(/^[A-Za-z0-9_%-]+$/);
        expect(subjectToken(type).length).toBeLessThanOrEqual(120);
      }),
    );
  });

  it('gives two names two tokens', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(subjectToken(a) === subjectToken(b)).toBe(a === b);
      }),
    );
    expect(subjectToken('a.b')).not.toBe(subjectToken('a%2Eb'));
    expect(subjectToken('')).not.toBe(subjectToken('%'));
  });

  it('subscribes to the whole store, or to the types with all that says where the history stands', () => {
    expect(filterSubjects([{ storeId: STORE }])).toEqual([storeSubjects(STORE)]);
    expect(filterSubjects([{ storeId: STORE, objectTypes: ['doc', 'doc'] }])).toEqual(
      [
        `rsfga.changes.${STORE}.delete.doc`,
        ...headSubjects(STORE).toReversed(),
        `rsfga.changes.${STORE}.write.doc`,
      ].sort(),
    );
    expect(filterSubjects([{ storeId: STORE, objectTypes: ['doc'] }, { storeId: STORE }])).toEqual([
      storeSubjects(STORE),
    ]);
    expect(filterSubjects([])).toEqual([]);
  });

  it('wants the parts of its types and the commits of its stores', () => {
    const wanted = createWanted([{ storeId: STORE, objectTypes: ['doc'] }]);
    expect(wanted({ ...somePart(), objectType: 'doc' })).toBe(true);
    expect(wanted({ ...somePart(), objectType: 'folder' })).toBe(false);
    expect(wanted({ ...somePart(), objectType: 'doc', storeId: ulid() })).toBe(false);
    const anchor = {
      ...somePart(),
      kind: 'anchor',
      committedAtMs: 0,
      publisher: '',
      checkpoint: '',
    } as const;
    expect(wanted(anchor)).toBe(true);
    expect(createWanted([])(anchor)).toBe(false);
  });

  it('names the touched pairs in a header and reads them back', () => {
    const pair = fc.record({ type: name, relation: name });
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 20 }), (pairs) => {
        const text = touchedText(pairs, 1_000_000);
        expect(text).toMatch(/^[\x21-\x7e]*$/);
        expect(parseTouched(text)).toEqual(pairs);
      }),
    );
  });

  it('says everything when there are too many pairs, or when the header cannot be read', () => {
    const pairs = Array.from({ length: 100 }, (_, at) => ({ type: `t${at}`, relation: 'r' }));
    expect(touchedText(pairs, 100)).toBe('*');
    for (const text of ['*', undefined, 'doc', 'a#b#c', '%E0%A4%A#b'])
      expect(parseTouched(text)).toBe('everything');
  });
});

function somePart() {
  return {
    kind: 'part',
    storeId: STORE,
    epoch: 'E',
    revision: 1,
    commitId: 'C',
    index: 0,
    operation: 'write',
    objectType: 'doc',
    tuples: [],
  } as const;
}
