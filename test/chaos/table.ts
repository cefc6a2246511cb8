/** What a run came to, as the table of docs/guarantees.md has it. */
import type { Outcome } from './scenario.ts';

export function table(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.map(({ scenario }) => scenario))].sort();
  const rows = names.map((name) =>
    row(
      name,
      outcomes.filter(({ scenario }) => scenario === name),
    ),
  );
  return [HEADER, HEADER.replace(/[^|]+/g, '---'), ...rows].join('\n');
}

const HEADER =
  '| scenario | played | faults | Writes | own answers judged | lost | half seen | longest staleness, ms | longest recovery, ms |';

function row(name: string, of: readonly Outcome[]): string {
  const sum = (what: (outcome: Outcome) => number) => of.reduce((all, outcome) => all + what(outcome), 0);
  const most = (what: (outcome: Outcome) => number) => Math.max(...of.map(what));
  const cells = [
    name,
    of.length,
    sum(({ faults }) => faults),
    sum(({ writes }) => writes.committed),
    sum(({ answers }) => answers),
    // An outcome exists only where the judge found every tuple of the upstream at every edge.
    0,
    sum(({ half }) => half),
    most(({ longestStalenessMs }) => longestStalenessMs),
    most(({ recoveryMs }) => recoveryMs),
  ];
  return `| ${cells.join(' | ')} |`;
}
