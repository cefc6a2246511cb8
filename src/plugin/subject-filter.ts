/**
 * NATS subject filters made by hand (`nats_subjects` of a product): what is wrong with one, what it delivers of a store,
 * and what has to be added to it. Pure text, as `subject.ts`. What is judged to be delivered is what the completeness
 * proof counts, so here NATS's own rules hold: `*` is one token, `>` is one or more at the end, anything else is literal.
 */
import { subjectToken, typeOfToken, wordSubjects } from './subject.ts';
import { collide, covers, crosses, isWellFormed, LITERAL } from './subject-pattern.ts';

export interface FilterProblem {
  /** Of the list, the one that is wrong; absent: the list as a whole. */
  readonly index?: number;
  readonly message: string;
  readonly allowed: string;
}

/** `types`: what the tier keeps; `every` where it keeps all of them. */
export interface Asked {
  readonly subjects: readonly string[];
  /** Store ids, or `*` alone. */
  readonly stores: readonly string[];
  readonly types: readonly string[] | 'every';
}

export const ANY_STORE = '*';

const ROOT = ['rsfga', 'changes'];
const OPERATIONS = ['write', 'delete'] as const;
const SHAPE =
  'rsfga.changes.{store_id}.write.{object_type} and rsfga.changes.{store_id}.delete.{object_type}';
/** Stands for each store of a product with `"*"`. */
const SOME_STORE = 'STORE';

/** Every mistake in a list of filters for a product. Empty: each store's parts that `delivered` names do arrive. */
export function filterProblems(asked: Asked): readonly FilterProblem[] {
  const { subjects, stores } = asked;
  const own = subjects.flatMap((text, index) => {
    const problem = problemOf(text, stores);
    return problem ? [{ index, ...problem }] : [];
  });
  if (own.length > 0) return own;
  const named = stores.includes(ANY_STORE) ? [SOME_STORE] : stores;
  const found = named.flatMap((storeId) => [
    ...halves(subjects, storeId),
    ...overlaps(subjects, storeId),
    ...uncovered(asked, storeId),
  ]);
  return [...new Map(found.map((one) => [`${one.index}`, one])).values()];
}

/** The types among `types` of which these filters deliver every write and every delete in this store. */
export function delivered(
  subjects: readonly string[],
  storeId: string,
  types: readonly string[] | 'every',
): readonly string[] | 'every' {
  const patterns = tails(subjects, storeId);
  const arrives = (token: string) => OPERATIONS.every((word) => isCovered(patterns, [word, token]));
  if (types === 'every')
    return arrives('*') ? 'every' : namedTypes(patterns).filter(arrives).flatMap(typesOf);
  return types.filter((type) => arrives(subjectToken(type)));
}

/** The filters of one store, those that others contain left out, and the words about its history that they lack. */
export function completed(
  subjects: readonly string[],
  storeId: string,
): { readonly subjects: readonly string[]; readonly added: readonly string[] } {
  const own = [...ROOT, subjectToken(storeId)];
  const given = new Map(tails(subjects, storeId).map((tail) => [tail.join('.'), [...own, ...tail]]));
  const widest = [...given.values()].filter(
    (one, _, all) => !all.some((other) => other !== one && covers(other, one)),
  );
  const added = wordSubjects(storeId).filter((word) => !widest.some((one) => covers(one, word.split('.'))));
  return { subjects: [...widest.map((tokens) => tokens.join('.')), ...added].sort(), added };
}

/** True for a filter of nothing but this store's subjects: what an edge may ask the centre for. */
export function isWithinStore(subject: string, storeId: string): boolean {
  const tokens = subject.split('.');
  const [store, ...tail] = tokens.slice(ROOT.length);
  return hasRoot(tokens) && isWellFormed(tokens) && store === subjectToken(storeId) && tail.length > 0;
}

type Problem = Omit<FilterProblem, 'index'>;

function problemOf(text: string, stores: readonly string[]): Problem | undefined {
  if (/[{},\s]/.test(text)) {
    const message = `${JSON.stringify(text)} would match nothing: NATS knows no {a,b}, and no list within one subject`;
    return { message, allowed: `one subject for each item of the list: ${spelledOut(text).join(' and ')}` };
  }
  const tokens = text.split('.');
  if (!hasRoot(tokens) || tokens.length <= ROOT.length)
    return { message: `${JSON.stringify(text)} is not below rsfga.changes`, allowed: SHAPE };
  if (!isWellFormed(tokens)) {
    const allowed =
      'tokens of letters, digits, _ and -, with other characters of a type name as %XX; * for one token, > for the rest, at the end';
    return { message: `${JSON.stringify(text)} is no subject filter of NATS`, allowed };
  }
  return strangeStore(text, tokens, stores) ?? deadEnd(text, tokens.slice(ROOT.length + 1));
}

function strangeStore(
  text: string,
  tokens: readonly string[],
  stores: readonly string[],
): Problem | undefined {
  const store = tokens[ROOT.length] ?? '';
  if (store === '>' || store === '*' || stores.some((id) => id !== ANY_STORE && subjectToken(id) === store))
    return undefined;
  const others = stores.includes(ANY_STORE) ? [] : [`a store of this product (${stores.join(', ')})`];
  const message = `${JSON.stringify(text)} names the store ${store}, which is not in this product's stores`;
  return { message, allowed: [...others, '* for each of its stores'].join(', or ') };
}

/** What no published subject can match. `tail` is what follows the store. */
function deadEnd(text: string, tail: readonly string[]): Problem | undefined {
  if (tail.length === 0 && text.endsWith('>')) return undefined;
  const published = [
    ...OPERATIONS.map((word) => [word, '*']),
    ...wordSubjects('').map((subject) => subject.split('.').slice(-2)),
  ];
  const message = `${JSON.stringify(text)} matches nothing that is published`;
  if (!published.some((other) => collide(tail, other))) return { message, allowed: SHAPE };
  const [word = '', type = ''] = tail;
  if (tail.length < 2 || type === '*' || type === '>' || !isOperation(word)) return undefined;
  if (typesOf(type).length > 0 || /^%h[0-9a-f]{64}$/.test(type)) return undefined;
  return {
    message,
    allowed: 'other characters than letters, digits, _ and - of a type name as %XX, in capitals',
  };
}

/** Writes without their deletes, or the other way round, would keep what is not there any more. */
function halves(subjects: readonly string[], storeId: string): FilterProblem[] {
  const patterns = tails(subjects, storeId);
  return subjects.flatMap((text, index) => {
    const [tail] = tails([text], storeId);
    const [word = '', type = '*'] = tail ?? [];
    if (!isOperation(word)) return [];
    const other = word === 'write' ? 'delete' : 'write';
    const token = type === '>' ? '*' : type;
    if (isCovered(patterns, [other, token])) return [];
    const message = `${JSON.stringify(text)} delivers the ${word}s and nothing here delivers the ${other}s`;
    return [{ index, message, allowed: `also rsfga.changes.${storeId}.${other}.${type}` }];
  });
}

function overlaps(subjects: readonly string[], storeId: string): FilterProblem[] {
  const whole = subjects.map((text) => tails([text], storeId)[0]);
  return whole.flatMap((tail, index) => {
    const at = whole.findIndex((other, i) => i < index && tail && other && crosses(tail, other));
    if (at < 0) return [];
    const message = `${JSON.stringify(subjects[index])} and ${JSON.stringify(subjects[at])} overlap, and nats-server takes no filters that do`;
    return [
      {
        index,
        message,
        allowed: 'filters of which none has a subject in common with another, or one for both',
      },
    ];
  });
}

function uncovered({ subjects, types }: Asked, storeId: string): FilterProblem[] {
  const found = delivered(subjects, storeId, types);
  const store = storeId === SOME_STORE ? 'a store' : storeId;
  if (found === 'every') return [];
  if (types === 'every') {
    const some = found.length === 0 ? 'no object type' : `no object types but ${found.join(', ')}`;
    const hot = found.length === 0 ? '' : `, or tier: { hot: { object_types: [ ${found.join(', ')} ] } }`;
    const message = `${some} of ${store} would be delivered, and this tier keeps all of them`;
    return [{ message, allowed: `rsfga.changes.${store === storeId ? storeId : '*'}.>${hot}` }];
  }
  if (found.length > 0) return [];
  const message = `nothing of ${store} would be delivered that this tier keeps (${types.join(', ')})`;
  const first = subjectToken(types[0] ?? '');
  const token = store === storeId ? storeId : '*';
  return [
    { message, allowed: OPERATIONS.map((word) => `rsfga.changes.${token}.${word}.${first}`).join(' and ') },
  ];
}

/** What follows the store, for the filters that concern this one. */
function tails(subjects: readonly string[], storeId: string): string[][] {
  return subjects.flatMap((text) => {
    const [store = '', ...tail] = text.split('.').slice(ROOT.length);
    if (store === '>') return [['>']];
    return store === '*' || store === subjectToken(storeId) ? [tail] : [];
  });
}

function namedTypes(patterns: readonly string[][]): string[] {
  const named = patterns.filter(([word = '']) => isOperation(word)).map(([, type = '']) => type);
  return [...new Set(named)].filter((type) => LITERAL.test(type));
}

function typesOf(token: string): string[] {
  const type = typeOfToken(token);
  return type === undefined ? [] : [type];
}

function isOperation(word: string): boolean {
  return word === '*' || OPERATIONS.some((one) => one === word);
}

function isCovered(patterns: readonly string[][], tail: readonly string[]): boolean {
  return patterns.some((pattern) => covers(pattern, tail));
}

function hasRoot(tokens: readonly string[]): boolean {
  return ROOT.every((token, i) => tokens[i] === token);
}

/** What was meant by `a.{b,c}.d` or `a.b, c.d`. */
function spelledOut(text: string): string[] {
  const brace = /^([^{}]*)\{([^{}]*)\}(.*)$/s.exec(text);
  if (brace) {
    const [, before = '', inner = '', after = ''] = brace;
    return inner.split(',').flatMap((one) => spelledOut(`${before}${one.trim()}${after}`));
  }
  return text.split(/[,\s{}]+/).filter((one) => one !== '');
}
