/** Random CEL expressions that mostly type-check, over parameters whose values `conditions.ts` knows how to send. */
import type { Chance } from '../../support/chance.ts';
import type { Kind } from './conditions.ts';
import { FORMS, LEAVES, type Typed } from './forms.ts';

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
  nums: 'ints',
  times: 'times',
  ips: 'ips',
  anys: 'anys',
  limits: 'limits',
  props: 'props',
};

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
