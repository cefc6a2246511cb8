/** Questions to the sequencer and its replies as JSON: read strictly, since any client of the broker may send them. */
import type { Head } from '../../src/fga/change.ts';
import type { ControlQuestion, ControlReply } from '../../src/plugin/changelog.ts';

/** Heads of this many stores are about 130 KB of JSON, well below a message's limit. */
const STORES_PER_MESSAGE = 1_000;
const MAX_ID_LENGTH = 64;
/** A token of a subject by itself: nothing that NATS or an upstream's path reads anything into. */
const STORE_ID = /^[A-Za-z0-9]{1,64}$/;
/** What `STORES_PER_MESSAGE` ids of that length and the words around them come to. */
export const MAX_QUESTION_BYTES = 131_072;

export function piecesOf(question: ControlQuestion): readonly ControlQuestion[] {
  const { storeIds } = question;
  const count = Math.max(1, Math.ceil(storeIds.length / STORES_PER_MESSAGE));
  return Array.from({ length: count }, (_, at) => ({
    ...question,
    storeIds: storeIds.slice(at * STORES_PER_MESSAGE, (at + 1) * STORES_PER_MESSAGE),
  }));
}

/** Throws on anything that is not a question of a sidecar. */
export function parseQuestion(text: string): ControlQuestion {
  const { ask, storeIds, marker } = mapping(JSON.parse(text));
  if (ask !== 'barrier') throw new Error('not a question that is known here');
  if (!Array.isArray(storeIds) || storeIds.length > STORES_PER_MESSAGE || !storeIds.every(isStoreId))
    throw new Error('the question names no valid stores');
  if (marker === undefined) return { ask, storeIds };
  if (!isId(marker)) throw new Error('the question names no valid marker');
  return { ask, storeIds, marker };
}

/** Throws on anything that is not a reply. */
export function parseReply(text: string): ControlReply {
  const heads = mapping(mapping(JSON.parse(text)).heads);
  return {
    heads: Object.fromEntries(Object.entries(heads).map(([storeId, head]) => [storeId, parseHead(head)])),
  };
}

export function parseHead(value: unknown): Head {
  const { epoch, revision, commitId } = mapping(value);
  if (typeof epoch !== 'string' || typeof commitId !== 'string' || !Number.isSafeInteger(revision))
    throw new Error('the reply holds no valid head');
  return { epoch, revision: Number(revision), commitId };
}

export function mapping(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not a mapping');
  return value as Record<string, unknown>;
}

export function isStoreId(value: unknown): value is string {
  return typeof value === 'string' && STORE_ID.test(value);
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_ID_LENGTH;
}
