/** The text of `--help`, from the table of commands. */
import { COMMANDS, type CommandName, commandOf, EXIT, EXIT_WORDS, type Flag } from './commands.ts';

export function helpText(topic?: CommandName): string {
  return topic === undefined || topic === 'help' ? overview() : commandHelp(topic);
}

export function usageLine(name: CommandName): string {
  const { flags, positional } = commandOf(name);
  const parts = Object.entries(flags).map(([flag, spec]) => {
    if (typeof positional === 'object' && positional.includes(flag)) return spec.value;
    if (flag === positional) return name === 'run' ? `--${flag} ${spec.value}` : `[--${flag}] ${spec.value}`;
    return `[${flagText(flag, spec)}]`;
  });
  return ['rsfga-edge', name, ...parts].join(' ');
}

export function flagText(name: string, flag: Flag): string {
  return flag.kind === 'switch' ? `--${name}` : `--${name} ${flag.value ?? 'TEXT'}`;
}

/** What is said after the flag's own words: where else the value may come from. */
export function fallbackText(flag: Flag): string {
  const words = [
    ...(flag.default === undefined ? [] : [`default ${flag.default}`]),
    ...(flag.env === undefined ? [] : [`or ${flag.env}`]),
  ];
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}

function overview(): string {
  const names = Object.keys(COMMANDS) as CommandName[];
  const commands = columns(names.map((name) => [name, COMMANDS[name].summary]));
  const codes = Object.entries(EXIT_WORDS).map(
    ([name, says]) => [String(EXIT[name as keyof typeof EXIT]), says] as const,
  );
  return [
    'RSFGA Edge: a sidecar for OpenFGA-compatible authorization servers.',
    '',
    'Usage: rsfga-edge COMMAND [flags]',
    '',
    'Commands:',
    ...commands,
    '',
    'Exit codes:',
    ...columns(codes),
    '',
    'rsfga-edge COMMAND --help shows the flags of a command.',
    '',
  ].join('\n');
}

function commandHelp(name: CommandName): string {
  const { summary, flags } = commandOf(name);
  const lines = Object.entries(flags).map(
    ([flag, spec]) => [flagText(flag, spec), spec.says + fallbackText(spec)] as const,
  );
  const list = lines.length === 0 ? [] : ['', 'Flags:', ...columns(lines)];
  return [summary, '', `Usage: ${usageLine(name)}`, ...list, ''].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const wide = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(wide)}  ${right}`);
}
