/** One call of an operator over HTTP: JSON in, JSON out, or line by line where the asker wants to hear of progress. */
import type { Request, Response } from 'express';
import type { AdminCall, CallResult } from '../plugin/endpoints.ts';

/** Whoever sends `Accept: application/x-ndjson` gets `{"progress": …}` lines and then one with `done` or `error`. */
export const LINES_TYPE = 'application/x-ndjson';

/** Throws what the call throws, unless the head of a line by line answer is out: then `failed` hears of it. */
export async function answerCall(
  call: AdminCall,
  request: Request,
  response: Response,
  failed?: (error: unknown) => void,
): Promise<void> {
  const left = new AbortController();
  response.on('close', () => left.abort());
  const lines = (request.headers.accept ?? '').includes(LINES_TYPE);
  if (lines) {
    response.setHeader('content-type', LINES_TYPE);
    response.flushHeaders();
  }
  const hide = request.app.get('json replacer') as (key: string, value: unknown) => unknown;
  const say = (line: object) => void (lines && response.write(`${JSON.stringify(line, hide)}\n`));
  try {
    const result = await call.run(request.body ?? {}, {
      signal: left.signal,
      progress: (progress) => say({ progress }),
    });
    if (lines) say(lineOf(result));
    else sendResult(response, result);
  } catch (error) {
    if (!lines) throw error;
    say({ error: 'The sidecar failed to answer; its log says why.', status: 500 });
    failed?.(error);
  } finally {
    if (lines) response.end();
  }
}

function sendResult(response: Response, result: CallResult): void {
  if ('refused' in result) response.status(result.status).json({ error: result.refused });
  else response.json(result.done);
}

function lineOf(result: CallResult): object {
  return 'refused' in result ? { error: result.refused, status: result.status } : { done: result.done };
}
