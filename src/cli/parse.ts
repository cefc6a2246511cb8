/** argv → a command with checked flags, or what is wrong with it and what was probably meant. */
import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { COMMANDS, type Command, type CommandName, commandOf, type Flag, isCommand } from './commands.ts';

export interface Parsed {
  readonly command: CommandName;
  /** By flag name; defaults and environment filled in. A switch that is on is `'true'`. */
  readonly flags: Readonly<Record<string, string>>;
  /** For `help run`. */
  readonly topic?: CommandName;
}

/** Thrown for a wrong command line; the message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Parsed {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h') return { command: 'help', flags: {} };
  if (first === '--version' || first === '-v') return { command: 'version', flags: {} };
  const command = commandNamed(first);
  if (rest.includes('--help') || rest.includes('-h')) return { command: 'help', flags: {}, topic: command };
  if (command === 'help') return rest[0] === undefined ? { command, flags: {} } : help(rest[0]);
  return { command, flags: flagsOf(command, rest, env) };
}

function help(word: string): Parsed {
  return { command: 'help', flags: {}, topic: commandNamed(word) };
}

function commandNamed(word: string): CommandName {
  if (isCommand(word)) return word;
  const meant = nearest(word, Object.keys(COMMANDS));
  const hint =
    meant === undefined
      ? `The commands are ${Object.keys(COMMANDS).join(', ')}.`
      : `Did you mean "${meant}"?`;
  throw new UsageError(`There is no command "${word}". ${hint}`);
}

function flagsOf(
  name: CommandName,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) {
  const command = commandOf(name);
  const given: Record<string, string> = {};
  for (const token of tokensOf(command, args)) {
    if (token.kind === 'option-terminator') continue;
    const flag = token.kind === 'positional' ? positionalFlag(name, given, token.value) : token.name;
    if (Object.hasOwn(given, flag)) throw new UsageError(`--${flag} is given twice.`);
    given[flag] = token.kind === 'positional' ? token.value : checkedOption(name, flag, token.value);
  }
  for (const [flag, spec] of Object.entries(command.flags)) {
    const fallback = (spec.env === undefined ? undefined : env[spec.env]) || spec.default;
    if (!Object.hasOwn(given, flag) && fallback !== undefined) given[flag] = fallback;
    const value = given[flag];
    if (value !== undefined) checkValue(flag, spec, value);
  }
  return given;
}

function tokensOf(command: Command, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      { type: flag.kind === 'switch' ? 'boolean' : 'string' } as const,
    ]),
  );
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true }).tokens;
}

function positionalFlag(name: CommandName, given: Readonly<Record<string, string>>, word: string): string {
  const { positional = [] } = commandOf(name);
  const places = typeof positional === 'string' ? [positional] : positional;
  const free = places.find((flag) => !Object.hasOwn(given, flag));
  if (free !== undefined) return free;
  throw new UsageError(`"${word}" is one word too many. See rsfga-edge ${name} --help.`);
}

function checkedOption(command: CommandName, flag: string, value: string | undefined): string {
  const { flags } = commandOf(command);
  const spec = Object.hasOwn(flags, flag) ? flags[flag] : undefined;
  if (spec === undefined) throw unknownFlag(command, flag);
  if (spec.kind === 'switch' && value !== undefined) throw new UsageError(`--${flag} takes no value.`);
  if (spec.kind === 'switch') return 'true';
  if (value === undefined || value === '')
    throw new UsageError(`--${flag} needs a value: --${flag} ${spec.value ?? 'TEXT'}.`);
  return value;
}

function unknownFlag(command: CommandName, flag: string): UsageError {
  const known = Object.keys(commandOf(command).flags);
  const meant = nearest(flag, known);
  const dashes = flag.length === 1 ? '-' : '--';
  const list = known.length > 0 ? `It knows ${known.map((k) => `--${k}`).join(', ')}.` : 'It has no flags.';
  return new UsageError(
    `rsfga-edge ${command} does not know ${dashes}${flag}. ${meant === undefined ? list : `Did you mean --${meant}?`}`,
  );
}

function checkValue(flag: string, spec: Flag, value: string): void {
  if (spec.kind === 'port' && !(/^\d{1,5}$/.test(value) && Number(value) <= 65_535)) {
    throw new UsageError(`--${flag} must be a port from 0 to 65535 (0 takes a free one), not "${value}".`);
  }
  if (spec.oneOf === undefined || spec.oneOf.includes(value)) return;
  const from = spec.env === undefined ? `--${flag}` : `--${flag} (or ${spec.env})`;
  throw new UsageError(`${from} must be one of ${spec.oneOf.join(', ')}, not "${value}".`);
}
