/** `rsfga-edge audit`: has a running sidecar compare what it keeps with the upstream, and says what came of it. */
import type { AuditProgress, AuditReport } from '../replica/audit.ts';
import type { AdminTarget } from './admin-target.ts';
import { askAdmin } from './ask-admin.ts';
import { EXIT } from './commands.ts';

export interface AuditCommand {
  readonly target: AdminTarget;
  readonly store: string | undefined;
  /** Only report. */
  readonly check: boolean;
  readonly json: boolean;
  print(text: string): void;
  /** Progress goes here, so that the output holds the result alone. */
  complain(text: string): void;
}

/** 0: nothing differed. `differs`: something did, mended or not. `unwell`: a store could not be judged. */
export async function runAudit({
  target,
  store,
  check,
  json,
  print,
  complain,
}: AuditCommand): Promise<number> {
  const body = { ...(store === undefined ? {} : { stores: [store] }), repair: !check };
  const progress = (event: object) => complain(progressText(event as AuditProgress));
  const done = (await askAdmin(target, { name: 'audit', body, progress })) as { stores: AuditReport[] };
  print(json ? `${JSON.stringify(done, null, 2)}\n` : auditText(done.stores));
  return exitCode(done.stores);
}

export function exitCode(reports: readonly AuditReport[]): number {
  if (reports.some(({ outcome }) => ['repaired', 'differs', 'copied'].includes(outcome))) return EXIT.differs;
  return reports.every(({ outcome }) => outcome === 'equal') ? EXIT.done : EXIT.unwell;
}

export function auditText(reports: readonly AuditReport[]): string {
  if (reports.length === 0) return 'No store is kept here.\n';
  return reports.map(storeText).join('');
}

const WORDS: Readonly<Record<AuditReport['outcome'], string>> = {
  equal: 'equal to the upstream',
  repaired: 'differed and was repaired',
  differs: 'DIFFERS from the upstream',
  copied: 'differed and is being copied again',
  skipped: 'not judged',
};

function storeText(report: AuditReport): string {
  const { storeId, outcome, reason, tuples, revision, undecided, tookMs, differences, models, examples } =
    report;
  const why = reason === undefined ? '' : `: ${reason}`;
  const busy = undecided > 0 ? `, ${undecided} keys being written and not judged` : '';
  const head = `${storeId}  ${WORDS[outcome]}${why} (${tuples} tuples, revision ${revisionText(revision)}, ${seconds(tookMs)}${busy})`;
  const types = Object.entries(differences).map(
    ([type, { missing, extra, changed }]) =>
      `  ${type}: ${missing} missing here, ${extra} here alone, ${changed} with another condition`,
  );
  const modelLines = [
    ...models.missing.map((id) => `  model ${id}: missing here`),
    ...models.extra.map((id) => `  model ${id}: here alone`),
  ];
  const some = examples.map(
    ({ kind, object, relation, user }) => `    ${kind}: ${user} ${relation} ${object}`,
  );
  return `${[head, ...types, ...some, ...modelLines].join('\n')}\n`;
}

/** Of a store that was never copied there is none: `.0`. */
function revisionText(revision: string): string {
  return /^\.|^$/.test(revision) ? 'unknown' : revision;
}

function progressText({ storeId, read, held, differences }: AuditProgress): string {
  return `${storeId}: ${read} of about ${held} tuples compared, ${differences} differ\n`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
