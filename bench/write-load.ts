/**
 * Writes at a steady pace, in a process of its own: each lane writes some tuples in one transaction, then deletes them in the
 * next, so that the store stays as large as it is. Begins at a job, ends at `stop` and says what it did.
 */
import { Agent, request } from 'undici';

export interface WriteJob {
  /** `http://host:port` */
  readonly base: string;
  readonly storeId: string;
  readonly type: string;
  readonly relation: string;
  /** Tuples in a transaction. */
  readonly perWrite: number;
  /** Tuples written or deleted, of all lanes together. */
  readonly changesPerSecond: number;
  readonly lanes: number;
}

export interface Written {
  readonly changes: number;
  readonly refused: number;
  readonly seconds: number;
}

const agent = new Agent({ connections: 64, keepAliveTimeout: 60_000 });
const stopping = new AbortController();

async function run(job: WriteJob): Promise<Written> {
  const everyMs = (1000 * job.perWrite * job.lanes) / job.changesPerSecond;
  const began = performance.now();
  let [changes, refused] = [0, 0];
  const lane = async (n: number) => {
    // Lanes begin one after the other, so that the pace is even.
    let dueMs = began + (everyMs * n) / job.lanes;
    for (let turn = 0; !stopping.signal.aborted || turn % 2 === 1; turn += 1) {
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
      dueMs += everyMs;
      if (await write(job, n, turn % 2 === 0 ? 'writes' : 'deletes')) changes += job.perWrite;
      else refused += job.perWrite;
    }
  };
  await Promise.all(Array.from({ length: job.lanes }, (_, n) => lane(n)));
  return { changes, refused, seconds: (performance.now() - began) / 1000 };
}

async function write(job: WriteJob, lane: number, operation: 'writes' | 'deletes'): Promise<boolean> {
  const keys = Array.from({ length: job.perWrite }, (_, i) => ({
    user: `user:w-${i}`,
    relation: job.relation,
    object: `${job.type}:load-${lane}-${i}`,
  }));
  const { statusCode, body } = await request(`${job.base}/stores/${job.storeId}/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ [operation]: { tuple_keys: keys } }),
    dispatcher: agent,
  });
  await body.dump();
  return statusCode === 200;
}

process.on('message', (message: WriteJob | 'stop') => {
  if (message === 'stop') return stopping.abort();
  run(message).then(
    (written) => process.send?.({ written }),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
