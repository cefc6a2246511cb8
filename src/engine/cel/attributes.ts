/** Identifiers, selections and indexing: one unit for the access and one for each step (cel-go's qualifiers). */

import { formatG } from './go-number.ts';
import { charge, DYN, type Eval, type Node, Unsupported } from './node.ts';
import {
  type CelType,
  type CelValue,
  Failure,
  isBroken,
  isList,
  isMap,
  mapKey,
  typeName,
  Uint,
  Unknown,
} from './values.ts';

/** A node whose own cost is one, and which is free where it only leads on to the next step. */
export function attribute(type: CelType, resolve: Eval): Node {
  return {
    type,
    resolve,
    eval(frame) {
      const value = resolve(frame);
      charge(frame, 1);
      return value;
    },
  };
}

/** `operand[key]`, `operand.key`, and with `testOnly` the macro `has(operand.key)`. */
export function index(operand: Node, key: Node, testOnly = false): Node {
  if (key.constant !== undefined && !isKey(key.constant)) throw new Unsupported('a constant that is no key');
  const from = operand.resolve ?? operand.eval;
  const keyOf = key.resolve ?? key.eval;
  const resolve: Eval = (frame) => {
    const value = from(frame);
    if (value instanceof Failure || (value instanceof Unknown && !operand.resolve)) return value;
    const at = keyOf(frame);
    // the key fails first, also where the parameter that it is looked up in is missing
    if (isBroken(value)) return at instanceof Failure ? at : value;
    if (isBroken(at) || at === null) {
      charge(frame, 1);
      return at ?? new Failure('invalid qualifier type: <nil>');
    }
    const found = step(value, at);
    charge(frame, 1);
    if (!testOnly) return found === undefined ? missing(value, at) : found;
    return found instanceof Failure ? found : found !== undefined;
  };
  const type: CelType = testOnly ? { kind: 'bool' } : elementType(operand.type);
  return operand.conditional ? { type, eval: resolve, resolve, conditional: true } : attribute(type, resolve);
}

/** Of what upstream's programs are built with: with any other constant a model is refused. */
function isKey(constant: CelValue): boolean {
  return ['boolean', 'bigint', 'number', 'string'].includes(typeof constant) || constant instanceof Uint;
}

function elementType(type: CelType): CelType {
  if (type.kind === 'list') return type.element;
  return type.kind === 'map' ? type.value : DYN;
}

/** Undefined: nothing there. */
function step(value: CelValue, at: CelValue): CelValue | undefined {
  if (isMap(value)) {
    const key = mapKey(at);
    return key === undefined ? undefined : value.get(key);
  }
  if (!isList(value)) return undefined;
  const position = mapKey(at);
  if (typeof at === 'number' && typeof position !== 'bigint') {
    return new Failure(`unsupported index value ${formatG(at)} in list`);
  }
  if (typeof position !== 'bigint') return new Failure(`unsupported index type '${typeName(at)}' in list`);
  return position >= 0n && position < BigInt(value.length) ? value[Number(position)] : undefined;
}

function missing(value: CelValue, at: CelValue): Failure {
  return new Failure(isList(value) ? `index out of bounds: ${keyText(at)}` : `no such key: ${keyText(at)}`);
}

function keyText(key: CelValue): string {
  if (key instanceof Uint) return String(key.value);
  return typeof key === 'number' ? formatG(key) : String(key);
}
