/** The load process, seen from the bench: one job at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job, Measured } from './load-worker.ts';

export interface Load {
  run(job: Job): Promise<Measured>;
  stop(): void;
}

export function startLoad(): Load {
  const child = fork(join(import.meta.dirname, 'load-worker.ts'));
  return {
    run: (job) => ask(child, job),
    stop: () => void child.kill('SIGKILL'),
  };
}

async function ask(child: ChildProcess, job: Job): Promise<Measured> {
  child.send(job);
  const [reply] = (await once(child, 'message')) as [{ measured?: Measured; failed?: string }];
  if (reply.measured) return reply.measured;
  throw new Error(`load on ${job.host}:${job.port}${job.path}: ${reply.failed}`);
}
