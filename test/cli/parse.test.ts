import { expect, test } from 'vitest';
import { COMMANDS, type CommandName } from '../../src/cli/commands.ts';
import { helpText } from '../../src/cli/help.ts';
import { parseCommand, UsageError } from '../../src/cli/parse.ts';

const parse = (line: string, env: Record<string, string> = {}) =>
  parseCommand(line === '' ? [] : line.split(' '), env);

test('a file may stand with or without its flag', () => {
  const flags = { config: 'e.yaml', 'log-level': 'info' };
  expect(parse('run --config e.yaml')).toEqual({ command: 'run', flags });
  expect(parse('run --config=e.yaml')).toEqual({ command: 'run', flags });
  expect(parse('run e.yaml')).toEqual({ command: 'run', flags });
  expect(parse('check-config e.yaml --show').flags).toEqual({ config: 'e.yaml', show: 'true' });
});

test('a flag goes before the environment, the environment before the default', () => {
  const env = { RSFGA_LOG_LEVEL: 'debug' };
  expect(parse('run e', env).flags['log-level']).toBe('debug');
  expect(parse('run e --log-level warn', env).flags['log-level']).toBe('warn');
  expect(parse('demo').flags).toMatchObject({ 'http-port': '8080', 'log-level': 'warn' });
  expect(parse('status', { RSFGA_ADMIN_TOKEN: 't' }).flags.token).toBe('t');
});

test('help is found by every name that people try', () => {
  expect(['', '--help', '-h', 'help'].map((line) => parse(line).command)).toEqual([
    'help',
    'help',
    'help',
    'help',
  ]);
  expect(parse('run --help')).toMatchObject({ command: 'help', topic: 'run' });
  expect(parse('help status')).toMatchObject({ command: 'help', topic: 'status' });
  expect(['--version', '-v', 'version'].map((line) => parse(line).command)).toEqual([
    'version',
    'version',
    'version',
  ]);
});

test.each([
  ['rnu', 'Did you mean "run"?'],
  ['checkconfig x', 'Did you mean "check-config"?'],
  ['frobnicate', 'The commands are run,'],
  ['run --confg x', 'Did you mean --config?'],
  ['demo --adminport 1', 'Did you mean --admin-port?'],
  ['version --quiet', 'It has no flags.'],
  ['run -x', 'does not know -x'],
  ['run --config', '--config needs a value: --config FILE.'],
  ['run --config= ', '--config needs a value'],
  ['run a b', '"b" is one word too many'],
  ['status x', 'one word too many'],
  ['run a --config b', '--config is given twice'],
  ['check-config a --show=yes', '--show takes no value'],
  ['demo --edge-port 99999', 'a port from 0 to 65535'],
  ['demo --edge-port -1', '--edge-port'],
  ['run a --log-level loud', 'must be one of fatal, error'],
  ['help rnu', 'Did you mean "run"?'],
])('%j is refused, and it is said what to write', (line, words) => {
  expect(() => parse(line.trimEnd())).toThrow(UsageError);
  expect(() => parse(line.trimEnd())).toThrow(words);
});

test('the help names every command, and each command its flags', () => {
  for (const [name, { flags }] of Object.entries(COMMANDS)) {
    expect(helpText()).toContain(name);
    for (const flag of Object.keys(flags)) expect(helpText(name as CommandName)).toContain(`--${flag}`);
  }
});
