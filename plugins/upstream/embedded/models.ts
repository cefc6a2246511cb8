/** WriteAuthorizationModel, ReadAuthorizationModels, ReadAuthorizationModel (contract sections 1.2, 4.9, 5.5). */
import { create, toBinary } from '@bufbuild/protobuf';
import { AuthorizationModelSchema } from '../../../proto/gen/openfga/v1/authorization_model_pb.ts';
import { WriteAuthorizationModelRequestSchema } from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { FgaError } from '../../../src/fga/error.ts';
import { MAX_MODEL_BYTES, MAX_TYPES_PER_MODEL } from '../../../src/fga/limits.ts';
import type { AuthorizationModel } from '../../../src/fga/model.ts';
import { type Call, json, type Reply } from './call.ts';
import { emit, intParameter, parameter, readMessage } from './json.ts';
import { checkModelFields } from './model-fields.ts';
import { modelProblem } from './model-rules.ts';
import { decodeToken, encodeToken, pageOf } from './paging.ts';
import { RULES, Violations } from './violations.ts';
import { addModel, dataOf, modelNotFound } from './world.ts';

export function writeModel({ world, storeId, body }: Call): Reply {
  const request = readMessage(WriteAuthorizationModelRequestSchema, body);
  checkModelFields(request, storeId);
  if (request.typeDefinitions.length > MAX_TYPES_PER_MODEL) {
    throw tooMany(
      `The number of type definitions in an authorization model exceeds the allowed limit of ${MAX_TYPES_PER_MODEL}`,
    );
  }
  const { typeDefinitions, schemaVersion, conditions } = request;
  const id = world.nextId();
  const message = create(AuthorizationModelSchema, { id, schemaVersion, typeDefinitions, conditions });
  const size = toBinary(AuthorizationModelSchema, message).length;
  if (size > MAX_MODEL_BYTES) {
    throw tooMany(`model exceeds size limit: ${size} bytes vs ${MAX_MODEL_BYTES} bytes`);
  }
  const model = emit(AuthorizationModelSchema, message) as unknown as AuthorizationModel;
  const problem = modelProblem(model);
  if (problem !== undefined) throw new FgaError('invalid_authorization_model', problem);
  addModel(dataOf(world, storeId), model);
  return json(201, { authorization_model_id: id });
}

/** Newest first. */
export function listModels({ world, storeId, search }: Call): Reply {
  const size = intParameter(search, 'page_size');
  const token = parameter(search, 'continuation_token');
  const violations = new Violations('ReadAuthorizationModelsRequest');
  violations.match('StoreId', storeId, RULES.ulid);
  violations.pageSize(size);
  violations.token(token);
  violations.throwIfAny();
  const models = [...dataOf(world, storeId).models.values()].reverse();
  const page = pageOf(models, decodeToken(token), size);
  return json(200, {
    authorization_models: page.items.map(({ model }) => model),
    continuation_token: encodeToken(page.next),
  });
}

export function getModel({ world, storeId, id }: Call): Reply {
  const violations = new Violations('ReadAuthorizationModelRequest');
  violations.match('StoreId', storeId, RULES.ulid);
  violations.match('Id', id, RULES.ulid);
  violations.throwIfAny();
  const stored = dataOf(world, storeId).models.get(id);
  if (!stored) throw modelNotFound(storeId, id);
  return json(200, { authorization_model: stored.model });
}

function tooMany(message: string): FgaError {
  return new FgaError('exceeded_entity_limit', message);
}
