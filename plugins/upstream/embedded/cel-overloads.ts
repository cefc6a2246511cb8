/**
 * What CEL's functions take and give (cel-go v0.28 `common/stdlib/standard.go`), and
 * OpenFGA's two of its own. Methods have their receiver first and begin with a dot. `A` and `B` stand for any type.
 */
import { type CelType, celType } from './cel-types.ts';

export interface Overload {
  readonly takes: readonly CelType[];
  readonly gives: CelType;
}

const NUMBERS = ['int', 'uint', 'double'];
const ORDERED = [...NUMBERS, 'bool', 'string', 'bytes', 'timestamp', 'duration'];
const comparison = ORDERED.map((type) => `${type} ${type} bool`);
const arithmetic = NUMBERS.map((type) => `${type} ${type} ${type}`);
const sized = ['bytes int', 'list<A> int', 'map<A,B> int', 'string int'];
const ofTimestamp = ['timestamp int', 'timestamp string int'];
const ofTime = [...ofTimestamp, 'duration int'];
const into = (target: string, ...sources: string[]) => sources.map((source) => `${source} ${target}`);

const TABLE: Readonly<Record<string, readonly string[]>> = {
  '_?_:_': ['bool A A A'],
  '_&&_': ['bool bool bool'],
  '_||_': ['bool bool bool'],
  '!_': ['bool bool'],
  '@not_strictly_false': ['bool bool'],
  '_==_': ['A A bool'],
  '_!=_': ['A A bool'],
  '_<_': comparison,
  '_<=_': comparison,
  '_>_': comparison,
  '_>=_': comparison,
  '_+_': [
    ...arithmetic,
    'bytes bytes bytes',
    'string string string',
    'list<A> list<A> list<A>',
    'duration duration duration',
    'duration timestamp timestamp',
    'timestamp duration timestamp',
  ],
  '_-_': [
    ...arithmetic,
    'duration duration duration',
    'timestamp duration timestamp',
    'timestamp timestamp duration',
  ],
  '_*_': arithmetic,
  '_/_': arithmetic,
  '_%_': ['int int int', 'uint uint uint'],
  '-_': ['double double', 'int int'],
  '_[_]': ['list<A> int A', 'map<A,B> A B'],
  '@in': ['A list<A> bool', 'A map<A,B> bool'],
  size: sized,
  '.size': sized,
  type: ['A type<A>'],
  dyn: ['A dyn'],
  bool: into('bool', 'bool', 'string'),
  bytes: into('bytes', 'bytes', 'string'),
  double: into('double', ...NUMBERS, 'string'),
  duration: into('duration', 'duration', 'string'),
  int: into('int', ...NUMBERS, 'duration', 'string', 'timestamp'),
  string: into('string', 'string', 'bool', 'bytes', ...NUMBERS, 'duration', 'timestamp'),
  timestamp: into('timestamp', 'timestamp', 'int', 'string'),
  uint: into('uint', ...NUMBERS, 'string'),
  '.contains': ['string string bool'],
  '.endsWith': ['string string bool'],
  '.startsWith': ['string string bool'],
  matches: ['string string bool'],
  '.matches': ['string string bool'],
  '.getFullYear': ofTimestamp,
  '.getMonth': ofTimestamp,
  '.getDayOfYear': ofTimestamp,
  '.getDayOfMonth': ofTimestamp,
  '.getDate': ofTimestamp,
  '.getDayOfWeek': ofTimestamp,
  '.getHours': ofTime,
  '.getMinutes': ofTime,
  '.getSeconds': ofTime,
  '.getMilliseconds': ofTime,
  ipaddress: ['string ip'],
  '.in_cidr': ['ip string bool'],
};

/** Comparisons across numeric types: declared, and switched off. */
const ACROSS = NUMBERS.flatMap((a) => NUMBERS.filter((b) => b !== a).map((b) => `${a} ${b} bool`));

/** What `<`, `<=`, `>` and `>=` take besides, where comparisons across numeric types are on. */
export function overloadsAcross(name: string): Overload[] {
  return TABLE[name] === comparison ? ACROSS.map((line) => overloadOf(line, () => 0)) : [];
}

/** Undefined: there is no such function. Each call gets type variables of its own, numbered from `next`. */
export function overloadsOf(name: string, next: () => number): Overload[] | undefined {
  const lines = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
  return lines?.map((line) => overloadOf(line, next));
}

function overloadOf(line: string, next: () => number): Overload {
  const variables = new Map<string, CelType>();
  const types = line.split(' ').map((text) => typeOf(text, variables, next));
  return { takes: types.slice(0, -1), gives: types.at(-1) as CelType };
}

function typeOf(text: string, variables: Map<string, CelType>, next: () => number): CelType {
  if (text === 'A' || text === 'B') {
    const variable = variables.get(text) ?? { kind: 'variable', parts: [], variable: next() };
    variables.set(text, variable);
    return variable;
  }
  const [, kind = text, inner] = /^(\w+)<(.*)>$/.exec(text) ?? [];
  const parts = inner?.split(',').map((part) => typeOf(part, variables, next)) ?? [];
  return celType(kind, ...parts);
}
