/** Stores, and what never reaches a store. */
import type { Script, Step } from './upstream.ts';

export const GHOST = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const create: Step = {
  does: 'makes a store',
  call: 'POST /stores',
  body: { name: 'contract' },
  save: { store: 'id' },
};

export const STORES: readonly Script[] = [
  {
    name: 'a store lives and dies',
    steps: [
      create,
      { does: 'gets it', call: 'GET /stores/{store}' },
      { does: 'does not update it', call: 'PATCH /stores/{store}', body: { name: 'another' } },
      { does: 'checks the update first', call: 'PATCH /stores/{store}', body: { name: '' } },
      { does: 'deletes it', call: 'DELETE /stores/{store}' },
      { does: 'no longer gets it', call: 'GET /stores/{store}' },
      { does: 'deletes it again', call: 'DELETE /stores/{store}' },
      { does: 'still has no models in it', call: 'GET /stores/{store}/authorization-models' },
      { does: 'reads it as empty', call: 'POST /stores/{store}/read', body: {} },
    ],
  },
  {
    name: 'store names',
    steps: ['', 'ab', 'abc', 'a b.c-d/e^f_g&h@i', 'ä ö', 'a*b', 'x'.repeat(64), 'x'.repeat(65)].map(
      (name) => ({
        does: `names a store ${name}`,
        call: 'POST /stores',
        body: { name, unknown: true },
      }),
    ),
  },
  {
    name: 'stores by name and page',
    steps: [
      ...[1, 2, 3].map((n) => ({ does: `makes ${n}`, call: 'POST /stores', body: { name: 'paged' } })),
      {
        does: 'reads two',
        call: 'GET /stores?name=paged&page_size=2',
        save: { token: 'continuation_token' },
      },
      { does: 'reads the third', call: 'GET /stores?name=paged&page_size=2&continuation_token={token}' },
      { does: 'reads past the end', call: 'GET /stores?name=paged&continuation_token=MTA=' },
      { does: 'reads none', call: 'GET /stores?name=nosuch' },
      { does: 'takes the JSON name too', call: 'GET /stores?name=paged&pageSize=0' },
      ...[
        'page_size=0',
        'page_size=1&page_size=2',
        'page_size=99999999999',
        'page_size=101',
        'page_size=x',
        'page_size=',
        'name=a',
        'continuation_token=***',
      ].map((query) => ({ does: `asks for ${query}`, call: `GET /stores?${query}` })),
      ...['YWJj', 'YWJ', 'LTE='].map((token) => ({
        does: `makes up the token ${token}`,
        call: `GET /stores?name=nosuch&continuation_token=${token}`,
      })),
    ],
  },
];

const EVALUATION = {
  subject: { type: 'user', id: 'anne' },
  resource: { type: 'document', id: 'plan' },
  action: { name: 'viewer' },
};

export const GATEWAY: readonly Script[] = [
  {
    name: 'paths and verbs',
    steps: [
      create,
      { does: 'is healthy', call: 'GET /healthz' },
      ...[
        'GET /',
        'GET /nope',
        'GET //stores',
        'GET /stores/a%2Fb',
        'POST /stores/{store}/check/',
        'POST /stores/{store}/nope',
      ].map((call) => ({ does: `does not know ${call}`, call })),
      ...['PUT /stores', 'GET /stores/{store}/check', 'POST /healthz', 'DELETE /stores'].map((call) => ({
        does: `refuses ${call}`,
        call,
      })),
      { does: 'takes an empty id', call: 'GET /stores/' },
      { does: 'takes no bad id', call: 'GET /stores/bad' },
      { does: 'has no AuthZEN', call: 'POST /stores/{store}/access/v1/evaluation', body: EVALUATION },
    ],
  },
  {
    name: 'bodies',
    steps: [
      ...['', 'null', '[]', '{', '{"name":1}', '{"name":"abc"', '{"name":null}', 'nope'].map(
        (body): Step => ({ does: `sends ${body}`, call: 'POST /stores', body, looseMessage: true }),
      ),
      { does: 'sends too much', call: 'POST /stores', body: { name: 'x'.repeat(700_000) } },
    ],
  },
  {
    name: 'an unknown store',
    steps: [
      { does: 'gets it', call: `GET /stores/${GHOST}` },
      { does: 'reads it', call: `POST /stores/${GHOST}/read`, body: {} },
      { does: 'reads its changes', call: `GET /stores/${GHOST}/changes` },
      { does: 'lists its models', call: `GET /stores/${GHOST}/authorization-models` },
      { does: 'gets a model', call: `GET /stores/${GHOST}/authorization-models/${GHOST}` },
      { does: 'gets no such model', call: `GET /stores/${GHOST}/authorization-models/bad` },
      { does: 'writes into it', call: `POST /stores/${GHOST}/write`, body: {} },
      { does: 'reads its assertions', call: `GET /stores/${GHOST}/assertions/${GHOST}` },
    ],
  },
];
