/** Hand-overs as JSON, read strictly: what does not parse is refused, and the walk finds the change. */
import type { TupleDelta } from '../../src/fga/change.ts';
import type { JsonObject, Tuple, TupleCondition, TupleKey } from '../../src/fga/tuple.ts';
import type { RelayMessage, RelayReply } from '../../src/plugin/relay.ts';
import { isId, mapping, parseHead } from './nats-question.ts';

export function parseRelayMessage(text: string): RelayMessage {
  const message = mapping(JSON.parse(text));
  if (message.relay === 'hello') return { relay: 'hello' };
  const storeId = id(message.storeId);
  switch (message.relay) {
    case 'walk':
      return { relay: 'walk', storeId };
    case 'model':
      return { relay: 'model', storeId, modelId: id(message.modelId) };
    case 'write':
      return {
        relay: 'write',
        storeId,
        delta: parseDelta(message.delta),
        ...(message.began === undefined ? {} : { began: parseBegan(message.began) }),
        exclusive: message.exclusive === true,
        mayBeIgnored: message.mayBeIgnored !== false,
      };
    default:
      throw new Error('not a hand-over that is known here');
  }
}

export function parseRelayReply(text: string): RelayReply {
  const { head, term, nowMs } = mapping(JSON.parse(text));
  if (typeof term !== 'string' || typeof nowMs !== 'number') throw new Error('not a reply to a hand-over');
  return { term, nowMs, ...(head === undefined ? {} : { head: parseHead(head) }) };
}

function parseBegan(value: unknown): { term: string; ms: number } {
  const { term, ms } = mapping(value);
  if (typeof term !== 'string' || typeof ms !== 'number') throw new Error('no valid time of a forward');
  return { term, ms };
}

function parseDelta(value: unknown): TupleDelta {
  const { writes, deletes } = mapping(value);
  return { writes: list(writes).map(parseTuple), deletes: list(deletes).map(parseKey) };
}

function parseTuple(value: unknown): Tuple {
  const { condition } = mapping(value);
  return { ...parseKey(value), ...(condition === undefined ? {} : { condition: parseCondition(condition) }) };
}

function parseCondition(value: unknown): TupleCondition {
  const { name, context } = mapping(value);
  const known = { name: word(name) };
  return context === undefined ? known : { ...known, context: mapping(context) as JsonObject };
}

function parseKey(value: unknown): TupleKey {
  const { user, relation, object } = mapping(value);
  return { user: word(user), relation: word(relation), object: word(object) };
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('not a list of tuples');
  return value;
}

function word(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error('not a tuple');
  return value;
}

function id(value: unknown): string {
  if (!isId(value) || value === '') throw new Error('the hand-over names no valid id');
  return value;
}
