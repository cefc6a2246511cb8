/** Models: the shape in which they come back, the rules that they must obey (contract section 4.9). */

import type { Script, Step } from './upstream.ts';
import { GHOST } from './upstream-stores.ts';

/** Direct, computed, from a parent, set algebra, wildcards, a condition. */
export const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'group',
      relations: { member: { this: {} } },
      ...restricted({ member: ['user', 'group#member'] }),
    },
    {
      type: 'folder',
      relations: { viewer: { this: {} } },
      ...restricted({ viewer: ['user', 'group#member'] }),
    },
    {
      type: 'document',
      relations: {
        parent: { this: {} },
        owner: { this: {} },
        blocked: { this: {} },
        reader: { this: {} },
        viewer: {
          difference: {
            base: { union: { child: [{ this: {} }, computed('owner'), from('parent', 'viewer')] } },
            subtract: computed('blocked'),
          },
        },
      },
      ...restricted({
        parent: ['folder'],
        owner: ['user'],
        blocked: ['user'],
        reader: ['user with in_office'],
        viewer: ['user', 'user:*', 'group#member'],
      }),
    },
  ],
  conditions: {
    in_office: {
      name: 'in_office',
      expression: 'ip == "10.0.0.1"',
      parameters: { ip: { type_name: 'TYPE_NAME_STRING' } },
    },
  },
};

/** The steps that a script about tuples begins with. */
export const WITH_MODEL: readonly Step[] = [
  { does: 'makes a store', call: 'POST /stores', body: { name: 'contract' }, save: { store: 'id' } },
  {
    does: 'writes the model',
    call: 'POST /stores/{store}/authorization-models',
    body: MODEL,
    save: { model: 'authorization_model_id' },
  },
];

const path = '/stores/{store}/authorization-models';

export const MODELS: readonly Script[] = [
  {
    name: 'models are kept and listed newest first',
    steps: [
      ...WITH_MODEL,
      { does: 'reads it', call: `GET ${path}/{model}` },
      { does: 'writes a second', call: `POST ${path}`, body: { ...MODEL, schema_version: '1.2' } },
      { does: 'lists both', call: `GET ${path}` },
      { does: 'lists one', call: `GET ${path}?page_size=1`, save: { token: 'continuation_token' } },
      { does: 'lists the other', call: `GET ${path}?page_size=1&continuation_token={token}` },
      { does: 'finds none', call: `GET ${path}/${GHOST}` },
      { does: 'wants an id', call: `GET ${path}/bad` },
      { does: 'wants a page', call: `GET ${path}?page_size=101` },
      { does: 'wants its own token', call: `GET ${path}?continuation_token=YWJj` },
    ],
  },
];

const direct = { this: {} };
const user = { type: 'user' };

function doc(relations: object, restrictions: Readonly<Record<string, readonly string[]>> = {}): object {
  return {
    schema_version: '1.1',
    type_definitions: [user, { type: 'doc', relations, ...restricted(restrictions) }],
  };
}

const BROKEN: Readonly<Record<string, object>> = {
  'without types': { schema_version: '1.1', type_definitions: [] },
  'of schema 1.0': { schema_version: '1.0', type_definitions: [user] },
  'without a schema': { type_definitions: [user] },
  'of schema 3': { schema_version: '3', type_definitions: [user] },
  'with a type twice': { schema_version: '1.1', type_definitions: [user, user] },
  'with a type named self': { schema_version: '1.1', type_definitions: [{ type: 'self' }] },
  'with a type named a:b': { schema_version: '1.1', type_definitions: [{ type: 'a:b' }] },
  'with a nameless type': { schema_version: '1.1', type_definitions: [{ type: '' }] },
  'with a relation named this': doc({ this: direct }, { this: ['user'] }),
  'with a relation named a#b': doc({ 'a#b': direct }, { 'a#b': ['user'] }),
  'with 101 types': {
    schema_version: '1.1',
    type_definitions: Array.from({ length: 101 }, (_, n) => ({ type: `t${n}` })),
  },
  'that is too large': {
    schema_version: '1.1',
    type_definitions: Array.from({ length: 90 }, (_, t) => ({
      type: `t${t}`,
      relations: Object.fromEntries(
        Array.from({ length: 50 }, (_, r) => [`${'r'.repeat(45)}${r}`, computed('x'.repeat(45))]),
      ),
    })),
  },
  'with a relation of itself': doc({ a: computed('a') }),
  'with a relation of nothing': doc({ a: computed('b') }),
  'with an empty rewrite': doc({ a: {} }),
  'with a parent of nothing': doc({ a: from('p', 'a') }),
  'with a computed parent': doc({ p: computed('q'), q: direct, a: from('p', 'a') }, { q: ['doc'] }),
  'with a parent without the relation': doc({ p: direct, a: from('p', 'x') }, { p: ['user'] }),
  'with a parent userset': doc({ p: direct, a: from('p', 'p') }, { p: ['doc#p', 'doc'] }),
  'with a parent wildcard': doc({ p: direct, a: from('p', 'p') }, { p: ['doc:*'] }),
  'without a restriction': doc({ a: direct }),
  'with a restriction too many': doc({ a: direct, b: computed('a') }, { a: ['user'], b: ['user'] }),
  'with an unknown type': doc({ a: direct }, { a: ['robot'] }),
  'with an unknown userset': doc({ a: direct }, { a: ['user#x'] }),
  'with an unknown condition': doc({ a: direct }, { a: ['user with nope'] }),
  'with a union of one': doc({ a: { union: { child: [direct] } } }, { a: ['user'] }),
  'with an intersection of one': doc({ a: { intersection: { child: [direct] } } }, { a: ['user'] }),
  'with half a difference': doc({ a: { difference: { base: direct } } }, { a: ['user'] }),
  'with half a tupleset': doc({ a: { tupleToUserset: { tupleset: { relation: 'p' } } } }, { a: ['user'] }),
  'with a userset of itself alone': doc({ a: direct }, { a: ['doc#a'] }),
  'with two usersets of each other': doc({ a: direct, b: direct }, { a: ['doc#b'], b: ['doc#a'] }),
  'with relations of each other': doc({ a: computed('b'), b: computed('a') }),
  'with a cycle beside an entrypoint': doc(
    { a: { union: { child: [direct, computed('b')] } }, b: { union: { child: [direct, computed('a')] } } },
    { a: ['user'], b: ['user'] },
  ),
  'with an intersection that nobody is in': doc(
    { a: { intersection: { child: [direct, computed('b')] } }, b: direct },
    { a: ['user'], b: ['doc#b'] },
  ),
  'with a parent of the same alone': doc({ p: direct, a: from('p', 'a') }, { p: ['doc'] }),
  'with 26 conditions': {
    schema_version: '1.1',
    type_definitions: [user],
    conditions: Object.fromEntries(
      Array.from({ length: 26 }, (_, n) => [`c${n}`, { name: `c${n}`, expression: 'true' }]),
    ),
  },
  'with a condition of another name': {
    schema_version: '1.1',
    type_definitions: [user],
    conditions: { a: { name: 'b', expression: 'true' } },
  },
  'with a long expression': {
    schema_version: '1.1',
    type_definitions: [user],
    conditions: { a: { name: 'a', expression: `true || ${' '.repeat(600)} false` } },
  },
};

const BROKEN_CONDITIONS: Readonly<Record<string, object>> = {
  'that does not parse': { expression: 'x ==', parameters: { x: { type_name: 'TYPE_NAME_STRING' } } },
  'of an undeclared name': { expression: 'y == "a"', parameters: { x: { type_name: 'TYPE_NAME_STRING' } } },
  'of an unknown function': { expression: 'nope(x)', parameters: { x: { type_name: 'TYPE_NAME_STRING' } } },
  'with an operator for other types': {
    expression: 'x + 1 == 2',
    parameters: { x: { type_name: 'TYPE_NAME_STRING' } },
  },
  'that is no bool': { expression: 'x', parameters: { x: { type_name: 'TYPE_NAME_STRING' } } },
  'of a list of nothing': { expression: 'true', parameters: { x: { type_name: 'TYPE_NAME_LIST' } } },
  'of no type': { expression: 'true', parameters: { x: {} } },
};

export const BAD_MODELS: readonly Script[] = [
  {
    name: 'broken models are refused',
    steps: [
      { does: 'makes a store', call: 'POST /stores', body: { name: 'contract' }, save: { store: 'id' } },
      ...Object.entries(BROKEN).map(([does, body]) => ({ does, call: `POST ${path}`, body })),
      ...Object.entries(BROKEN_CONDITIONS).map(([does, condition]) => ({
        does: `with a condition ${does}`,
        call: `POST ${path}`,
        body: { ...doc({}), conditions: { cc: { name: 'cc', ...condition } } },
        looseMessage: true as const,
      })),
      { does: 'has none of them', call: `GET ${path}` },
    ],
  },
];

function computed(relation: string): object {
  return { computedUserset: { relation } };
}

function from(tupleset: string, relation: string): object {
  return { tupleToUserset: { tupleset: { relation: tupleset }, computedUserset: { relation } } };
}

/** `user`, `user:*`, `group#member`, each perhaps ` with condition`. */
function restricted(restrictions: Readonly<Record<string, readonly string[]>>): object {
  const relations = Object.entries(restrictions).map(([relation, texts]) => {
    return [relation, { directly_related_user_types: texts.map(reference) }] as const;
  });
  return { metadata: { relations: Object.fromEntries(relations) } };
}

function reference(text: string): object {
  const [subject = '', condition] = text.split(' with ');
  const [type = '', relation] = subject.split('#');
  const wildcard = type.endsWith(':*') ? { wildcard: {} } : {};
  const name = type.replace(':*', '');
  return { type: name, ...wildcard, ...(relation && { relation }), ...(condition && { condition }) };
}
