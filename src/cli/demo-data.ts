/** The quick start's data: a small company with teams, nested folders and documents, written through the central sidecar. */
import { OpenFgaClient } from '@openfga/sdk';
import { transformer } from '@openfga/syntax-transformer';
import { MAX_TUPLES_PER_WRITE } from '../fga/limits.ts';
import type { TupleKey } from '../fga/tuple.ts';

export const DEMO_MODEL = `model
  schema 1.1

type user

type team
  relations
    define member: [user, team#member]

type folder
  relations
    define parent: [folder]
    define owner: [user]
    define viewer: [user, team#member] or owner or viewer from parent

type document
  relations
    define parent: [folder]
    define owner: [user]
    define blocked: [user]
    define editor: [user, team#member] or owner
    define viewer: ([user, user:*, team#member] or editor or viewer from parent) but not blocked
`;

/** Not granted at first: the first curl line says no, the second grants it. */
export const DEMO_CHECK: TupleKey = { user: 'user:zoe', relation: 'viewer', object: 'document:roadmap' };

const PEOPLE = 500;
const TEAMS = 40;
const FOLDERS = 120;
const DOCUMENTS = 1_000;

export interface LoadedDemo {
  readonly storeId: string;
  readonly modelId: string;
  readonly tuples: number;
}

/** `url` is the central sidecar's: everything passes through it and is captured. */
export async function loadDemo(url: string): Promise<LoadedDemo> {
  const client = new OpenFgaClient({ apiUrl: url });
  const { id: storeId } = await client.createStore({ name: 'quick-start' });
  const model = transformer.transformDSLToJSONObject(DEMO_MODEL);
  const { authorization_model_id: modelId } = await client.writeAuthorizationModel(model, { storeId });
  const tuples = demoTuples();
  for (let at = 0; at < tuples.length; at += MAX_TUPLES_PER_WRITE) {
    const writes = tuples.slice(at, at + MAX_TUPLES_PER_WRITE).map((tuple) => ({ ...tuple }));
    await client.write({ writes }, { storeId, authorizationModelId: modelId });
  }
  return { storeId, modelId, tuples: tuples.length };
}

/** The same tuples at every start: what a newcomer tries is what the README shows. */
export function demoTuples(): readonly TupleKey[] {
  const tuples: TupleKey[] = [];
  const add = (user: string, relation: string, object: string) => tuples.push({ user, relation, object });
  for (let n = 0; n < PEOPLE; n += 1) add(`user:p${n}`, 'member', `team:t${n % TEAMS}`);
  for (let n = 1; n < TEAMS; n += 1) add(`team:t${n}#member`, 'member', `team:t${Math.floor(n / 4)}`);
  for (let n = 0; n < FOLDERS; n += 1) {
    if (n > 0) add(`folder:f${Math.floor((n - 1) / 3)}`, 'parent', `folder:f${n}`);
    add(`user:p${(n * 7) % PEOPLE}`, 'owner', `folder:f${n}`);
    if (n % 3 === 0) add(`team:t${n % TEAMS}#member`, 'viewer', `folder:f${n}`);
  }
  for (let n = 0; n < DOCUMENTS; n += 1) {
    const document = n === 0 ? 'document:roadmap' : `document:d${n}`;
    add(`folder:f${n % FOLDERS}`, 'parent', document);
    add(`user:p${(n * 13) % PEOPLE}`, 'owner', document);
    if (n % 50 === 49) add('user:*', 'viewer', document);
    if (n % 20 === 19) add(`user:p${(n * 3) % PEOPLE}`, 'blocked', document);
  }
  return tuples;
}
