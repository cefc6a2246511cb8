/** Read: raw tuples by filter, whatever the model says of them (contract section 5.4). */
import {
  type ReadRequest,
  ReadRequestSchema,
  type ReadRequestTupleKey,
} from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { type Call, invalid, json, type Reply } from './call.ts';
import { readMessage, timeText } from './json.ts';
import { decodeToken, encodeToken, invalidToken, pageOf } from './paging.ts';
import { shownTuple } from './tuple-fields.ts';
import type { Row, TupleTable } from './tuples.ts';
import { RULES, Violations } from './violations.ts';
import { dataOf } from './world.ts';

export function read({ world, storeId, body }: Call): Reply {
  const request = readMessage(ReadRequestSchema, body);
  checkFields(request, storeId);
  const filter = request.tupleKey;
  if (filter && !isFilter(filter)) {
    throw invalid(
      "the 'tuple_key' field was provided but the object type field is required and both the object id and user cannot be empty",
    );
  }
  const from = offsetIn(request.continuationToken);
  const { tuples } = dataOf(world, storeId);
  const page = pageOf(filter ? filtered(tuples, filter) : tuples.all(), from, request.pageSize);
  return json(200, {
    tuples: page.items.map((row) => ({ key: shownTuple(row), timestamp: timeText(row.insertedAtMs) })),
    continuation_token: page.next === '' ? '' : encodeToken(`${page.next}|`),
  });
}

function checkFields(request: ReadRequest, storeId: string): void {
  const own = new Violations('ReadRequest');
  own.match('StoreId', storeId, RULES.ulid);
  if (request.tupleKey) own.nested('TupleKey', filterRules(request.tupleKey));
  own.pageSize(request.pageSize);
  own.token(request.continuationToken);
  if (![0, 100, 200].includes(request.consistency)) {
    own.add('Consistency', 'value must be one of the defined enum values');
  }
  own.throwIfAny();
}

function filterRules({ user, relation, object }: ReadRequestTupleKey): Violations {
  const own = new Violations('ReadRequestTupleKey');
  own.maxBytes('User', user, 512);
  own.matchIfSet('User', user, RULES.readUser);
  own.matchIfSet('Relation', relation, RULES.relation);
  own.matchIfSet('Object', object, RULES.object);
  return own;
}

/** An object with its id, or a type with a user. */
function isFilter({ object, user }: ReadRequestTupleKey): boolean {
  const [type, id] = splitObject(object);
  return type !== '' && (id !== '' || user !== '');
}

function filtered(tuples: TupleTable, { object, relation, user }: ReadRequestTupleKey): readonly Row[] {
  const [type, id] = splitObject(object);
  const relations = relation === '' ? tuples.relations(type) : [relation];
  const rows = relations.flatMap((name) => {
    if (id === '') return [...tuples.byUser(user, name, type)];
    if (user === '') return [...tuples.tuples(object, name)];
    const exact = tuples.get({ object, relation: name, user });
    return exact ? [exact] : [];
  }) as Row[];
  return rows.sort((a, b) => a.sequence - b.sequence);
}

function splitObject(object: string): [type: string, id: string] {
  const colon = object.indexOf(':');
  return colon < 0 ? ['', object] : [object.slice(0, colon), object.slice(colon + 1)];
}

/** `offset|`: the token of a Read has the form of one of ReadChanges. */
function offsetIn(token: string): string {
  const text = decodeToken(token);
  if (text === '') return '';
  const bar = text.indexOf('|');
  if (bar < 1) throw invalidToken();
  return text.slice(0, bar);
}
