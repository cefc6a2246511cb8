/**
 * How a command asks a running sidecar to do something: through its admin listener, whose address and token are read
 * from the same YAML file that the sidecar runs by, or given by hand.
 */
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { type CallName, ENDPOINTS } from '../plugin/endpoints.ts';
import { type AdminTarget, requestAdmin } from './admin-target.ts';

export interface Ask {
  readonly name: CallName;
  readonly body: object;
  /** Told of each step of a long call. */
  progress?(event: object): void;
}

/** What the call came to. Throws with words for an operator when it was refused or nobody answers. */
export async function askAdmin(target: AdminTarget, ask: Ask): Promise<object> {
  const answer = await post(target, ask);
  if (!isLines(answer)) throw refusal(answer.statusCode ?? 0, await errorOf(answer), target);
  for await (const text of createInterface({ input: answer })) {
    const line = toLine(text);
    if (line.done !== undefined) return line.done;
    if (line.error !== undefined) throw refusal(line.status ?? 500, line.error, target);
    if (line.progress !== undefined) ask.progress?.(line.progress);
  }
  throw new Error('The sidecar ended before it had answered; its log may say why.');
}

function post(target: AdminTarget, { name, body }: Ask): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
  const { path } = ENDPOINTS[name];
  return requestAdmin(target, { method: 'POST', path, headers, body: JSON.stringify(body) });
}

function isLines(answer: IncomingMessage): boolean {
  return answer.statusCode === 200 && (answer.headers['content-type'] ?? '').includes('ndjson');
}

interface Line {
  readonly progress?: object;
  readonly done?: object;
  readonly error?: string;
  readonly status?: number;
}

function toLine(text: string): Line {
  const line: unknown = text === '' ? {} : JSON.parse(text);
  return typeof line === 'object' && line !== null ? line : {};
}

async function errorOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    const { error } = toLine(text);
    return error ?? text;
  } catch {
    return text;
  }
}

function refusal(status: number, said: string, { url }: AdminTarget): Error {
  if (status === 401)
    return new Error('The sidecar wants its admin.token: the one in the YAML it runs by, or --token.');
  if (status === 200) return new Error(`${url} is no admin listener of RSFGA Edge. Does --url name it?`);
  return new Error(said === '' ? `${url} answered ${status}.` : said);
}
