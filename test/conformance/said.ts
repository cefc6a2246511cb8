/** What was answered to a query, in one form whoever answered: order-free, code and message apart. */
import type { Outcome } from '../../src/fga/answer.ts';
import type { QueryMethod } from '../../src/fga/query.ts';
import { renderError, renderOutcome } from '../../src/proxy/wire/render.ts';

export type Said =
  /** A boolean for Check, sorted strings for lists, a plain tree for Expand, a record by correlation id for BatchCheck. */
  | { readonly answer: unknown }
  /** `code` is the name, or the gRPC number where a stream gives no more. */
  | { readonly error: { readonly code: string; readonly message: string } }
  | { readonly declined: string; readonly detail?: string };

/** Between the fields of a printed message Go puts one or two spaces, by the build: never the same words everywhere. */
export const SPACES_BY_BUILD = / {2}(?=[a-z_]+:)/g;

/** From an HTTP reply. */
export function saidOfReply(method: QueryMethod, reply: { status: number; body: string }): Said {
  const text = reply.body.replaceAll(SPACES_BY_BUILD, ' ');
  if (method === 'StreamedListObjects') return saidOfStream(text);
  const body = JSON.parse(text);
  if (reply.status >= 300) return { error: { code: body.code, message: body.message } };
  return { answer: plainAnswer(method, body) };
}

/** From an outcome of the engine, by way of the HTTP body that would be sent for it. */
export function saidOfOutcome(method: QueryMethod, outcome: Outcome): Said {
  if ('declined' in outcome)
    return { declined: outcome.declined, ...(outcome.detail && { detail: outcome.detail }) };
  const sent = 'error' in outcome ? renderError(outcome.error, method) : renderOutcome(outcome.answer);
  return saidOfReply(method, sent);
}

/** The objects before an error in the stream are forgotten: how many there are is chance. */
function saidOfStream(body: string): Said {
  const lines = body.split('\n').filter((line) => line !== '');
  const parsed = lines.map((line) => JSON.parse(line));
  const failed = parsed.find((line) => line.error !== undefined || line.code !== undefined);
  if (failed?.error) return { error: { code: `${failed.error.code}`, message: failed.error.message } };
  if (failed) return { error: { code: failed.code, message: failed.message } };
  return { answer: parsed.map((line) => line.result.object).sort() };
}

/** From the JSON of a unary answer. */
// biome-ignore lint/suspicious/noExplicitAny: the wire meets the word here; a wrong shape must fail the comparison
export function plainAnswer(method: QueryMethod, body: any): unknown {
  switch (method) {
    case 'Check':
      return body.allowed;
    case 'BatchCheck':
      return body.result;
    case 'ListObjects':
    case 'StreamedListObjects':
      return [...body.objects].sort();
    case 'ListUsers':
      return body.users.map(userText).sort();
    case 'Expand':
      return sortedTree(body.tree);
  }
}

interface WireUser {
  readonly object?: { readonly type: string; readonly id: string };
  readonly userset?: { readonly type: string; readonly id: string; readonly relation: string };
  readonly wildcard?: { readonly type: string };
}

function userText({ object, userset, wildcard }: WireUser): string {
  if (object) return `${object.type}:${object.id}`;
  if (userset) return `${userset.type}:${userset.id}#${userset.relation}`;
  return `${wildcard?.type}:*`;
}

/** Lists of a leaf are sets; the children of an operator are in the order of the model. */
function sortedTree(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sortedTree);
  const entries = Object.entries(value).map(([key, child]) => {
    const isSet = Array.isArray(child) && (key === 'users' || key === 'computed');
    return [key, isSet ? [...child].sort(byText) : sortedTree(child)];
  });
  return Object.fromEntries(entries);
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
