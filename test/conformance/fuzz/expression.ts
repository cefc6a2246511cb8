/** Random CEL expressions that mostly type-check, over parameters whose values `conditions.ts` knows how to send. */
import type { Chance } from '../../support/chance.ts';
import type { Kind } from './conditions.ts';

/** The parameters that an expression may use. */
export const PARAMETERS: Readonly<Record<string, Kind>> = {
  x: 'int',
  y: 'int',
  u: 'uint',
  d: 'double',
  flag: 'bool',
  name: 'string',
  other: 'string',
  now: 'timestamp',
  granted: 'timestamp',
  ttl: 'duration',
  ip: 'ipaddress',
  names: 'list',
  attrs: 'map',
  thing: 'any',
};

type Typed =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'any';

/** Of type bool. */
export function randomExpression(chance: Chance): string {
  return grow({ chance, locals: [] }, 'bool', 1 + chance.below(4));
}

/** The parameters that it names. */
export function parametersOf(expression: string): Record<string, Kind> {
  const bare = expression.replaceAll(/"[^"]*"/g, '');
  const used = Object.entries(PARAMETERS).filter(([name]) =>
    new RegExp(`(?<![.\\w])${name}(?!\\w)`).test(bare),
  );
  return Object.fromEntries(used);
}

interface Growing {
  readonly chance: Chance;
  /** String variables of the macros around. */
  readonly locals: readonly string[];
}

/** A form has `$type` where an expression of that type goes; `$v` is a new string variable of a macro. */
const LEAVES: Readonly<Record<Typed, readonly string[]>> = {
  bool: ['flag', 'flag', 'true', 'false'],
  int: ['x', 'y', 'x', '0', '1', '-1', '7', '100', '9223372036854775807', '-9223372036854775808', '0x1F'],
  uint: ['u', 'u', '0u', '5u', '18446744073709551615u'],
  double: ['d', 'd', '0.5', '0.1', '-1.0', '1e3', '1e308'],
  string: [
    'name',
    'other',
    '""',
    '"a"',
    '"b"',
    '"abc"',
    '"ü"',
    '"10"',
    '"1.5"',
    '"true"',
    "'a\"'",
    '"a\\n"',
    'r"a\\d"',
  ],
  timestamp: [
    'now',
    'granted',
    'timestamp("2024-01-01T10:30:00Z")',
    'timestamp("2024-02-29T23:59:59.999-07:00")',
  ],
  duration: ['ttl', 'ttl', 'duration("1h")', 'duration("90s")', 'duration("-1.5s")', 'duration("0s")'],
  list: ['names', 'names', '["a", "b"]', '["a"]'],
  map: ['attrs', 'attrs', '{"k": "v"}', '{"a": "b", "k": ""}'],
  any: ['thing', 'thing'],
};

const FORMS: Readonly<Record<Typed, readonly string[]>> = {
  bool: [
    '$bool && $bool',
    '$bool || $bool',
    '!($bool)',
    '$bool ? $bool : $bool',
    '$bool == $bool',
    ...['<', '<=', '>', '>=', '==', '!='].flatMap((op) =>
      ['int', 'uint', 'double', 'string', 'timestamp', 'duration'].map((type) => `$${type} ${op} $${type}`),
    ),
    '$int < $double',
    '$uint >= $int',
    '$string in $list',
    '$string in $map',
    '$int in [1, 2, x]',
    '$list == $list',
    '$map == $map',
    '$string.startsWith($string)',
    '$string.endsWith($string)',
    '$string.contains($string)',
    '$string.matches("^[a-c]+$")',
    '$string.matches("a|b.")',
    '$list.exists($v, $bool)',
    '$list.all($v, $bool)',
    '$list.exists_one($v, $bool)',
    '$map.exists($v, $bool)',
    '$map.all($v, $bool)',
    'has(attrs.k)',
    'has(attrs.other) && attrs.other == $string',
    'ip.in_cidr("10.0.0.0/8")',
    'ip.in_cidr("2001:db8::/32")',
    'ip == ipaddress("10.0.0.1")',
    'bool($string)',
    '$any == $string',
    '$any == $int',
    '$any == $double',
    '$any == null',
    '$any in [1, 2]',
    'type($any) == string',
    '$any.a == 1',
    'dyn($int) == dyn($double)',
    'type($int) == int',
  ],
  int: [
    ...['+', '-', '*', '/', '%'].map((op) => `$int ${op} $int`),
    '-($int)',
    'size($string)',
    'size($list)',
    '$map.size()',
    'int($double)',
    'int($string)',
    'int($uint)',
    'int($timestamp)',
    '$bool ? $int : $int',
    '[1, 2, 3][$int]',
    '$timestamp.getFullYear()',
    '$timestamp.getMonth()',
    '$timestamp.getDate()',
    '$timestamp.getDayOfMonth()',
    '$timestamp.getDayOfWeek()',
    '$timestamp.getDayOfYear()',
    '$timestamp.getHours()',
    '$timestamp.getHours("America/New_York")',
    '$timestamp.getMinutes("+05:30")',
    '$timestamp.getSeconds()',
    '$timestamp.getMilliseconds()',
    '$duration.getHours()',
    '$duration.getMinutes()',
    '$duration.getSeconds()',
    '$duration.getMilliseconds()',
  ],
  uint: [
    ...['+', '-', '*', '/', '%'].map((op) => `$uint ${op} $uint`),
    'uint($int)',
    'uint($double)',
    'uint($string)',
  ],
  double: [
    ...['+', '-', '*', '/'].map((op) => `$double ${op} $double`),
    '-($double)',
    'double($int)',
    'double($string)',
    'double($uint)',
  ],
  string: [
    '$string + $string',
    '$bool ? $string : $string',
    'string($int)',
    'string($uint)',
    'string($double)',
    'string($bool)',
    'string($timestamp)',
    'string($duration)',
    '$map["k"]',
    'attrs.k',
    '$list[0]',
    '$list[$int]',
  ],
  timestamp: ['$timestamp + $duration', '$timestamp - $duration', 'timestamp($string)', 'timestamp($int)'],
  duration: [
    '$timestamp - $timestamp',
    '$duration + $duration',
    '$duration - $duration',
    'duration($string)',
  ],
  list: ['$list + $list', '[$string, $string]', '$list.map($v, $string)', '$list.filter($v, $bool)'],
  map: ['{$string: $string}', '{"k": $string, "other": $string}'],
  any: ['thing', '$bool ? thing : thing'],
};

function grow(at: Growing, type: Typed, depth: number): string {
  const { chance } = at;
  if (type === 'string' && at.locals.length > 0 && chance.next() < 0.4) return chance.pick(at.locals);
  if (depth === 0 || chance.next() < 0.1) return chance.pick(LEAVES[type]);
  const form = chance.pick(FORMS[type]);
  const variable = `v${at.locals.length}`;
  const inside = form.includes('$v,') ? { chance, locals: [...at.locals, variable] } : at;
  return form
    .replaceAll('$v,', `${variable},`)
    .replaceAll(/\$([a-z]+)/g, (_, word: Typed) => nested(inside, word, depth - 1));
}

/** In brackets where it is more than a word. */
function nested(at: Growing, type: Typed, depth: number): string {
  const text = grow(at, type, depth);
  return /^[\w"]*$/.test(text) ? text : `(${text})`;
}
