/** Answer → HTTP body, in the shape of protojson with unpopulated fields emitted (contract sections 1.2, 1.6, 3.1, 3.4). */
import type { Answer, BatchCheckAnswer, ExpandAnswer, ListObjectsAnswer } from '../../fga/answer.ts';
import type { FgaError } from '../../fga/error.ts';
import type { QueryMethod } from '../../fga/query.ts';

export interface Rendered {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json';
const ALLOWED: Rendered = { status: 200, contentType: JSON_TYPE, body: '{"allowed":true,"resolution":""}' };
const DENIED: Rendered = { status: 200, contentType: JSON_TYPE, body: '{"allowed":false,"resolution":""}' };

/** Status, content type and body of an answer. */
export function renderOutcome(answer: Answer): Rendered {
  if (answer.method === 'Check') return answer.allowed ? ALLOWED : DENIED;
  // A stream without a line keeps the content type of the call behind the gateway (contract section 1.6).
  const silent = answer.method === 'StreamedListObjects' && answer.objects.length === 0;
  return { status: 200, contentType: silent ? 'application/grpc' : JSON_TYPE, body: renderAnswer(answer) };
}

/** Status, content type and body of an error; a stream has its own shape and its own status table. */
export function renderError(error: FgaError, method: QueryMethod): Rendered {
  if (method !== 'StreamedListObjects') {
    return { status: error.httpStatus, contentType: JSON_TYPE, body: `${JSON.stringify(error)}\n` };
  }
  const { code, status } = streamStatus(error);
  const line = { error: { code, message: error.message, details: [] } };
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify(line)}\n` };
}

export function renderAnswer(answer: Answer): string {
  switch (answer.method) {
    case 'Check':
      return answer.allowed ? ALLOWED.body : DENIED.body;
    case 'BatchCheck':
      return renderBatch(answer);
    case 'ListObjects':
      return JSON.stringify({ objects: answer.objects });
    case 'StreamedListObjects':
      return renderStream(answer).join('');
    case 'ListUsers':
      return JSON.stringify({ users: answer.users });
    case 'Expand':
      return renderTree(answer);
  }
}

/** NDJSON, one line for each object, each ending in `\n`; each is flushed on its own upstream. */
export function renderStream(answer: ListObjectsAnswer): string[] {
  return answer.objects.map((object) => `${JSON.stringify({ result: { object } })}\n`);
}

function renderBatch(answer: BatchCheckAnswer): string {
  const items: string[] = [];
  for (const [id, item] of answer.result) {
    const value = 'error' in item ? { error: batchError(item.error) } : { allowed: item.allowed };
    items.push(`${JSON.stringify(id)}:${JSON.stringify(value)}`);
  }
  return `{"result":{${items.join(',')}}}`;
}

/** An item's error names its code by class (contract section 3.4). */
function batchError(error: FgaError): object {
  const isInternal = error.number >= 4000 || error.number < 2000;
  return isInternal
    ? { internal_error: error.code, message: error.message }
    : { input_error: error.code, message: error.message };
}

/** `tupleToUserset` is camelCase in the protos; all other names have one word. */
function renderTree(answer: ExpandAnswer): string {
  return JSON.stringify({ tree: { root: answer.root } });
}

/** gRPC code of the error's number range, and the gateway's stock HTTP status for it (contract section 1.6). */
function streamStatus(error: FgaError): { code: number; status: number } {
  const { number } = error;
  if (error.code === 'unavailable') return { code: 14, status: 503 };
  if (error.code === 'Aborted') return { code: 10, status: 409 };
  if (number < 2000) return { code: 16, status: 401 };
  if (number < 3500) return { code: 3, status: 400 };
  if (number < 4000) return { code: 8, status: 429 };
  return number < 5000 ? { code: 13, status: 500 } : { code: 5, status: 404 };
}
