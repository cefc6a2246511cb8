/** What is wrong with a configuration: all of it at once, each with its place. */

export type Path = readonly (string | number)[];

export interface Problem {
  /** `products[1].max_staleness`; `''` is the file as a whole. */
  readonly path: string;
  /** 1-based; absent when the file could not be read. */
  readonly line?: number;
  readonly column?: number;
  /** What is wrong, with the value (masked where it may be secret), in one sentence without a full stop. */
  readonly message: string;
  /** What may be written there. */
  readonly allowed?: string;
  /** The known name nearest to what was written. */
  readonly nearest?: string;
}

export class ConfigError extends Error {
  readonly problems: readonly Problem[];
  readonly file: string;

  constructor(file: string, problems: readonly Problem[], options?: { cause?: unknown }) {
    super(report(file, problems), options);
    this.name = 'ConfigError';
    this.problems = problems;
    this.file = file;
  }
}

export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = /^[A-Za-z_][\w-]*$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** `***` where it is a secret, else short JSON. User names and passwords in URLs never show. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  const text = withoutCredentials(String(typeof value === 'string' ? JSON.stringify(value) : value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/\s]*@/g, '//***@');
}

/** In reading order. */
export function sorted(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function report(file: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 mistake' : `${problems.length} mistakes`;
  return [`${file}: ${count}`, ...problems.map((problem) => describe(file, problem))].join('\n\n');
}

function describe(file: string, problem: Problem): string {
  const place = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column ?? 1}`;
  const hint = problem.nearest === undefined ? [] : [`    did you mean: ${problem.nearest}`];
  const allowed = problem.allowed === undefined ? [] : [`    allowed: ${problem.allowed}`];
  const head = [place, problem.path].filter((part) => part !== '').join('  ');
  return [`  ${head}`, `    ${problem.message}`, ...hint, ...allowed].join('\n');
}
