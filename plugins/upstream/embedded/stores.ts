/** CreateStore, ListStores, GetStore, DeleteStore (contract sections 1.2, 5.5, 6.1). */
import { FgaError } from '../../../src/fga/error.ts';
import { type Call, json, type Reply } from './call.ts';
import { intParameter, parameter, readFields, refuseTooLarge, textField, timeText } from './json.ts';
import { decodeToken, encodeToken, pageOf } from './paging.ts';
import { RULES, Violations } from './violations.ts';
import type { StoreRecord } from './world.ts';

export function createStore({ world, body }: Call): Reply {
  const name = textField(readFields(body), 'name');
  refuseTooLarge(1 + varintLength(Buffer.byteLength(name)) + Buffer.byteLength(name));
  const violations = new Violations('CreateStoreRequest');
  violations.match('Name', name, RULES.storeName);
  violations.throwIfAny();
  const store = { id: world.nextId(), name, createdAtMs: world.clock.wallMs() };
  world.stores.set(store.id, store);
  return json(201, shown(store));
}

export function listStores({ world, search }: Call): Reply {
  const size = intParameter(search, 'page_size');
  const token = parameter(search, 'continuation_token');
  const name = parameter(search, 'name');
  const violations = new Violations('ListStoresRequest');
  violations.pageSize(size);
  violations.token(token);
  violations.matchIfSet('Name', name, RULES.storeName);
  violations.throwIfAny();
  // Ids ascend, so the map is in the order of the answer.
  const stores = [...world.stores.values()].filter((store) => name === '' || store.name === name);
  const page = pageOf(stores, decodeToken(token), size);
  return json(200, {
    stores: page.items.map((store) => ({ ...shown(store), deleted_at: null })),
    continuation_token: encodeToken(page.next),
  });
}

export function getStore({ world, storeId }: Call): Reply {
  const violations = new Violations('GetStoreRequest');
  violations.match('StoreId', storeId, RULES.ulid);
  violations.throwIfAny();
  const store = world.stores.get(storeId);
  if (!store) throw new FgaError('store_id_not_found', 'Store ID not found');
  return json(200, { ...shown(store), deleted_at: null });
}

/** Also where there is no such store. Its data stays. */
export function deleteStore({ world, storeId }: Call): Reply {
  const violations = new Violations('DeleteStoreRequest');
  violations.match('StoreId', storeId, RULES.ulid);
  violations.throwIfAny();
  world.stores.delete(storeId);
  return { status: 204, body: '' };
}

export function updateStore({ storeId, body }: Call): Reply {
  const violations = new Violations('UpdateStoreRequest');
  violations.match('StoreId', storeId, RULES.ulid);
  violations.match('Name', textField(readFields(body), 'name'), RULES.storeName);
  violations.throwIfAny();
  throw new FgaError('unimplemented', 'method UpdateStore not implemented');
}

function shown({ id, name, createdAtMs }: StoreRecord): object {
  const time = timeText(createdAtMs);
  return { id, name, created_at: time, updated_at: time };
}

/** Bytes that a length takes in protobuf. */
function varintLength(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : 3;
}
