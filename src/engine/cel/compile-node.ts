/** Expressions to nodes. Costs follow cel-go v0.28 `interpreter/runtimecost.go` with OpenFGA's options (optimised). */

import { attribute, index } from './attributes.ts';
import { compileCall } from './calls.ts';
import { compileComprehension } from './comprehension.ts';
import { joined } from './joined.ts';
import { charge, constantNode, type Eval, type Expr, type Node, type Scope, Unsupported } from './node.ts';
import {
  type CelType,
  type CelValue,
  Failure,
  isBroken,
  type MapKey,
  mapKey,
  TypeValue,
  Uint,
} from './values.ts';

export function compileNode(expr: Expr, scope: Scope): Node {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'constExpr':
      return literal(exprKind.value.constantKind);
    case 'identExpr':
      return identifier(exprKind.value.name, scope);
    case 'selectExpr': {
      const { operand, field, testOnly } = exprKind.value;
      if (!operand) throw new Unsupported('select');
      return index(compileNode(operand, scope), constantNode({ kind: 'string' }, field), testOnly);
    }
    case 'callExpr':
      return compileCall(exprKind.value, scope);
    case 'listExpr':
      if (exprKind.value.optionalIndices.length > 0) throw new Unsupported('optional');
      return listNode(exprKind.value.elements.map((element) => compileNode(element, scope)));
    case 'structExpr':
      return mapNode(exprKind.value, scope);
    case 'comprehensionExpr':
      return compileComprehension(exprKind.value, scope);
    default:
      throw new Unsupported(String(exprKind.case));
  }
}

type Constant = Extract<Expr['exprKind'], { case: 'constExpr' }>['value']['constantKind'];
type Struct = Extract<Expr['exprKind'], { case: 'structExpr' }>['value'];

function literal(kind: Constant): Node {
  switch (kind.case) {
    case 'boolValue':
      return constantNode({ kind: 'bool' }, kind.value);
    case 'int64Value':
      return constantNode({ kind: 'int' }, kind.value);
    case 'uint64Value':
      return constantNode({ kind: 'uint' }, new Uint(kind.value));
    case 'doubleValue':
      return constantNode({ kind: 'double' }, kind.value);
    case 'stringValue':
      return constantNode({ kind: 'string' }, kind.value);
    case 'bytesValue':
      return constantNode({ kind: 'bytes' }, kind.value);
    case 'nullValue':
      return constantNode({ kind: 'null' }, null);
    default:
      throw new Unsupported('constant');
  }
}

const TYPE_NAMES = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];

function identifier(name: string, scope: Scope): Node {
  const known = scope.slots.get(name);
  if (known) {
    const { slot, type } = known;
    return attribute(type, (frame) => frame.vars[slot] as CelValue);
  }
  if (TYPE_NAMES.includes(name)) return constantNode({ kind: 'type' }, new TypeValue(name));
  throw new Unsupported(`identifier ${name}`);
}

function listNode(items: readonly Node[]): Node {
  const type: CelType = { kind: 'list', element: common(items) };
  const constants = items.map(({ constant }) => constant);
  if (constants.every((constant) => constant !== undefined)) return constantNode(type, constants);
  const build: Eval = (frame) => {
    const values: CelValue[] = [];
    for (const item of items) {
      const value = item.eval(frame);
      if (isBroken(value)) return value;
      values.push(value);
    }
    return values;
  };
  return constructed(type, build, LIST_COST);
}

const LIST_COST = 10;
const MAP_COST = 30;

function mapNode(struct: Struct, scope: Scope): Node {
  if (struct.messageName !== '') throw new Unsupported('message');
  const entries = struct.entries.map((entry) => {
    if (entry.optionalEntry || entry.keyKind.case !== 'mapKey' || !entry.value)
      throw new Unsupported('map entry');
    return { key: compileNode(entry.keyKind.value, scope), value: compileNode(entry.value, scope) };
  });
  const keys = entries.map(({ key }) => key);
  const values = entries.map(({ value }) => value);
  const type: CelType = { kind: 'map', key: common(keys), value: common(values) };
  const constant = [...keys, ...values].every((node) => node.constant !== undefined);
  const build: Eval = (frame) => {
    const map = new Map<MapKey, CelValue>();
    for (const entry of entries) {
      const key = entry.key.eval(frame);
      if (isBroken(key)) return key;
      const value = entry.value.eval(frame);
      if (isBroken(value)) return value;
      const found = mapKey(key);
      if (found === undefined) return new Failure();
      map.set(found, value);
    }
    return map;
  };
  if (constant)
    return constantNode(
      type,
      build({ vars: [], cost: 0, limit: Number.POSITIVE_INFINITY, unordered: false }),
    );
  return constructed(type, build, MAP_COST);
}

/** What breaks off half-made has its cost all the same. */
function constructed(type: CelType, build: Eval, cost: number): Node {
  return {
    type,
    eval(frame) {
      const value = build(frame);
      charge(frame, cost);
      return value;
    },
  };
}

/** The type that all items share, or dyn. */
function common(items: readonly Node[]): CelType {
  return items.reduce<CelType>((type, item) => joined(type, item.type), { kind: 'none' });
}
