/** Conditions with the values that may be sent for their parameters: good ones, and ones that fail the cast. */
import type { ConditionDefinition, ConditionParameter } from '../../../src/fga/model.ts';
import type { JsonObject, JsonValue } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import { EDGES, many, named } from './edges.ts';

export type Kind =
  | 'int'
  | 'uint'
  | 'double'
  | 'bool'
  | 'string'
  | 'duration'
  | 'timestamp'
  | 'ipaddress'
  | 'list'
  | 'map'
  | 'any'
  /** Lists and maps of something else than strings: for expressions alone, no template has them. */
  | 'ints'
  | 'times'
  | 'ips'
  | 'anys'
  | 'limits'
  | 'props';

interface Template {
  readonly expression: string;
  readonly parameters: Readonly<Record<string, Kind>>;
}

/** Parameters share names across conditions on purpose: one request context feeds them all. */
const TEMPLATES: Readonly<Record<string, Template>> = {
  x_less: { expression: 'x < 100', parameters: { x: 'int' } },
  x_or_y: { expression: 'x > 10 || y > 10', parameters: { x: 'int', y: 'int' } },
  x_div: { expression: '100 / x > 5', parameters: { x: 'int' } },
  u_small: { expression: 'u < 50u', parameters: { u: 'uint' } },
  d_half: { expression: 'd >= 0.5 && d < 10.0', parameters: { d: 'double' } },
  flag_on: { expression: 'flag', parameters: { flag: 'bool' } },
  name_is: { expression: 'name == "a" || name.startsWith("b")', parameters: { name: 'string' } },
  name_like: { expression: 'name.matches("^[a-c]+$") && size(name) < 3', parameters: { name: 'string' } },
  not_expired: {
    expression: 'now < granted + ttl',
    parameters: { now: 'timestamp', granted: 'timestamp', ttl: 'duration' },
  },
  in_hours: {
    expression: 'now.getHours() >= 9 && now.getHours("UTC") < 17',
    parameters: { now: 'timestamp' },
  },
  from_net: { expression: 'ip.in_cidr("10.0.0.0/8")', parameters: { ip: 'ipaddress' } },
  listed: { expression: 'name in names', parameters: { name: 'string', names: 'list' } },
  any_listed: { expression: 'names.exists(n, n == "a") && names.size() < 4', parameters: { names: 'list' } },
  mapped: { expression: 'attrs["k"] == "v"', parameters: { attrs: 'map' } },
  has_attr: { expression: 'has(attrs.k) && attrs.k != ""', parameters: { attrs: 'map' } },
  anything: { expression: 'thing == "a" || thing == 1', parameters: { thing: 'any' } },
  constant: { expression: '1 + 1 == 2', parameters: {} },
};

export const CONDITION_NAMES: readonly string[] = Object.keys(TEMPLATES);

const GOOD: Readonly<Record<Kind, readonly JsonValue[]>> = {
  int: [0, 5, 11, 50, 99, 100, 150, -1, '10', '1e2', '99.0', 20.0],
  uint: [0, 5, 49, 50, 1000, '10'],
  double: [0, 0.5, 0.1, 3, 10, -2.5, '0.5', '3'],
  bool: [true, false],
  string: ['a', 'b', 'bc', 'abc', '', 'ü', 'A', '1'],
  duration: ['1h', '90m', '1h30m', '2.5s', '300ms', '-1h', '0', '24h'],
  timestamp: [
    '2024-01-01T00:00:00Z',
    '2024-01-01T10:30:00Z',
    '2024-01-01T10:30:00.5+02:00',
    '2024-06-01T23:59:59-07:00',
    '2024-01-01T11:00:00Z',
  ],
  ipaddress: ['10.0.0.1', '10.255.0.9', '192.168.0.1', '::1', '::ffff:10.0.0.1', '2001:db8::1'],
  list: [[], ['a'], ['b', 'bc'], ['a', 'b', 'c', 'd'], ['ü']],
  map: [{}, { k: 'v' }, { k: '' }, { other: 'v' }],
  any: ['a', 'b', 1, 1.5, true, null, [], { a: 1 }, '1'],
  ints: [[], [1], ['1', 2, '3.0'], [-1, 9007199254740992, 1e19], many(60, (n) => n)],
  times: [[], ['2024-01-01T10:30:00.5+02:00', '2024-06-01T23:59:59-07:00'], ['0001-01-01T00:00:00Z']],
  ips: [[], ['10.0.0.1', '::ffff:10.0.0.1'], ['2001:db8::1', '::']],
  anys: [[], ['a', 1, null, true], [{ a: 1 }, [1]], [0.5, -0, 1e300], many(40, (n) => `${n}`)],
  limits: [{}, { a: 1, b: '2' }, { a: 1e19, k: -1 }, named(3)],
  props: [{}, { a: { b: 1 }, k: null }, { a: { b: { c: 'x' } } }, { a: 'b', k: [1, 'a'] }],
};

const BAD: Readonly<Record<Kind, readonly JsonValue[]>> = {
  int: ['1.5', 'x', '', 1.5, true, null, [], {}],
  uint: [-1, '-1', 1.5, 'x', null],
  double: ['0.1', 'x', true, null],
  bool: ['true', 1, null],
  string: [1, true, null, ['a']],
  duration: ['1d', 5, 'PT1H', '', null],
  timestamp: ['2024-01-01', '2024-01-01 00:00:00Z', 0, '', '2024-13-01T00:00:00Z'],
  ipaddress: ['10.0.0', '10.0.0.256', '', 1, 'fe80::1%eth0'],
  list: ['a', [1], ['a', null], { a: 1 }],
  map: [[], 'a', { k: 1 }],
  any: [],
  ints: [[1.5], ['x'], [null], {}],
  times: [[0], ['2024-01-01'], 'x'],
  ips: [['10.0.0'], [1]],
  anys: [{}, 'a'],
  limits: [{ a: 'x' }, [], { a: 1.5 }],
  props: [[], 'a', null],
};

export function condition(name: string): ConditionDefinition {
  const { expression, parameters } = template(name);
  const typed = Object.entries(parameters).map(([key, kind]) => [key, parameter(kind)]);
  return { name, expression, parameters: Object.fromEntries(typed) };
}

/** Values for some of these conditions' parameters; `badness` is the share that fails the cast. */
export function contextFor(names: readonly string[], chance: Chance, badness: number): JsonObject {
  const kinds = Object.assign({}, ...names.map((name) => template(name).parameters));
  return valuesFor(kinds, chance, { presence: 0.8, badness });
}

/** `presence` is the share of the parameters that get a value, `edges` that of the values that are at an edge. */
export function valuesFor(
  kinds: Readonly<Record<string, Kind>>,
  chance: Chance,
  {
    presence,
    badness,
    edges = 0,
  }: { readonly presence: number; readonly badness: number; readonly edges?: number },
): JsonObject {
  const present = Object.entries(kinds).filter(() => chance.next() < presence);
  return Object.fromEntries(
    present.map(([key, kind]) => {
      const extreme = edges > 0 && chance.next() < edges ? EDGES[kind] : undefined;
      return [key, extreme ? chance.pick(extreme) : value(kind, chance, badness)];
    }),
  );
}

function value(kind: Kind, chance: Chance, badness: number): JsonValue {
  const bad = BAD[kind].length > 0 && chance.next() < badness;
  return chance.pick(bad ? BAD[kind] : GOOD[kind]);
}

function template(name: string): Template {
  const found = TEMPLATES[name];
  if (found === undefined) throw new Error(`no condition ${name}`);
  return found;
}

/** What is in a list or a map, by its kind. */
const INNER: Partial<Readonly<Record<Kind, readonly ['LIST' | 'MAP', string]>>> = {
  list: ['LIST', 'STRING'],
  map: ['MAP', 'STRING'],
  ints: ['LIST', 'INT'],
  times: ['LIST', 'TIMESTAMP'],
  ips: ['LIST', 'IPADDRESS'],
  anys: ['LIST', 'ANY'],
  limits: ['MAP', 'INT'],
  props: ['MAP', 'ANY'],
};

export function parameter(kind: Kind): ConditionParameter {
  const [outer, inner] = INNER[kind] ?? [];
  if (outer === undefined) return { type_name: `TYPE_NAME_${kind.toUpperCase()}` };
  return { type_name: `TYPE_NAME_${outer}`, generic_types: [{ type_name: `TYPE_NAME_${inner}` }] };
}
