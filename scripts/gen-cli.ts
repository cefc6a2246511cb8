/** docs/reference/cli.md, from the table of commands and of the admin endpoints. */
import { COMMANDS, type CommandName, commandOf, EXIT, EXIT_WORDS } from '../src/cli/commands.ts';
import { fallbackText, flagText, usageLine } from '../src/cli/help.ts';
import { ENDPOINT_NAMES, ENDPOINTS } from '../src/plugin/endpoints.ts';
import { code, type GeneratedFile, heading, table } from './gen-text.ts';

export function cliFiles(): readonly GeneratedFile[] {
  const names = Object.keys(COMMANDS) as CommandName[];
  const codes = Object.entries(EXIT_WORDS).map(([name, says]) => [
    String(EXIT[name as keyof typeof EXIT]),
    says,
  ]);
  const endpoints = ENDPOINT_NAMES.map((name) => [name, code(ENDPOINTS[name].path), ENDPOINTS[name].says]);
  const text = [
    ...heading('Command line'),
    'From a clone, after `npm ci`: `npx --no-install rsfga-edge COMMAND`.',
    '',
    ...names.flatMap(commandLines),
    '## Exit codes',
    '',
    ...table(['code', 'meaning'], codes),
    '',
    'A second SIGTERM or Ctrl-C ends at once, with 143 or 130.',
    '',
    '## Admin listener',
    '',
    ...table(['name', 'path', 'what it is'], endpoints),
    '',
    'With `admin.token` set, all but `/healthz` and `/readyz` ask for it: `Authorization: Bearer TOKEN`, or in a browser any',
    'user with the token as password. Without a token only names of this machine and IP addresses are answered. What lies',
    'under `/admin` is for bearers of the token only, without exception: with none configured it answers 403. `admin.disable`',
    'switches endpoints off by their names.',
    '',
  ].join('\n');
  return [{ path: 'docs/reference/cli.md', text }];
}

function commandLines(name: CommandName): string[] {
  const { summary, flags } = commandOf(name);
  const rows = Object.entries(flags).map(([flag, spec]) => [
    code(flagText(flag, spec)),
    spec.says + fallbackText(spec),
  ]);
  const list = rows.length === 0 ? [] : [...table(['flag', 'what it does'], rows), ''];
  return [`## \`${name}\``, '', summary, '', '```', usageLine(name), '```', '', ...list];
}
