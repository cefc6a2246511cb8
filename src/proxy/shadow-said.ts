/** What an answer says, from either side, so that two can be compared: order of lists and words of errors left out. */
import type { Answer } from '../fga/answer.ts';
import type { FgaError } from '../fga/error.ts';
import type { Query } from '../fga/query.ts';
import type { AskedReply } from '../upstream/ask.ts';
import { renderAnswer } from './wire/render.ts';

export interface Said {
  /** Equal for equal answers. */
  readonly text: string;
  /** As it was said. */
  readonly answer: unknown;
}

/** The upstream cuts a list short at its deadline (3 s by default) without a word: a late list proves nothing. */
const LATE_LIST_MS = 2_000;

/** Undefined: nothing that could be compared. A stream is not asked twice. */
export function saidHere(
  outcome: { readonly answer: Answer } | { readonly error: FgaError } | object,
): Said | undefined {
  if ('error' in outcome) {
    const { error } = outcome;
    return error.number >= FIRST_FAULT ? undefined : { text: `error ${error.code}`, answer: error.toJSON() };
  }
  if (!('answer' in outcome) || outcome.answer.method === 'StreamedListObjects') return undefined;
  const answer: unknown = JSON.parse(renderAnswer(outcome.answer));
  return { text: ordered(answer), answer };
}

/** Faults of the server and throttling are no answers. */
const FIRST_FAULT = 3_500;

export function saidBy({ method }: Query, { status, body, tookMs }: AskedReply): Said | undefined {
  const isList = method === 'ListObjects' || method === 'ListUsers';
  if (isList && tookMs > LATE_LIST_MS) return undefined;
  if (status === 200) return body === undefined ? undefined : { text: ordered(body), answer: body };
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
  return status === 400 && typeof code === 'string' ? { text: `error ${code}`, answer: body } : undefined;
}

/** Members by name, lists by content; `message` and `resolution` are words for people. */
function ordered(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(ordered).sort().join()}]`;
  const members = Object.entries(value)
    .filter(([name]) => name !== 'message' && name !== 'resolution')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${ordered(inner)}`).join()}}`;
}
