/** CEL's types and when one may stand for another, as cel-go's checker has it (`checker/types.go`, v0.28). */

export interface CelType {
  readonly kind: string;
  /** Of a list its element, of a map key and value, of a type what it is the type of. */
  readonly parts: readonly CelType[];
  /** Of a type variable. */
  readonly variable?: number;
}

/** What is known of the variables. */
export type Bindings = Map<number, CelType>;

export function celType(kind: string, ...parts: CelType[]): CelType {
  return { kind, parts };
}

export const BOOL = celType('bool');
export const DYN = celType('dyn');
/** Of a parameter of any type: as good as `dyn`, but no range of a macro. */
export const ANY = celType('dyn');

/** `from` may stand where `to` is wanted. Binds variables on the way, also where the answer is no. */
export function isAssignable(bound: Bindings, from: CelType, to: CelType): boolean {
  if (to.variable !== undefined) {
    const { valid, known } = substitutes(bound, from, to.variable);
    if (valid || known) return valid;
  }
  if (from.variable !== undefined) return substitutes(bound, to, from.variable).valid;
  if (from.kind === 'dyn' || to.kind === 'dyn') return true;
  if (from.kind === 'null') return isNullable(to);
  if (to.kind === 'null') return isNullable(from);
  if (from.kind !== to.kind) return false;
  return from.kind === 'type' || allAssignable(bound, from.parts, to.parts);
}

export function allAssignable(bound: Bindings, from: readonly CelType[], to: readonly CelType[]): boolean {
  return from.length === to.length && from.every((type, i) => isAssignable(bound, type, to[i] as CelType));
}

/** The type with its variables filled in, as far as they are known. */
export function resolved(bound: Bindings, type: CelType): CelType {
  const known = type.variable === undefined ? undefined : bound.get(type.variable);
  if (known) return resolved(bound, known);
  return type.parts.length === 0 ? type : celType(type.kind, ...type.parts.map((p) => resolved(bound, p)));
}

export function isSame(a: CelType, b: CelType): boolean {
  if (a.kind !== b.kind || a.variable !== b.variable || a.parts.length !== b.parts.length) return false;
  return a.parts.every((part, i) => isSame(part, b.parts[i] as CelType));
}

/** The less specific of two types. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return isEqualOrLessSpecific(a, b) ? a : b;
}

const NULLABLE = ['null', 'ip', 'duration', 'timestamp'];

function isNullable({ kind }: CelType): boolean {
  return NULLABLE.includes(kind);
}

interface Substitution {
  readonly valid: boolean;
  /** The variable had a type already. */
  readonly known: boolean;
}

function substitutes(bound: Bindings, type: CelType, variable: number): Substitution {
  if (type.variable === variable) return { valid: true, known: true };
  const before = bound.get(variable);
  if (before === undefined) {
    const valid = !isReferenced(bound, variable, type);
    if (valid) bound.set(variable, type);
    return { valid, known: false };
  }
  if (isSame(type, before)) return { valid: true, known: true };
  if (!isAssignable(bound, type, before)) return { valid: false, known: true };
  const general = mostGeneral(type, before);
  if (!isReferenced(bound, variable, general)) bound.set(variable, general);
  return { valid: true, known: true };
}

function isReferenced(bound: Bindings, variable: number, within: CelType): boolean {
  if (within.variable === variable) return true;
  const known = within.variable === undefined ? undefined : bound.get(within.variable);
  if (known) return isReferenced(bound, variable, known);
  return within.parts.some((part) => isReferenced(bound, variable, part));
}

function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.variable !== undefined) return true;
  if (b.kind === 'dyn' || b.variable !== undefined || a.kind !== b.kind) return false;
  return a.kind === 'type' || a.parts.every((part, i) => isEqualOrLessSpecific(part, b.parts[i] as CelType));
}
