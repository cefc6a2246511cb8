/** A topology file → what the generator and the consumer desk need to know, or every mistake in it at once. */
import { checkYaml } from '../config/check.ts';
import { EVERY_STORE } from '../config/config.ts';
import type { SchemaNode } from '../config/explain.ts';
import { readFile } from '../config/read-file.ts';
import type { ChangeFilter } from '../plugin/changelog.ts';
import { jsonSchema } from '../plugin/schema.ts';
import { filterSubjects } from '../plugin/subject.ts';
import { covers } from '../plugin/subject-pattern.ts';
import { type TopologyFields, topologyFields } from './fields.ts';
import { brokenTopology } from './rules.ts';

export type Topology = TopologyFields;
export type Edge = Topology['edges'][number];
export type Leaf = Topology['leaves'][number];
export type HubServer = Topology['hub']['servers'][number];
export type Login = Topology['centrals'][number];

/** What an edge may follow of one store; `storeId` may be `*`. */
export type Grant = ChangeFilter;

/** Throws ConfigError, with `.problems`. */
export function loadTopology(path: string): Topology {
  return parseTopology(readFile(path), path);
}

/** `name` stands in errors. Throws ConfigError. */
export function parseTopology(text: string, name = 'topology'): Topology {
  // Secrets are variables of nats-server and never stand here, so nothing is filled in from the environment.
  return checkYaml(text, { schema: topologyFields, rules: brokenTopology }, { name, env: {} }).fields;
}

/** What a topology file may hold, as a JSON Schema. */
export function topologyJsonSchema(): SchemaNode {
  return jsonSchema(topologyFields) as SchemaNode;
}

/** What the edge may follow; empty for one that the topology does not name. */
export function grantsOf({ edges, products }: Topology, edgeId: string): readonly Grant[] {
  const wanted = edges.find(({ id }) => id === edgeId)?.products ?? [];
  return products
    .filter(({ id }) => wanted.includes(id))
    .flatMap(({ stores, object_types: objectTypes }) =>
      stores.map((storeId) => ({ storeId, ...(objectTypes ? { objectTypes } : {}) })),
    );
}

/** Why the edge may not follow these, in words for its operator; undefined when it may. */
export function refusal(grants: readonly Grant[], filters: readonly ChangeFilter[]): string | undefined {
  for (const { storeId, objectTypes, subjects } of filters) {
    const grant = grants.find((one) => one.storeId === storeId || one.storeId === EVERY_STORE);
    if (!grant) return `the topology does not give it the store ${storeId}`;
    if (!grant.objectTypes) continue;
    // What a subject delivers is not what the filter says it keeps.
    if (subjects)
      return `the topology gives it some object types of the store ${storeId}, and so no nats_subjects`;
    const others = objectTypes?.filter((type) => !grant.objectTypes?.includes(type));
    if (others?.length === 0) continue;
    const what = others ? `the object types ${others.join(', ')}` : 'all object types';
    return `the topology does not give it ${what} of the store ${storeId}, only ${grant.objectTypes.join(', ')}`;
  }
  return undefined;
}

/** Buckets that somebody writes snapshots to. */
export function snapshotBuckets({ edges }: Topology): readonly string[] {
  return [...new Set(edges.flatMap(({ snapshots: of }) => (of?.write === 'yes' ? [of.bucket] : [])))];
}

/** Whether everything may be followed. */
export function isUnlimited(grants: readonly Grant[]): boolean {
  return grants.some(({ storeId, objectTypes }) => storeId === EVERY_STORE && !objectTypes);
}

/** Whether these subjects deliver anything beside what may be followed. */
export function exceeds(grants: readonly Grant[], subjects: readonly string[]): boolean {
  if (isUnlimited(grants)) return false;
  const may = grants.flatMap((grant) =>
    filterSubjects([grant]).map((subject) => {
      const [root = '', changes = '', store = '', ...tail] = subject.split('.');
      return [root, changes, grant.storeId === EVERY_STORE ? '*' : store, ...tail];
    }),
  );
  return !subjects.every((subject) => may.some((pattern) => covers(pattern, subject.split('.'))));
}
