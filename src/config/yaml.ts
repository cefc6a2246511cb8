/** YAML text → plain values, with `${NAME}` filled in from the environment and every value's place kept for the errors. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import { type Path, type Problem, pathText } from './problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlText {
  /** Undefined when the text could not be read as one mapping; then `problems` says why. */
  readonly value: Record<string, unknown> | undefined;
  readonly problems: readonly Problem[];
  /** Where the value at the path stands, or the nearest thing above it that is there. */
  place(path: Path): Place;
  keyPlace(path: Path): Place;
  /** What the file says where the value came from the environment: `${OPENFGA_API_TOKEN}`. */
  source(path: Path): string | undefined;
}

interface Reading {
  readonly doc: Document.Parsed;
  readonly lines: LineCounter;
  /** By scalar node: its text before the environment was filled in. */
  readonly sources: Map<object, string>;
}

export function readYaml(text: string, env: Environment): YamlText {
  const lines = new LineCounter();
  const docs = parseAllDocuments(veiled(text), { lineCounter: lines, prettyErrors: false, merge: false });
  const doc = 'empty' in docs ? undefined : docs[0];
  if (doc === undefined) return unreadable([problem(lines, 0, 'the file is empty')]);
  const second = docs[1];
  if (second !== undefined) {
    return unreadable([problem(lines, second.range[0], 'only one YAML document may be in the file')]);
  }
  // After the first fault in the syntax the rest is noise; a key written twice leaves the rest readable.
  const twice = doc.errors.filter((e) => e.code === 'DUPLICATE_KEY').map((e) => syntaxProblem(lines, e));
  const fatal = doc.errors.find((e) => e.code !== 'DUPLICATE_KEY');
  if (fatal !== undefined) return unreadable([syntaxProblem(lines, fatal)]);
  const reading: Reading = { doc, lines, sources: new Map() };
  const missing = fillIn(reading, env);
  return { ...plainValue(reading, [...twice, ...missing]), ...places(reading) };
}

/** `${NAME}` without quotes would end a YAML flow mapping early. Letters of the same number keep every position. */
const VEIL = { open: '\uE0F1', close: '\uE0F2' } as const;

function veiled(text: string): string {
  return text.replace(/\$\{([^{}\n]*)\}/g, `$$${VEIL.open}$1${VEIL.close}`);
}

function unveiled(text: string): string {
  return text.replaceAll(VEIL.open, '{').replaceAll(VEIL.close, '}');
}

/** The library's message without what it quotes from the file: that may be a secret. */
function syntaxProblem(
  lines: LineCounter,
  error: { code: string; message: string; pos: readonly [number, number] },
): Problem {
  const twice = error.code === 'DUPLICATE_KEY';
  const message = firstLine(error.message).replace(/:? *".*$/, '');
  return problem(
    lines,
    error.pos[0],
    twice ? 'the same key stands twice in this mapping' : `this is not YAML: ${message}`,
  );
}

function plainValue(reading: Reading, problems: readonly Problem[]): Pick<YamlText, 'value' | 'problems'> {
  try {
    const value: unknown = reading.doc.toJS({ maxAliasCount: 100 });
    if (isMapping(value)) return { value, problems };
    const what =
      value === null ? 'the file is empty' : 'the file must be a mapping of keys, such as "role: edge"';
    return { value: undefined, problems: [problem(reading.lines, 0, what)] };
  } catch (error) {
    return { value: undefined, problems: [problem(reading.lines, 0, firstLine(String(error)))] };
  }
}

/** Fills in the environment, in values only. Returns what is wrong with it. */
function fillIn(reading: Reading, env: Environment): Problem[] {
  const problems: Problem[] = [];
  visit(reading.doc, {
    Scalar(key, node, ancestors) {
      if (typeof node.value !== 'string') return;
      const source = unveiled(node.value);
      const filled = key === 'key' ? { text: source, mistakes: [] } : substitute(source, env);
      const place = { path: pathText(pathTo(ancestors, key)), ...placeOf(reading.lines, offsetOf(node)) };
      problems.push(...filled.mistakes.map((message) => ({ ...place, message })));
      node.value = filled.text;
      if (filled.text !== source || filled.mistakes.length > 0) reading.sources.set(node, source);
    },
  });
  return problems;
}

function substitute(source: string, env: Environment): { text: string; mistakes: readonly string[] } {
  const mistakes: string[] = [];
  const text = source.replace(/\$?\$\{([^}]*)\}?/g, (whole, name: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    const mistake = mistakeIn(whole, name, env);
    if (mistake !== undefined) mistakes.push(mistake);
    return env[name] ?? whole;
  });
  return { text, mistakes };
}

function mistakeIn(whole: string, name: string, env: Environment): string | undefined {
  if (!/^[A-Za-z_]\w*$/.test(name) || !whole.endsWith('}')) {
    return `${JSON.stringify(whole)} is not understood: write \${NAME}, or $\${ for the characters themselves`;
  }
  return env[name] === undefined ? `the environment variable ${name} is not set` : undefined;
}

function places(reading: Reading): Pick<YamlText, 'place' | 'keyPlace' | 'source'> {
  const at = (offset: number): Place => placeOf(reading.lines, offset);
  return {
    place: (path) => at(walk(reading.doc, path).valueAt),
    keyPlace: (path) => at(walk(reading.doc, path).keyAt),
    source: (path) => {
      const node = walk(reading.doc, path).node;
      return typeof node === 'object' && node !== null ? reading.sources.get(node) : undefined;
    },
  };
}

interface Found {
  readonly node: unknown;
  readonly keyAt: number;
  readonly valueAt: number;
}

/** As deep as the document goes; `node` is undefined when the path ends outside of it. */
function walk(doc: Document.Parsed, path: Path): Found {
  let found: Found = { node: doc.contents, keyAt: offsetOf(doc.contents), valueAt: offsetOf(doc.contents) };
  for (const step of path) {
    const node = isAlias(found.node) ? found.node.resolve(doc) : found.node;
    const next = child(node, step);
    if (next === undefined) return { ...found, node: undefined };
    found = next;
  }
  return found;
}

function child(node: unknown, step: string | number): Found | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { node: item, keyAt: offsetOf(item), valueAt: offsetOf(item) };
  }
  const pair = isMap(node)
    ? node.items.find((p) => isScalar(p.key) && String(p.key.value) === String(step))
    : undefined;
  if (pair === undefined) return undefined;
  const keyAt = offsetOf(pair.key);
  return { node: pair.value, keyAt, valueAt: offsetOf(pair.value) || keyAt };
}

function pathTo(ancestors: readonly unknown[], key: unknown): Path {
  const path: (string | number)[] = [];
  for (const [i, node] of ancestors.entries()) {
    const next = ancestors[i + 1];
    if (isSeq(node)) path.push(next === undefined ? Number(key) : node.items.indexOf(next));
    else if (isPairLike(node) && isScalar(node.key)) path.push(String(node.key.value));
  }
  return path;
}

function isPairLike(node: unknown): node is { key: unknown } {
  return typeof node === 'object' && node !== null && 'key' in node;
}

function offsetOf(node: unknown): number {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  return Array.isArray(range) ? Number(range[0]) : 0;
}

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function problem(lines: LineCounter, offset: number, message: string): Problem {
  return { path: '', ...placeOf(lines, offset), message };
}

function unreadable(problems: readonly Problem[]): YamlText {
  const start = { line: 1, column: 1 };
  return { value: undefined, problems, place: () => start, keyPlace: () => start, source: () => undefined };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
