/** One session of the official SDK over its main calls; what is different by nature (ids, times, tokens) is masked. */
import { FgaApiError, OpenFgaClient } from '@openfga/sdk';
import { MODEL } from '../../../contract/upstream-models.ts';
import { SOME, tuple } from '../../../contract/upstream-tuples.ts';

export type Session = readonly (readonly [call: string, outcome: unknown])[];

const anne = { user: 'user:anne', relation: 'viewer', object: 'document:plan' };
const some = SOME.map((text) => tuple(text)) as (typeof anne)[];
const wanted = { user: 'user:anne', relation: 'viewer', type: 'document' };

export async function sdkSession(apiUrl: string): Promise<Session> {
  const client = new OpenFgaClient({ apiUrl, retryParams: { maxRetry: 0 } });
  client.storeId = (await client.createStore({ name: 'sdk' })).id;
  const model = await client.writeAuthorizationModel(structuredClone(MODEL) as never);
  const pinned = { authorizationModelId: model.authorization_model_id };
  const ignore = { conflict: { onDuplicateWrites: 'ignore', onMissingDeletes: 'ignore' } } as never;
  const loose = { transaction: { disable: true, maxPerChunk: 2, maxParallelRequests: 1 } };
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['getStore', () => client.getStore()],
    ['readLatestAuthorizationModel', () => client.readLatestAuthorizationModel()],
    ['readAuthorizationModels', () => client.readAuthorizationModels()],
    ['write', () => client.write({ writes: some })],
    ['write again', () => client.write({ writes: some })],
    ['write again, ignored', () => client.write({ writes: some }, ignore)],
    ['write in chunks', () => client.write({ writes: some.slice(0, 3) }, loose)],
    ['check', () => client.check(anne)],
    ['check with a model', () => client.check(anne, pinned)],
    ['check an unknown relation', () => client.check({ ...anne, relation: 'flies' })],
    ['batchCheck', () => client.batchCheck({ checks: [{ ...anne, correlationId: 'a' }] })],
    ['listRelations', () => client.listRelations({ ...anne, relations: ['owner', 'viewer'] })],
    ['listObjects', () => client.listObjects(wanted)],
    ['streamedListObjects', () => collect(client.streamedListObjects(wanted))],
    ['expand', () => client.expand({ relation: 'viewer', object: 'document:plan' })],
    ['read', () => client.read({}, { pageSize: 3 })],
    ['readChanges', () => client.readChanges({ type: 'group' })],
    ['writeAssertions', () => client.writeAssertions([{ ...anne, expectation: true }], pinned)],
    ['readAssertions', () => client.readAssertions(pinned)],
    ['deleteTuples', () => client.deleteTuples(some.slice(0, 2))],
    ['deleteTuples again', () => client.deleteTuples(some.slice(0, 2))],
    ['deleteStore', () => client.deleteStore()],
    ['getStore after it', () => client.getStore()],
  ];
  const session: [string, unknown][] = [];
  for (const [name, call] of calls) session.push([name, await outcomeOf(call)]);
  return session;
}

async function collect(stream: AsyncIterable<{ object: string }>): Promise<readonly string[]> {
  const objects: string[] = [];
  for await (const { object } of stream) objects.push(object);
  return objects.sort();
}

async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return masked(await call());
  } catch (error) {
    if (!(error instanceof FgaApiError)) throw error;
    const { statusCode, apiErrorMessage, name } = error;
    return masked({ name, statusCode, apiErrorMessage });
  }
}

function masked(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (inner instanceof Error) return { error: inner.name, message: inner.message };
    if (key === 'continuation_token' && inner !== '') return '<token>';
    return key === 'objects' && Array.isArray(inner) ? [...inner].sort() : inner;
  });
  if (text === undefined) return undefined;
  return JSON.parse(
    text
      .replace(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '<ulid>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/127\.0\.0\.1:\d+/g, '<address>'),
  );
}
