/**
 * One scripted session over the whole surface of the official SDK. Run against two servers, the two transcripts must be
 * equal: what is different by nature (ids, times, tokens) is masked, and nothing else.
 */
import { ConsistencyPreference, OpenFgaClient } from '@openfga/sdk';
import { modelFrom } from '../support/datasets.ts';
import { masker } from './masking.ts';
import { attempt, type Entry } from './sdk-outcome.ts';

/** `record` runs one step; a failure of the call is an outcome, not a failure of the session. */
interface Session {
  readonly client: OpenFgaClient;
  record<T>(step: string, action: () => Promise<T>): Promise<T | undefined>;
}

export const SESSION_MODEL = modelFrom(`
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, group#member]
type document
  relations
    define parent: [folder]
    define owner: [user]
    define blocked: [user]
    define reader: [user, user:*, user with in_office]
    define viewer: ([user, group#member] or owner or viewer from parent) but not blocked
condition in_office(ip: string) {
  ip == "10.0.0.1"
}
`);

/** `settled` is awaited once the store has its tuples, before the questions: for an edge to have its copy. */
export async function sdkSession(
  apiUrl: string,
  storeName: string,
  settled: (storeId: string) => Promise<unknown> = async () => undefined,
): Promise<Entry[]> {
  const masks = masker();
  const entries: Entry[] = [];
  const client = new OpenFgaClient({ apiUrl, retryParams: { maxRetry: 0 } });
  const session: Session = {
    client,
    record: async (step, action) => {
      const [outcome, result] = await attempt(action, masks);
      entries.push({ step, ...outcome });
      return result;
    },
  };
  await stores(session, storeName);
  await models(session);
  await writes(session);
  await reads(session);
  await settled(client.storeId ?? '');
  await checks(session);
  await lists(session);
  await refusals(session);
  await ending(session);
  return entries;
}

const anne = { user: 'user:anne', relation: 'viewer', object: 'document:plan' };
const ghost = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

async function stores({ client, record }: Session, name: string): Promise<void> {
  const empty = await record('an empty store', () => client.createStore({ name: `${name}-empty` }));
  if (empty) client.storeId = empty.id;
  await record('latest model of an empty store', () => client.readLatestAuthorizationModel());
  await record('check in a store without a model', () => client.check(anne));
  const made = await record('createStore', () => client.createStore({ name }));
  if (made) client.storeId = made.id;
  await record('getStore', () => client.getStore());
  await record('listStores by name', () => client.listStores({ name, pageSize: 10 }));
  await record('createStore without a name', () => client.createStore({ name: '' }));
}

async function models({ client, record }: Session): Promise<void> {
  // The SDK's type wants no readonly members; the value is the same.
  const body = structuredClone(SESSION_MODEL) as Parameters<typeof client.writeAuthorizationModel>[0];
  await record('writeAuthorizationModel', () => client.writeAuthorizationModel(body));
  const second = await record('a second model', () => client.writeAuthorizationModel(body));
  await record('readAuthorizationModels, first page', () => client.readAuthorizationModels({ pageSize: 1 }));
  await record('readLatestAuthorizationModel', () => client.readLatestAuthorizationModel());
  const authorizationModelId = second?.authorization_model_id ?? ghost;
  await record('readAuthorizationModel', () => client.readAuthorizationModel({ authorizationModelId }));
  await record('an unknown model', () => client.readAuthorizationModel({ authorizationModelId: ghost }));
  const broken = { schema_version: '1.1', type_definitions: [] };
  await record('a model without types', () => client.writeAuthorizationModel(broken));
}

async function writes({ client, record }: Session): Promise<void> {
  const ann = { user: 'user:anne', relation: 'member', object: 'group:eng' };
  const bob = { user: 'user:bob', relation: 'owner', object: 'document:plan' };
  const viewers = { user: 'group:eng#member', relation: 'viewer', object: 'folder:root' };
  const parent = { user: 'folder:root', relation: 'parent', object: 'document:plan' };
  const condition = { name: 'in_office', context: {} };
  const office = { user: 'user:carl', relation: 'reader', object: 'document:plan', condition };
  await record('write', () => client.write({ writes: [ann, bob, viewers, parent, office] }));
  await record('check after write', () => client.check(anne));
  await record('write again', () => client.write({ writes: [ann] }));
  const ignore = { conflict: { onDuplicateWrites: 'ignore', onMissingDeletes: 'ignore' } } as const;
  const missing = { ...ann, user: 'user:nobody' };
  await record('write again, ignored', () =>
    client.write({ writes: [ann], deletes: [missing] }, ignore as never),
  );
  await record('delete what is not there', () => client.deleteTuples([missing]));
  await record('write and delete', () =>
    client.write({ writes: [{ ...bob, object: 'document:memo' }], deletes: [parent] }),
  );
  await record('check after delete', () => client.check(anne));
  await record('writeTuples', () => client.writeTuples([parent, { ...ann, user: 'user:dora' }]));
  const transaction = { disable: true, maxPerChunk: 2, maxParallelRequests: 1 };
  await record('write without a transaction', () =>
    client.write(
      { writes: [ann, { ...ann, user: 'user:eve' }, { ...ann, user: 'user:fay' }] },
      { transaction },
    ),
  );
  await record('a type that is not there', () => client.writeTuples([{ ...ann, object: 'robot:1' }]));
  await record('nothing to write', () => client.write({ writes: [], deletes: [] }));
}

async function reads({ client, record }: Session): Promise<void> {
  await record('read all', () => client.read());
  await record('read one object', () => client.read({ object: 'document:plan' }));
  await record('read by user and type', () => client.read({ user: 'user:anne', object: 'group:' }));
  await record('read a page', () => client.read({}, { pageSize: 2 }));
  await record('read with a type only', () => client.read({ object: 'group:' }));
  await record('readChanges', () => client.readChanges());
  await record('readChanges of a type', () => client.readChanges({ type: 'group' }, { pageSize: 2 }));
  const future = { type: 'group', startTime: '2200-01-01T00:00:00Z' };
  await record('readChanges from the future', () => client.readChanges(future));
}

async function checks({ client, record }: Session): Promise<void> {
  const ask = (step: string, body: Parameters<typeof client.check>[0], options = {}) =>
    record(`check: ${step}`, () => client.check(body, options));
  await ask('granted by a nested group', anne);
  await ask('denied', { ...anne, user: 'user:zoe' });
  await ask('strongly consistent', anne, { consistency: ConsistencyPreference.HigherConsistency });
  const blocked = { ...anne, relation: 'blocked' };
  await ask('contextual tuple blocks', { ...anne, contextualTuples: [blocked] });
  await ask('contextual tuple of an unknown type', {
    ...anne,
    contextualTuples: [{ ...anne, object: 'robot:1' }],
  });
  const carl = { user: 'user:carl', relation: 'reader', object: 'document:plan' };
  await ask('condition holds', { ...carl, context: { ip: '10.0.0.1' } });
  await ask('condition fails', { ...carl, context: { ip: '10.0.0.2' } });
  await ask('condition without its parameter', carl);
  await ask('a userset', { ...anne, user: 'group:eng#member' });
  await ask('everybody', { user: 'user:*', relation: 'reader', object: 'document:plan' });
  await ask('unknown relation', { ...anne, relation: 'flies' });
  await ask('a user without a type', { ...anne, user: 'anne' });
  await ask('a model that is not there', anne, { authorizationModelId: ghost });
}

async function lists({ client, record }: Session): Promise<void> {
  const items = [
    { ...anne, correlationId: 'a' },
    { ...anne, relation: 'flies', correlationId: 'b' },
    { ...anne, user: 'user:bob', correlationId: 'c' },
  ];
  await record('batchCheck', () => client.batchCheck({ checks: items }));
  await record('clientBatchCheck', () => client.clientBatchCheck([anne, { ...anne, relation: 'flies' }]));
  await record('listRelations', () =>
    client.listRelations({ ...anne, relations: ['viewer', 'owner', 'blocked'] }),
  );
  const wanted = { user: 'user:anne', relation: 'viewer', type: 'document' };
  await record('listObjects', () => client.listObjects(wanted));
  await record('listObjects of an unknown type', () => client.listObjects({ ...wanted, type: 'robot' }));
  await record('streamedListObjects', async () => {
    const objects: string[] = [];
    for await (const { object } of client.streamedListObjects(wanted)) objects.push(object);
    return { objects };
  });
  const document = { type: 'document', id: 'plan' };
  const asked = { object: document, relation: 'viewer', user_filters: [{ type: 'user' }] };
  await record('listUsers', () => client.listUsers(asked));
  await record('listUsers of an unknown relation', () => client.listUsers({ ...asked, relation: 'flies' }));
  await record('expand', () => client.expand({ relation: 'viewer', object: 'document:plan' }));
  await record('expand an unknown relation', () =>
    client.expand({ relation: 'flies', object: 'document:x' }),
  );
}

async function refusals({ client, record }: Session): Promise<void> {
  const body = { tuple_key: anne };
  const custom = (method: 'GET' | 'POST' | 'PUT', path: string) =>
    record(`${method} ${path}`, () =>
      client.executeApiRequest({ operationName: 'Custom', method, path, body }),
    );
  await custom('POST', '/no/such/endpoint');
  await custom('PUT', `/stores/${ghost}/check`);
  await custom('POST', `/stores/${ghost}/check`);
  await custom('POST', '/stores/not-a-store/check');
  const away = { storeId: ghost };
  await record('getStore of an unknown store', () => client.getStore(away));
}

async function ending({ client, record }: Session): Promise<void> {
  const latest = await client.readLatestAuthorizationModel();
  const authorizationModelId = latest.authorization_model?.id ?? ghost;
  const model = { authorizationModelId };
  await record('writeAssertions', () => client.writeAssertions([{ ...anne, expectation: true }], model));
  await record('readAssertions', () => client.readAssertions(model));
  await record('readAssertions of an unknown model', () =>
    client.readAssertions({ authorizationModelId: ghost }),
  );
  await record('deleteStore', () => client.deleteStore());
  await record('getStore after deletion', () => client.getStore());
}
