/**
 * The type check of a condition, as cel-go's checker does it before OpenFGA takes a model (`checker/checker.go`, v0.28).
 * It says yes or no, with a reason in words of its own.
 */
import { parse } from '@bufbuild/cel';
import type { CelType as DeclaredType } from '../../../src/engine/cel/values.ts';
import { overloadsAcross, overloadsOf } from './cel-overloads.ts';
import {
  ANY,
  allAssignable,
  type Bindings,
  BOOL,
  type CelType,
  celType,
  DYN,
  isAssignable,
  isSame,
  mostGeneral,
  resolved,
} from './cel-types.ts';

type Expr = NonNullable<ReturnType<typeof parse>['expr']>;
type Kind<Case extends string> =
  Extract<Expr['exprKind'], { case: Case }> extends { value: infer V } ? V : never;

/** The declared type of a parameter. */
export function celTypeOf(type: DeclaredType | undefined): CelType {
  if (type?.kind === 'list') return celType('list', celTypeOf(type.element));
  if (type?.kind === 'map') return celType('map', celTypeOf(type.key), celTypeOf(type.value));
  return type?.kind === 'dyn' ? ANY : celType(type?.kind ?? 'dyn');
}

class IllTyped extends Error {}

/** Why this is no condition: it cannot be parsed, does not fit its parameters' types, or is not of type bool. */
export function conditionTypeProblem(
  expression: string,
  parameters: ReadonlyMap<string, CelType>,
): string | undefined {
  const expr = parsed(expression);
  if (expr === undefined) return 'Syntax error';
  try {
    const checking = new Checking();
    const type = checking.resolve(checking.typeOf(expr, parameters));
    if (isSame(type, BOOL)) return undefined;
    return `expected a bool condition expression output, but got '${nameOf(type)}'`;
  } catch (fault) {
    if (fault instanceof IllTyped) return fault.message;
    throw fault;
  }
}

function parsed(expression: string): Expr | undefined {
  try {
    return parse(expression).expr;
  } catch {
    return undefined;
  }
}

type Scope = ReadonlyMap<string, CelType>;

class Checking {
  #bound: Bindings = new Map();
  #variables = 0;
  /** cel-go loses the switch that forbids comparisons across numeric types with the first macro that it enters. */
  #across = false;

  resolve(type: CelType): CelType {
    return resolved(this.#bound, type);
  }

  typeOf(expr: Expr | undefined, scope: Scope): CelType {
    const kind = expr?.exprKind;
    switch (kind?.case) {
      case 'constExpr':
        return literalType(kind.value);
      case 'identExpr':
        return scope.get(kind.value.name) ?? typeNamed(kind.value.name);
      case 'selectExpr':
        return this.#select(kind.value, scope);
      case 'callExpr':
        return this.#call(kind.value, scope);
      case 'listExpr':
        return celType('list', this.#join(kind.value.elements, scope));
      case 'structExpr':
        return this.#map(kind.value, scope);
      case 'comprehensionExpr':
        return this.#fold(kind.value, scope);
      default:
        throw new IllTyped('an expression that is not understood');
    }
  }

  /** One attempt: what it binds holds only if it succeeds. */
  #fits(attempt: (bound: Bindings) => boolean): boolean {
    const bound = new Map(this.#bound);
    const fits = attempt(bound);
    if (fits) this.#bound = bound;
    return fits;
  }

  #variable(): CelType {
    return { kind: 'variable', parts: [], variable: this.#variables++ };
  }

  #select({ operand, field, testOnly }: Kind<'selectExpr'>, scope: Scope): CelType {
    const target = this.resolve(this.typeOf(operand, scope));
    if (target.variable !== undefined) this.#fits((bound) => isAssignable(bound, DYN, target));
    else if (target.kind !== 'map' && target.kind !== 'dyn') {
      throw new IllTyped(`type '${nameOf(target)}' does not support field selection: ${field}`);
    }
    if (testOnly) return BOOL;
    return target.kind === 'map' ? this.resolve(target.parts[1] ?? DYN) : DYN;
  }

  #call({ function: name, target, args }: Kind<'callExpr'>, scope: Scope): CelType {
    const given = (target ? [target, ...args] : args).map((arg) => this.typeOf(arg, scope));
    const overloads = overloadsOf(target ? `.${name}` : name, () => this.#variables++);
    if (!overloads) throw new IllTyped(`undeclared reference to '${name}'`);
    const all = this.#across && !target ? [...overloads, ...overloadsAcross(name)] : overloads;
    let result: CelType | undefined;
    for (const { takes, gives } of all) {
      if (!this.#fits((bound) => allAssignable(bound, given, takes))) continue;
      const type = this.resolve(gives);
      result = result === undefined || isSame(result, type) ? type : DYN;
    }
    if (result) return result;
    const shown = given.map((type) => nameOf(this.resolve(type))).join(', ');
    throw new IllTyped(`found no matching overload for '${name}' applied to '(${shown})'`);
  }

  /** The type of all; dyn where they have none in common, a free one where there are none. */
  #join(items: readonly Expr[], scope: Scope): CelType {
    let joined: CelType | undefined;
    for (const item of items) {
      const type = this.typeOf(item, scope);
      const before = joined;
      if (before === undefined) joined = type;
      else if (this.#fits((bound) => isAssignable(bound, before, type))) joined = mostGeneral(before, type);
      else joined = DYN;
    }
    return joined ?? this.#variable();
  }

  #map({ messageName, entries }: Kind<'structExpr'>, scope: Scope): CelType {
    if (messageName !== '') throw new IllTyped(`undeclared reference to '${messageName}'`);
    const keys = entries.map(({ keyKind }) => {
      if (keyKind.case !== 'mapKey') throw new IllTyped('a map without keys');
      return keyKind.value;
    });
    const values = entries.flatMap(({ value }) => (value ? [value] : []));
    return celType('map', this.#join(keys, scope), this.#join(values, scope));
  }

  #fold(fold: Kind<'comprehensionExpr'>, scope: Scope): CelType {
    const range = this.resolve(this.typeOf(fold.iterRange, scope));
    const accu = this.typeOf(fold.accuInit, scope);
    this.#across = true;
    const outer = new Map(scope).set(fold.accuVar, accu);
    const inner = new Map(outer).set(fold.iterVar, this.#itemType(range));
    this.#assert(this.typeOf(fold.loopCondition, inner), BOOL);
    this.#assert(this.typeOf(fold.loopStep, inner), accu);
    return this.resolve(this.typeOf(fold.result, outer));
  }

  #itemType(range: CelType): CelType {
    if (range.kind === 'list' || range.kind === 'map') return range.parts[0] ?? DYN;
    if (range.variable !== undefined) this.#fits((bound) => isAssignable(bound, DYN, range));
    else if (range.kind !== 'dyn' || range === ANY) throw new IllTyped(`'${nameOf(range)}' cannot be walked`);
    return DYN;
  }

  #assert(type: CelType, wanted: CelType): void {
    if (this.#fits((bound) => isAssignable(bound, type, wanted))) return;
    throw new IllTyped(
      `expected type '${nameOf(this.resolve(wanted))}' but found '${nameOf(this.resolve(type))}'`,
    );
  }
}

const LITERALS: Readonly<Record<string, string>> = {
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  stringValue: 'string',
  bytesValue: 'bytes',
  nullValue: 'null',
};

function literalType({ constantKind }: Kind<'constExpr'>): CelType {
  return celType(LITERALS[constantKind.case ?? ''] ?? 'null');
}

const TYPE_NAMES = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];

function typeNamed(name: string): CelType {
  if (TYPE_NAMES.includes(name)) return celType('type', DYN);
  throw new IllTyped(`undeclared reference to '${name}'`);
}

function nameOf({ kind, parts }: CelType): string {
  if (kind === 'variable') return 'dyn';
  return parts.length === 0 ? kind : `${kind}(${parts.map(nameOf).join(', ')})`;
}
