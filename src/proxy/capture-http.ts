/** A Write that came over HTTP: how it is sent on, and what its answer means. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FgaError } from '../fga/error.ts';
import type { Exchange } from '../upstream/forward-held.ts';
import { endIfUnread, FORWARDED, sendOwnError } from './answer.ts';
import { bytesOf, type ReadBody } from './body.ts';
import type { Exchanged, WriteCall, WriteOutcome } from './capture-call.ts';
import type { Street } from './street.ts';

export interface HttpWrite {
  readonly street: Street;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly storeId: string;
  readonly kind: 'write' | 'write-model';
  readonly body: ReadBody;
  readonly startedAt: number;
}

const NEVER_SENT = 503;
/** OpenFGA's 400 for a call whose context ended under way (contract section 3.4): it may have got through. */
const CANCELLED = '"cancelled"';

export function httpWriteCall(write: HttpWrite): WriteCall {
  const { street, req, res, storeId, kind, body, startedAt } = write;
  return {
    street,
    storeId,
    kind,
    body: 'whole' in body ? body.whole : undefined,
    encoding: 'json',
    startedAt,
    left: () => res.destroyed,
    unavailable: (error: FgaError) => sendOwnError(res, error),
    async exchange(): Promise<Exchanged> {
      const exchange = await street.primary.exchange({
        req,
        body: bytesOf(body),
        // The model's id is read from the answer, so no proxy on the way may compress it.
        ...(kind === 'write-model' ? { without: 'accept-encoding' } : {}),
      });
      const reply = (revision: string | undefined) => sendHeld(write, exchange, revision);
      return { outcome: outcomeOf(exchange, kind), reply };
    },
  };
}

function outcomeOf(exchange: Exchange, kind: WriteCall['kind']): WriteOutcome {
  if ('failed' in exchange) return outcomeOfFailure(exchange.failed);
  const { head, body } = exchange.answer;
  if (head.status >= 200 && head.status < 300) {
    const modelId = kind === 'write-model' ? modelIdIn(body) : undefined;
    return { committed: body, modelId, innerRevision: head.revision };
  }
  return isRefusal(head.status) && !body.includes(CANCELLED) ? { refused: head.status } : 'doubtful';
}

function outcomeOfFailure({ sent, status }: { sent: boolean; status: number | undefined }): WriteOutcome {
  if (!sent) return { refused: NEVER_SENT };
  return status !== undefined && isRefusal(status) ? { refused: status } : 'doubtful';
}

/** 409 is a race inside upstream, 408 a time-out on the way: what came of the Write is not known here. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 409 && status !== 408;
}

function sendHeld({ street, res }: HttpWrite, exchange: Exchange, revision: string | undefined): boolean {
  if ('failed' in exchange) {
    street.events.forwardFailed(exchange.failed.fault);
    if (res.destroyed) return false;
    // The head was seen and the body was not: cut the client off, as upstream did.
    if (exchange.failed.status === undefined) sendOwnError(res, exchange.failed.error);
    else res.destroy();
    return false;
  }
  const { head, body } = exchange.answer;
  const shown = head.revision ?? revision;
  head.headers.push(...FORWARDED, ...(shown === undefined ? [] : ['Rsfga-Revision', shown]));
  endIfUnread(res);
  res.writeHead(head.status, head.statusText, head.headers);
  res.end(body);
  return true;
}

function modelIdIn(body: Uint8Array): string | undefined {
  try {
    const answer: unknown = JSON.parse(Buffer.from(body).toString());
    if (typeof answer !== 'object' || answer === null || !('authorization_model_id' in answer))
      return undefined;
    const id = answer.authorization_model_id;
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}
