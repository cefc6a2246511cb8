/** The upstream's JSON answer → Answer, for tiers that remember: only what can be said again exactly. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer, BatchCheckAnswer, ExpandNode, ListedUser } from '../../fga/answer.ts';
import type { QueryMethod } from '../../fga/query.ts';
import { renderAnswer } from './render.ts';

/** Undefined for every other form: an error among the items of a batch, a field that is not known, no JSON at all. */
export function readAnswer(method: QueryMethod, body: Uint8Array): Answer | undefined {
  const said = jsonOf(body);
  if (typeof said !== 'object' || said === null) return undefined;
  const answer = answerOf(method, said as Readonly<Record<string, unknown>>);
  return answer && isDeepStrictEqual(JSON.parse(renderAnswer(answer)), said) ? answer : undefined;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

/** What is read wrongly here renders otherwise than it came, and is not taken. */
function answerOf(method: QueryMethod, said: Readonly<Record<string, unknown>>): Answer | undefined {
  switch (method) {
    case 'Check':
      return typeof said.allowed === 'boolean' ? { method, allowed: said.allowed } : undefined;
    case 'BatchCheck':
      return batchAnswer(said.result);
    case 'ListObjects':
      return Array.isArray(said.objects) ? { method, objects: said.objects.map(String) } : undefined;
    case 'ListUsers':
      return Array.isArray(said.users) ? { method, users: said.users as ListedUser[] } : undefined;
    case 'Expand':
      return { method, root: (said.tree as { root: ExpandNode } | null | undefined)?.root as ExpandNode };
    case 'StreamedListObjects':
      return undefined;
  }
}

function batchAnswer(result: unknown): BatchCheckAnswer | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const items = Object.entries(result as Readonly<Record<string, { allowed?: unknown }>>).map(
    ([id, item]) => [id, { allowed: item.allowed === true }] as const,
  );
  return { method: 'BatchCheck', result: new Map(items) };
}
