/** `rsfga-edge status`: asks a running sidecar how it is. */
import { json } from 'node:stream/consumers';
import type { StatusReport } from '../admin/status.ts';
import { errorText } from '../telemetry/error-text.ts';
import { type AdminTarget, requestAdmin } from './admin-target.ts';
import { EXIT } from './commands.ts';
import { statusText } from './status-text.ts';

export interface StatusOptions {
  readonly target: AdminTarget;
  readonly json: boolean;
  readonly watch: boolean;
  print(text: string): void;
}

const EVERY_MS = 2_000;
const PATIENCE_MS = 5_000;
const CLEAR_SCREEN = '\x1b[H\x1b[2J';

/** Resolves with the exit code. With `watch` it never resolves: Ctrl-C ends it. Throws when nobody answers. */
export async function showStatus(options: StatusOptions): Promise<number> {
  while (options.watch) {
    options.print(`${CLEAR_SCREEN}${await onceOr(options)}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  const report = await askStatus(options);
  options.print(options.json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report));
  return report.health.state === 'healthy' ? EXIT.done : EXIT.unwell;
}

/** A sidecar that is away for a moment does not end the watching. */
async function onceOr(options: StatusOptions): Promise<string> {
  try {
    return statusText(await askStatus(options));
  } catch (error) {
    return `${errorText(error)}\n`;
  }
}

async function askStatus({ target }: StatusOptions): Promise<StatusReport> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await requestAdmin(target, { method: 'GET', path: '/status', signal });
  if (answer.statusCode === 401)
    throw new Error('The admin listener needs its token: --token or RSFGA_ADMIN_TOKEN.');
  const report = answer.statusCode === 200 ? await json(answer).catch(() => undefined) : undefined;
  if (typeof report === 'object' && report !== null && 'health' in report) return report as StatusReport;
  throw new Error(
    `${target.url}/status answered ${answer.statusCode}, which is no status. Does --url name the admin listener?`,
  );
}
