/**
 * What ListUsers passes from operand to operand: users found or ruled out, and users excluded along the way.
 * Upstream sends them as messages through channels, and counts messages; so the counts are kept here.
 */

export interface Standing {
  /** Messages that found the user. */
  has: number;
  /** Messages that ruled the user out. */
  no: number;
}

export type UserSet = Map<string, Standing>;

/** The messages of one operand. */
export interface Messages {
  readonly users: UserSet;
  /** By user, the number of messages that named it as excluded. */
  readonly excluded: Map<string, number>;
  readonly cycle: boolean;
  /** Where upstream keeps the last of two messages that disagree, which is chance. */
  readonly doubt: boolean;
  readonly tooDeep: boolean;
  /** The text of a condition error. Of several upstream shows one, or joins them, by where they arise. */
  readonly failure: string | undefined;
}

export const NO_MESSAGES: Messages = {
  users: new Map(),
  excluded: new Map(),
  cycle: false,
  doubt: false,
  tooDeep: false,
  failure: undefined,
};

export function found(user: string): Messages {
  return { ...NO_MESSAGES, users: new Map([[user, { has: 1, no: 0 }]]) };
}

/** Go's `errors.Join`. */
export function joinFailures(...failures: readonly (string | undefined)[]): string | undefined {
  const known = failures.filter((failure) => failure !== undefined);
  return known.length === 0 ? undefined : known.join('\n');
}

/** One channel fed by several senders. Of their errors the first ends the others. */
export function together(parts: readonly Messages[]): Messages {
  const users: UserSet = new Map();
  const excluded = new Map<string, number>();
  for (const part of parts) {
    for (const [user, { has, no }] of part.users) {
      const known = users.get(user);
      if (!known) users.set(user, { has, no });
      else {
        known.has += has;
        known.no += no;
      }
    }
    for (const [user, count] of part.excluded) excluded.set(user, (excluded.get(user) ?? 0) + count);
  }
  return { ...troubles(parts), users, excluded, cycle: parts.some(({ cycle }) => cycle) };
}

/** `expandUnion`: excluded is who is named so once per operand. */
export function unite(operands: readonly Messages[]): Messages {
  const all = together(operands);
  const users = new Set([...all.users].filter(([, { has }]) => has > 0).map(([user]) => user));
  const excluded = [...all.excluded].filter(([, count]) => count === operands.length).map(([user]) => user);
  return { ...all, ...carrying(users, excluded), cycle: false };
}

/** `expandIntersection`: named in each operand or covered by its wildcard, and excluded in none. */
export function intersect(operands: readonly Messages[], wildcard: string): Messages {
  const counts = new Map<string, number>();
  let wildcards = 0;
  for (const { users } of operands) {
    const open = (users.get(wildcard)?.has ?? 0) > 0;
    if (open) wildcards++;
    for (const [user, { has }] of users) {
      if (has > 0) counts.set(user, (counts.get(user) ?? 0) + (open ? 0 : 1));
    }
  }
  const excluded = new Set(operands.flatMap((operand) => [...operand.excluded.keys()]));
  const users = new Set<string>();
  for (const [user, count] of counts) {
    if (!excluded.has(user) && count + wildcards === operands.length) users.add(user);
  }
  return { ...troubles(operands), ...carrying(users, [...excluded]), cycle: false };
}

/** `expandExclusion`, with its treatment of wildcards on either side. */
export function subtract(base: Messages, less: Messages, wildcard: string): Messages {
  const trouble = troubles([base, less]);
  if (less.cycle) {
    // the whole exclusion yields nothing and its errors are dropped; unless an error was quicker than the cycle
    const doubt = less.doubt || less.tooDeep || less.failure !== undefined;
    return { ...NO_MESSAGES, doubt };
  }
  const open = base.users.has(wildcard);
  const closed = less.users.has(wildcard);
  const out: Out = { users: new Map(), excluded: new Map() };
  for (const [user, standing] of base.users) {
    const taken = less.users.get(user);
    if (open) subtractFromOpen(out, user, less.users, closed || taken !== undefined, taken !== undefined);
    else if (closed || taken) answerTo(out, user, taken);
    else send(out, user, standing.has > 0 ? 'has' : 'no');
  }
  // only the last message per user is kept on either side, and its standing decides
  const split = [...base.users.values(), ...less.users.values()].some(({ has, no }) => has > 0 && no > 0);
  const failure = joinFailures(base.failure, less.failure);
  return { ...trouble, ...out, failure, doubt: trouble.doubt || split };
}

interface Out {
  readonly users: UserSet;
  readonly excluded: Map<string, number>;
}

function send(out: Out, user: string, standing: 'has' | 'no'): void {
  const known = out.users.get(user) ?? { has: 0, no: 0 };
  known[standing]++;
  out.users.set(user, known);
}

function subtractFromOpen(out: Out, user: string, less: UserSet, covered: boolean, taken: boolean): void {
  if (!covered) send(out, user, 'has');
  for (const [other, { has }] of less) {
    if (other.endsWith(':*')) {
      if (!taken) send(out, user, 'no');
    } else if (has > 0) {
      send(out, other, 'no');
      out.excluded.set(other, (out.excluded.get(other) ?? 0) + 1);
    } else send(out, other, 'has');
  }
}

/** A user whom only the wildcard subtracts has no standing of its own there: upstream's zero value means "found". */
function answerTo(out: Out, user: string, taken: Standing | undefined): void {
  send(out, user, !taken || taken.has > 0 ? 'no' : 'has');
}

/** Each message carries the whole list of excluded users. */
function carrying(users: ReadonlySet<string>, excluded: readonly string[]): Out {
  return {
    users: new Map([...users].map((user) => [user, { has: 1, no: 0 }])),
    excluded: users.size === 0 ? new Map() : new Map(excluded.map((user) => [user, users.size])),
  };
}

function troubles(parts: readonly Messages[]): Messages {
  return {
    ...NO_MESSAGES,
    doubt: parts.some(({ doubt }) => doubt),
    tooDeep: parts.some(({ tooDeep }) => tooDeep),
    failure: parts.find(({ failure }) => failure !== undefined)?.failure,
  };
}
