/** Structured logs: one JSON object per line and event worth knowing. Secrets are masked twice: by name and by value. */
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** Fields of every line: role, edge, node. */
  readonly base?: Readonly<Record<string, string>>;
  /** Values that must never appear, wherever they turn up: tokens, keys, passwords. */
  readonly secrets?: readonly string[];
  /** Where lines go; default: standard output, written at once. */
  readonly sink?: { write(line: string): void };
}

export type { Logger };

export function createLogger(options: LoggerOptions = {}): Logger {
  const secrets = longestFirst(options.secrets ?? []);
  const settings = {
    level: options.level ?? 'info',
    base: options.base ?? {},
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS, censor: MASK },
    hooks: { streamWrite: (line: string) => masked(line, secrets) },
  };
  return pino(settings, options.sink ?? destination({ fd: 1, sync: true }));
}

/** The level from a flag or the environment; undefined when it is no level. */
export function logLevel(word: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === word);
}

const MASK = '***';

const NAMES = ['authorization', 'apiToken', 'api_token', 'token', 'password', 'secret', 'keys', 'cookie'];
/** Names at the top, one and two levels down, and in headers. */
const SECRET_FIELDS = NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.headers.${name}`]);

/** A password in a URL goes too. */
function masked(line: string, secrets: readonly string[]): string {
  const clean = line.replace(/(\w+:\/\/)[^/\s@"]+@/g, `$1${MASK}@`);
  return secrets.reduce((text, secret) => text.replaceAll(secret, MASK), clean);
}

/** As they look inside a JSON text. Very short ones would mask ordinary words. */
function longestFirst(secrets: readonly string[]): readonly string[] {
  const inJson = secrets.filter((s) => s.length >= 4).map((s) => JSON.stringify(s).slice(1, -1));
  return inJson.sort((a, b) => b.length - a.length);
}
