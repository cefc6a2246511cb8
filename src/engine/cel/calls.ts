/** Calls: operators, functions and methods, with what each costs. */
import { celEnv, parse, plan } from '@bufbuild/cel';
import { index } from './attributes.ts';
import { CONVERSIONS, getter, isGetter, toIpAddress } from './conversions.ts';
import { type Costing, costOf } from './costs.ts';
import { joined } from './joined.ts';
import {
  charge,
  constantNode,
  DYN,
  type Eval,
  type Expr,
  type Frame,
  type Node,
  type Scope,
  Unsupported,
} from './node.ts';
import { BINARY, type Binary, MEMBER, size, UNARY, type Unary } from './operators.ts';
import {
  type CelType,
  type CelValue,
  Failure,
  isBroken,
  isList,
  NO_OVERLOAD,
  typeName,
  UNKNOWN,
  Unknown,
} from './values.ts';

type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value'];

export function compileCall(call: Call, scope: Scope): Node {
  const target = call.target && scope.compile(call.target, scope);
  const args = call.args.map((arg) => scope.compile(arg, scope));
  const [first, second, third] = args;
  if (!target && first && second) {
    if (call.function === '_&&_') return logical(args, false);
    if (call.function === '_||_') return logical(args, true);
    if (call.function === '_?_:_' && third) return conditional(first, second, third);
    if (call.function === '_[_]') return index(first, second);
    const operator = BINARY[call.function];
    if (operator && args.length === 2) return binary(call.function, operator, first, second);
  }
  return target ? method(call.function, target, args) : func(call.function, args);
}

function func(name: string, args: readonly Node[]): Node {
  const [arg] = args;
  if (!arg || args.length !== 1) throw new Unsupported(name);
  if (name === '@not_strictly_false') return notStrictlyFalse(arg);
  if (name === 'size') return unary(name, size, arg, { kind: 'int' });
  if (name === 'ipaddress') return unary(name, guarded(name, toIpAddress), arg, { kind: 'ip' });
  const operator = UNARY[name];
  if (operator) return unary(name, operator, arg, name === '!_' ? { kind: 'bool' } : arg.type);
  const convert = CONVERSIONS[name];
  if (!convert) throw new Unsupported(name);
  const type: CelType = name === 'dyn' ? DYN : ({ kind: name } as CelType);
  if (arg.constant === undefined) return unary(name, guarded(name, convert), arg, type);
  const folded = convert(arg.constant);
  if (folded instanceof Failure) throw new Unsupported('a constant that does not convert');
  return constantNode(type, folded);
}

function method(name: string, target: Node, args: readonly Node[]): Node {
  const [arg] = args;
  if (name === 'size' && !arg) return unary(name, size, target, { kind: 'int' });
  if (isGetter(name) && args.length === 0)
    return unary(
      name,
      guarded(name, (value) => getter(name, value)),
      target,
      { kind: 'int' },
    );
  if (!arg || args.length !== 1) throw new Unsupported(name);
  if (isGetter(name))
    return binary(name, (value, zone) => getter(name, value, zone), target, arg, { kind: 'int' });
  if (name === 'matches') return matching(target, arg);
  const member = MEMBER[name];
  if (!member) throw new Unsupported(name);
  return binary(name, name === 'in_cidr' ? guardedPair(name, member) : member, target, arg, { kind: 'bool' });
}

/** Functions that cel-go binds by overload say which types they were given. */
function guarded(name: string, apply: Unary): Unary {
  return (a) => {
    const result = apply(a);
    return result === NO_OVERLOAD ? new Failure(`no such overload: ${name}(${typeName(a)})`) : result;
  };
}

function guardedPair(name: string, apply: Binary): Binary {
  return (a, b) => {
    const result = apply(a, b);
    const types = `${typeName(a)}, ${typeName(b)}`;
    return result === NO_OVERLOAD ? new Failure(`no such overload: ${name}(${types})`) : result;
  };
}

function unary(name: string, apply: Unary, arg: Node, type: CelType): Node {
  const cost: Costing = costOf(name, [arg.type]);
  return {
    type,
    eval(frame) {
      const value = arg.eval(frame);
      const result = isBroken(value) ? value : apply(value);
      charge(frame, cost(value, null));
      return result;
    },
  };
}

const ARITHMETIC = ['_+_', '_-_', '_*_', '_/_', '_%_'];

function binary(
  name: string,
  apply: Binary,
  left: Node,
  right: Node,
  type = resultType(name, left.type, right.type),
): Node {
  if (name === '@in' && isPlainSet(right.constant)) return membership(apply, left, right.constant);
  const cost = costOf(name, [left.type, right.type]);
  return {
    type,
    eval(frame) {
      const a = left.eval(frame);
      const b = right.eval(frame);
      const result = isBroken(a) ? a : isBroken(b) ? b : apply(a, b);
      charge(frame, cost(a, b));
      return result;
    },
  };
}

function resultType(name: string, left: CelType, right: CelType): CelType {
  if (!ARITHMETIC.includes(name)) return { kind: 'bool' };
  if (left.kind === 'timestamp' && right.kind === 'timestamp') return { kind: 'duration' };
  if (left.kind === 'duration' && right.kind === 'timestamp') return right;
  if (left.kind === 'dyn' && ALONE.includes(right.kind)) return right;
  if (right.kind === 'dyn' && ALONE.includes(left.kind)) return left;
  return joined(left, right);
}

/** With one operand of these an operator has one overload, whatever the other is. */
const ALONE: readonly string[] = ['int', 'uint', 'double', 'string', 'bytes', 'list'];

/** A constant list of plain values becomes a set when the program is built: the test itself is free. */
function isPlainSet(constant: CelValue | undefined): constant is readonly CelValue[] {
  if (constant === undefined || !isList(constant)) return false;
  return constant.every(
    (item) => item !== null && (typeof item !== 'object' || item.constructor.name === 'Uint'),
  );
}

function membership(apply: Binary, left: Node, set: readonly CelValue[]): Node {
  if (set.length === 0) return constantNode({ kind: 'bool' }, false);
  return {
    type: { kind: 'bool' },
    eval(frame) {
      const value = left.eval(frame);
      return isBroken(value) ? value : apply(value, set);
    },
  };
}

/** `&&` ends on false, `||` on true; else an unknown outweighs an error. */
function logical(terms: readonly Node[], decisive: boolean): Node {
  return {
    type: { kind: 'bool' },
    eval(frame) {
      let unknown = false;
      let failure: Failure | undefined;
      for (const term of terms) {
        const value = term.eval(frame);
        if (value === decisive) return decisive;
        if (value instanceof Unknown) unknown = true;
        else if (typeof value !== 'boolean') failure ??= value instanceof Failure ? value : NO_OVERLOAD;
      }
      return unknown ? UNKNOWN : (failure ?? !decisive);
    },
  };
}

/** The branches are attributes: where one is a plain access, the access itself is free. */
function conditional(test: Node, yes: Node, no: Node): Node {
  const whenTrue: Eval = yes.resolve ?? yes.eval;
  const whenFalse: Eval = no.resolve ?? no.eval;
  const resolve: Eval = (frame: Frame) => {
    const value = test.eval(frame);
    if (value === true) return whenTrue(frame);
    if (value === false) return whenFalse(frame);
    return isBroken(value) ? value : NO_OVERLOAD;
  };
  return { type: joined(yes.type, no.type), eval: resolve, resolve, conditional: true };
}

/** With a constant pattern, compiled beforehand, a text that is none ends the call before it costs anything. */
function matching(text: Node, pattern: Node): Node {
  const call = binary('matches', matches, text, pattern, { kind: 'bool' });
  if (pattern.constant === undefined) return call;
  const cost = costOf('matches', [text.type, pattern.type]);
  return {
    type: call.type,
    eval(frame) {
      const value = text.eval(frame);
      if (isBroken(value)) return value;
      const result = matches(value, pattern.constant ?? null);
      charge(frame, cost(value, pattern.constant ?? null));
      return result;
    },
  };
}

function notStrictlyFalse(arg: Node): Node {
  return {
    type: { kind: 'bool' },
    eval(frame) {
      const value = arg.eval(frame);
      charge(frame, 1);
      return isBroken(value) ? true : value;
    },
  };
}

let matcher: ((context: { text: string; pattern: string }) => unknown) | undefined;

/** RE2, linear in time: the library's own. A pattern that does not compile fails in upstream's words, unknown here. */
function matches(text: CelValue, pattern: CelValue): CelValue {
  if (typeof text !== 'string') return new Failure('no such overload: matches');
  if (typeof pattern !== 'string') return NO_OVERLOAD;
  matcher ??= plan(celEnv(), parse('text.matches(pattern)'));
  const result = matcher({ text, pattern });
  return typeof result === 'boolean' ? result : new Failure();
}
