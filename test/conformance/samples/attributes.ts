/** Attributes beside relations: documents with a status, regions and clearance levels sent with the request. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const attributes: Sample = {
  name: 'attributes',
  model: `
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member, user:*]
type attribute
  relations
    define holder: [document]
type document
  relations
    define published: [attribute, user:*]
    define group: [group with cleared, group]
    define editor: [user, group#member with cleared] or member from group
    define reader: [user with in_region, user:* with in_region] or editor
    define can_publish: (editor and reader) but not published

condition cleared(clearance: uint, needed: uint) {
  clearance >= needed
}

condition in_region(regions: list<string>, region: string, attrs: map<string>) {
  region in regions || attrs["waiver"] == "yes"
}
`,
  tuples: (chance) => [
    ...times(400, () => tuple(oneOf('user', 200, chance), 'member', oneOf('group', 30, chance))),
    ...times(20, (n) => tuple(`group:${n}#member`, 'member', id('group', n + 1 + chance.below(5)))),
    tuple('user:*', 'member', 'group:29'),
    ...times(60, (n) => tuple('user:*', 'published', id('document', n * 8))),
    ...times(60, (n) => tuple('attribute:public', 'published', id('document', n * 5))),
    ...times(300, (n) => tuple(oneOf('group', 29, chance), 'group', id('document', n), cleared(n % 4))),
    ...times(100, () => tuple(oneOf('group', 30, chance), 'group', oneOf('document', 500, chance))),
    ...times(300, (n) =>
      tuple(`${oneOf('group', 30, chance)}#member`, 'editor', oneOf('document', 500, chance), cleared(n % 5)),
    ),
    ...times(500, () => tuple(oneOf('user', 200, chance), 'editor', oneOf('document', 500, chance))),
    ...times(600, (n) => {
      const context = { regions: REGIONS.slice(n % 3, (n % 3) + 2) };
      return tuple(
        n % 20 === 0 ? 'user:*' : oneOf('user', 200, chance),
        'reader',
        oneOf('document', 500, chance),
        { name: 'in_region', context },
      );
    }),
  ],
  context: (chance) => ({
    clearance: chance.below(5),
    region: chance.pick(REGIONS),
    attrs: chance.next() < 0.1 ? { waiver: 'yes' } : { waiver: 'no' },
  }),
};

const REGIONS = ['north', 'south', 'east', 'west'];

function cleared(needed: number): { name: string; context: { needed: number } } {
  return { name: 'cleared', context: { needed } };
}
