/** The field rules of WriteAuthorizationModelRequest (contract section 2.1), in upstream's order. */
import type {
  Condition,
  ConditionParamTypeRef,
  Metadata,
  RelationMetadata,
  SourceInfo,
  TypeDefinition,
  Userset,
} from '../../../proto/gen/openfga/v1/authorization_model_pb.ts';
import type { WriteAuthorizationModelRequest } from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { REQUIRED, RULES, Violations } from './violations.ts';

const SCHEMAS = ['1.0', '1.1', '1.2'];
const MAX_CONDITIONS = 25;
const MAX_PARAMETERS = 25;

export function checkModelFields(request: WriteAuthorizationModelRequest, storeId: string): void {
  const own = new Violations('WriteAuthorizationModelRequest');
  own.match('StoreId', storeId, RULES.ulid);
  if (request.typeDefinitions.length < 1) own.add('TypeDefinitions', 'value must contain at least 1 item(s)');
  for (const [index, type] of request.typeDefinitions.entries()) {
    own.nested(`TypeDefinitions[${index}]`, typeDefinition(type));
  }
  if (!SCHEMAS.includes(request.schemaVersion)) {
    own.add('SchemaVersion', `value must be in list [${SCHEMAS.join(' ')}]`);
  }
  if (Object.keys(request.conditions).length > MAX_CONDITIONS) {
    own.add('Conditions', `value must contain no more than ${MAX_CONDITIONS} pair(s)`);
  }
  for (const [name, value] of sorted(request.conditions)) {
    own.match(`Conditions[${name}]`, name, RULES.relation);
    own.nested(`Conditions[${name}]`, condition(value));
  }
  own.throwIfAny();
}

function typeDefinition({ type, relations, metadata }: TypeDefinition): Violations {
  const own = new Violations('TypeDefinition');
  own.match('Type', type, RULES.type);
  for (const [name, rewrite] of sorted(relations)) {
    own.match(`Relations[${name}]`, name, RULES.relation);
    own.nested(`Relations[${name}]`, userset(rewrite));
  }
  if (metadata) own.nested('Metadata', typeMetadata(metadata));
  return own;
}

function typeMetadata({ relations, module, sourceInfo }: Metadata): Violations {
  const own = new Violations('Metadata');
  for (const [name, value] of sorted(relations)) own.nested(`Relations[${name}]`, relationMetadata(value));
  origin(own, module, sourceInfo);
  return own;
}

function relationMetadata({ directlyRelatedUserTypes, module, sourceInfo }: RelationMetadata): Violations {
  const own = new Violations('RelationMetadata');
  for (const [index, reference] of directlyRelatedUserTypes.entries()) {
    const inner = new Violations('RelationReference');
    inner.match('Type', reference.type, RULES.type);
    inner.matchIfSet('Condition', reference.condition, RULES.relation);
    const { relationOrWildcard: restriction } = reference;
    if (restriction.case === 'relation') inner.matchIfSet('Relation', restriction.value, RULES.relation);
    own.nested(`DirectlyRelatedUserTypes[${index}]`, inner);
  }
  origin(own, module, sourceInfo);
  return own;
}

function origin(own: Violations, module: string, sourceInfo: SourceInfo | undefined): void {
  own.matchIfSet('Module', module, RULES.relation);
  if (!sourceInfo) return;
  const inner = new Violations('SourceInfo');
  inner.matchIfSet('File', sourceInfo.file, RULES.file);
  own.nested('SourceInfo', inner);
}

function userset({ userset: rewrite }: Userset): Violations {
  const own = new Violations('Userset');
  switch (rewrite.case) {
    case 'computedUserset':
      own.nested('ComputedUserset', objectRelation(rewrite.value));
      break;
    case 'tupleToUserset':
      own.nested('TupleToUserset', pair('TupleToUserset', rewrite.value, objectRelation));
      break;
    case 'union':
      own.nested('Union', children(rewrite.value.child));
      break;
    case 'intersection':
      own.nested('Intersection', children(rewrite.value.child));
      break;
    case 'difference':
      own.nested('Difference', pair('Difference', rewrite.value, userset));
      break;
  }
  return own;
}

function children(usersets: readonly Userset[]): Violations {
  const own = new Violations('Usersets');
  for (const [index, child] of usersets.entries()) own.nested(`Child[${index}]`, userset(child));
  return own;
}

const PAIRS = {
  TupleToUserset: ['tupleset', 'computedUserset'],
  Difference: ['base', 'subtract'],
} as const;

/** Two messages that must both be there. */
function pair<Part>(
  name: keyof typeof PAIRS,
  message: object,
  rules: (part: Part) => Violations,
): Violations {
  const own = new Violations(name);
  for (const member of PAIRS[name]) {
    const field = `${member.charAt(0).toUpperCase()}${member.slice(1)}`;
    const part = (message as Record<string, Part | undefined>)[member];
    if (part === undefined) own.add(field, REQUIRED);
    else own.nested(field, rules(part));
  }
  return own;
}

function objectRelation({ object, relation }: { object: string; relation: string }): Violations {
  const own = new Violations('ObjectRelation');
  own.maxBytes('Object', object, 256);
  own.maxBytes('Relation', relation, 50);
  return own;
}

function condition({ name, expression, parameters, metadata }: Condition): Violations {
  const own = new Violations('Condition');
  own.match('Name', name, RULES.relation);
  own.maxBytes('Expression', expression, 512);
  if (Object.keys(parameters).length > MAX_PARAMETERS) {
    own.add('Parameters', `value must contain no more than ${MAX_PARAMETERS} pair(s)`);
  }
  for (const [key, value] of sorted(parameters)) {
    own.match(`Parameters[${key}]`, key, RULES.relation);
    own.nested(`Parameters[${key}]`, parameter(value));
  }
  if (!metadata) return own;
  const inner = new Violations('ConditionMetadata');
  origin(inner, metadata.module, metadata.sourceInfo);
  own.nested('Metadata', inner);
  return own;
}

function parameter({ genericTypes }: ConditionParamTypeRef): Violations {
  const own = new Violations('ConditionParamTypeRef');
  if (genericTypes.length > 5) own.add('GenericTypes', 'value must contain no more than 5 item(s)');
  for (const [index, type] of genericTypes.entries()) own.nested(`GenericTypes[${index}]`, parameter(type));
  return own;
}

function sorted<Value>(map: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
