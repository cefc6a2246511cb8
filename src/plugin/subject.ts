/**
 * Where a message of the change street travels (design section 4): `rsfga.changes.{store_id}.{write|delete}.{object_type}`,
 * `….tx.committed`, `….tx.anchor`, `….tx.marker`, `….model.updated`. Pure text: no broker is spoken to here.
 *
 * OpenFGA allows `.`, `*`, `>` and any letter in a type name; NATS does not. Such a name is escaped like a URL, `%` and two
 * hexadecimal digits per UTF-8 byte, so that no two names share a token. The plain name is in the payload.
 */
import { createHash } from 'node:crypto';
import type { ChangeMessage, TouchedPair } from '../fga/change.ts';
import type { ChangeFilter } from './changelog.ts';

/** Every subject of the change street; the stream's only subject. */
export const ALL_CHANGES = 'rsfga.changes.>';

/** Longer tokens are hashed: servers keep an index of subjects, and a type name may have 1016 bytes. */
const MAX_TOKEN = 120;

/** One token of a subject: injective, and the text itself where that is letters, digits, `_` and `-`. */
export function subjectToken(text: string): string {
  const escaped = escapeText(text);
  if (escaped.length <= MAX_TOKEN) return escaped;
  // `%h` begins no escape, so a hashed name cannot be the token of another name.
  return `%h${createHash('sha256').update(text).digest('hex')}`;
}

/** The type name that a token stands for; undefined for a token that stands for none, or for one that was hashed. */
export function typeOfToken(token: string): string | undefined {
  try {
    const type = unescapeText(token);
    return subjectToken(type) === token ? type : undefined;
  } catch {
    return undefined;
  }
}

export function subjectOf(message: ChangeMessage): string {
  const store = storePrefix(message.storeId);
  switch (message.kind) {
    case 'part':
      return `${store}.${message.operation}.${subjectToken(message.objectType)}`;
    case 'commit':
      return `${store}.tx.committed`;
    case 'anchor':
      return `${store}.tx.anchor`;
    case 'marker':
      return `${store}.tx.marker`;
    case 'model':
      return `${store}.model.updated`;
  }
}

/** Everything of a store; the subject that a fence is measured on. */
export function storeSubjects(storeId: string): string {
  return `${storePrefix(storeId)}.>`;
}

/** The messages that say where a store's history stands. */
export function headSubjects(storeId: string): readonly string[] {
  const store = storePrefix(storeId);
  return [`${store}.tx.>`, `${store}.model.>`];
}

/** The same, one by one: beside filters made by hand, which they must not overlap. */
export function wordSubjects(storeId: string): readonly string[] {
  return ['tx.committed', 'tx.anchor', 'tx.marker', 'model.updated'].map(
    (word) => `${storePrefix(storeId)}.${word}`,
  );
}

/** What to subscribe to for these filters: distinct, none within another, sorted. */
export function filterSubjects(filters: readonly ChangeFilter[]): readonly string[] {
  const subjects = new Set<string>();
  const computed = filters.filter((filter) => !filter.subjects);
  const whole = new Set(computed.filter((filter) => !filter.objectTypes).map((filter) => filter.storeId));
  for (const { subjects: byHand = [] } of filters) for (const subject of byHand) subjects.add(subject);
  for (const { storeId, objectTypes } of computed) {
    if (objectTypes === undefined || whole.has(storeId)) subjects.add(storeSubjects(storeId));
    else for (const subject of typedSubjects(storeId, objectTypes)) subjects.add(subject);
  }
  return [...subjects].sort();
}

/** Whether a follower with these filters wants a message. Subscriptions may deliver more than that. */
export function createWanted(filters: readonly ChangeFilter[]): (message: ChangeMessage) => boolean {
  const types = new Map<string, ReadonlySet<string> | 'all'>();
  for (const { storeId, objectTypes } of filters) {
    const before = types.get(storeId);
    if (before === 'all') continue;
    types.set(storeId, objectTypes ? new Set([...(before ?? []), ...objectTypes]) : 'all');
  }
  return (message) => {
    const wanted = types.get(message.storeId);
    if (wanted === undefined || wanted === 'all' || message.kind !== 'part') return wanted !== undefined;
    return wanted.has(message.objectType);
  };
}

/** Value of the header that names the pairs a commit touched; `*` when there are too many to name. */
export function touchedText(pairs: readonly TouchedPair[], maxLength: number): string {
  const text = pairs.map(({ type, relation }) => `${escapeText(type)}#${escapeText(relation)}`).join(',');
  return text.length <= maxLength ? text : '*';
}

/** Reads `touchedText`; `everything` when the pairs are not named or cannot be read. */
export function parseTouched(text: string | undefined): readonly TouchedPair[] | 'everything' {
  if (text === undefined || text === '*') return 'everything';
  if (text === '') return [];
  try {
    return text.split(',').map(parsePair);
  } catch {
    return 'everything';
  }
}

function parsePair(text: string): TouchedPair {
  const [type, relation, ...more] = text.split('#');
  if (type === undefined || relation === undefined || more.length > 0) throw new Error('not a pair');
  return { type: unescapeText(type), relation: unescapeText(relation) };
}

function storePrefix(storeId: string): string {
  return `rsfga.changes.${subjectToken(storeId)}`;
}

function typedSubjects(storeId: string, objectTypes: readonly string[]): readonly string[] {
  const store = storePrefix(storeId);
  const parts = objectTypes
    .map(subjectToken)
    .flatMap((type) => [`${store}.write.${type}`, `${store}.delete.${type}`]);
  return [...parts, ...headSubjects(storeId)];
}

const PLAIN = /^[A-Za-z0-9_-]+$/;
const SPECIAL = /[^A-Za-z0-9_-]/gu;

function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  // An empty token is no subject. A lone `%` is no escape either, so it stands for nothing else.
  if (text === '') return '%';
  return text.replace(SPECIAL, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

function unescapeText(text: string): string {
  return text === '%' ? '' : decodeURIComponent(text);
}
